"""Pages in a real browser: what they ask for, what they complain of, how they look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Request, Response

LOCAL = (
    "file:",
    "data:",
    "blob:",
    "about:",
    "http://127.0.0.1",
    "http://localhost",
    "ws://127.0.0.1",
    "ws://localhost",
)

Scheme = Literal["light", "dark"]


class Tab:
    """One page in a context of its own.

    Parameters
    ----------
    address
        ``file://...``, or of a server on this computer.
    scheme
        What the reader's system prefers.
    size
        Width and height of the window, pixels.
    zoom
        Pixels of the screen for one of the page, as where a user zooms the browser.
    allowed
        Beginnings of addresses that the page may ask for.

    Attributes
    ----------
    asked
        Every address that the page asked for.
    complaints
        Errors and warnings on the console, exceptions, requests that failed or that were not allowed.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        scheme: Scheme = "light",
        size: tuple[int, int] = (1280, 900),
        zoom: float = 1.0,
        allowed: tuple[str, ...] = LOCAL,
    ):
        self.requested_urls: list[str] = []
        self.complaints: list[str] = []
        self._allowed = allowed
        width, height = size
        viewport = {"width": round(width / zoom), "height": round(height / zoom)}
        self._context = browser.new_context(color_scheme=scheme, viewport=viewport, device_scale_factor=zoom)
        self.page = self._context.new_page()
        self.page.on("request", self._note_request)
        self.page.on("requestfailed", self._note_failure)
        self.page.on("response", self._note_response)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.goto(address, wait_until="load")

    def save_screenshot(self, path: Path, *, whole: bool = True) -> Path:
        """Save what the page looks like: all of it, or what fits into the window."""
        self.page.screenshot(path=str(path), full_page=whole)
        return path

    def save_pdf(self, path: Path) -> Path:
        """Save the page as it is printed, A4."""
        self.page.pdf(path=str(path), format="A4", print_background=True)
        return path

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window: 0 where nothing must be scrolled sideways."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def close(self) -> None:
        """Close the page."""
        self._context.close()

    def _note_request(self, request: Request) -> None:
        self.requested_urls.append(request.url)
        if not request.url.startswith(self._allowed):
            self.complaints.append(f"asked for {request.url}")

    def _note_failure(self, request: Request) -> None:
        self.complaints.append(f"request failed: {request.url} ({request.failure})")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} of {response.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")
