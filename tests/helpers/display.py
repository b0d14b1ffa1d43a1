"""A display of its own with a window manager, and a person at its mouse and keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from helpers import patience
from helpers.processes import wait_until

PROGRAMS = ("Xvfb", "openbox", "xdotool")
SIZE = (1600, 1100)

PixelPosition = tuple[int, int]
"""In a window, pixels."""

# A line to type into, as any other program has one; the text is kept in a file.
EDITOR = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QLineEdit
application = QApplication([])
line = QLineEdit()
line.setWindowTitle("another program")
path = Path(sys.argv[1])
line.textChanged.connect(lambda text: path.write_text(text))
line.setGeometry(20, 900, 400, 60)
line.show()
application.exec()
"""


def list_missing_programs() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Display:
    """Xvfb and openbox.

    Attributes
    ----------
    environment
        Of programs that are to be shown there.
    """

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        read, write = os.pipe()
        # By default the server resets when its last client leaves, and a window manager that connects then is lost.
        command = [
            *("Xvfb", "-displayfd", str(write), "-noreset", "-nolisten", "tcp"),
            *("-screen", "0", f"{size[0]}x{size[1]}x24"),
        ]
        self._processes = [_start_quietly(command, pass_fds=(write,))]
        os.close(write)
        with os.fdopen(read) as stream:
            self.name = f":{stream.readline().strip()}"
        self.environment = {**os.environ, "DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb"}
        self.environment.pop("WAYLAND_DISPLAY", None)
        self._editor: subprocess.Popen[Any] | None = None
        self._processes.append(_start_quietly(["openbox"], env=self.environment))
        try:
            wait_until(lambda: self.run_xdotool("get_num_desktops") is not None, "the window manager")
        except BaseException:
            self.close()  # processes that are left would fail a later test
            raise

    def run_xdotool(self, *words: str) -> str | None:
        """Return the output of xdotool, None where it finds nothing."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience.SECONDS,
        )
        return done.stdout.strip() if done.returncode == 0 else None

    def set_monitors(self, widths: dict[str, int], height: int) -> None:
        """Divide the screen into monitors side by side, the first of which is the main one."""
        output = self._run("xrandr", "--listmonitors").split()[-1]  # the first monitor takes that of the whole screen
        left = 0
        for name, width in widths.items():
            place = f"{width}/{width}x{height}/{height}+{left}+0"
            self._run("xrandr", "--setmonitor", name, place, "none" if left else output)
            left += width

    def remove_monitor(self, name: str) -> None:
        self._run("xrandr", "--delmonitor", name)

    def _run(self, *command: str) -> str:
        options: dict[str, Any] = {"env": self.environment, "check": True, "timeout": patience.SECONDS}
        return subprocess.run(command, capture_output=True, text=True, **options).stdout

    def find_windows(self, name: str) -> list[str]:
        """Return the ids of the windows on show with this name."""
        found = self.run_xdotool("search", "--onlyvisible", "--name", f"^{name}$")
        return found.split() if found else []

    def wait_for_window(self, name: str) -> str:
        """Wait for a window."""
        wait_until(lambda: bool(self.find_windows(name)), f"the window {name}")
        return self.find_windows(name)[0]

    def measure_window(self, window: str) -> tuple[int, int]:
        """Return width and height of a window, pixels."""
        return self._read_geometry(window)[2:]

    def locate_window(self, window: str) -> PixelPosition:
        """Return the middle of a window on the screen."""
        left, top, width, height = self._read_geometry(window)
        return left + width // 2, top + height // 2

    def _read_geometry(self, window: str) -> tuple[int, int, int, int]:
        """Return left, top, width and height of a window, pixels."""
        output = self.run_xdotool("getwindowgeometry", "--shell", window) or ""
        found = dict(line.split("=") for line in output.splitlines())
        return int(found["X"]), int(found["Y"]), int(found["WIDTH"]), int(found["HEIGHT"])

    def find_active_window(self) -> str | None:
        """Return the window that has the keyboard."""
        return self.run_xdotool("getactivewindow")

    def open_editor(self, text: Path) -> str:
        """Start another program with a line to type into; return its window, which has the keyboard."""
        text.write_text("")
        self._editor = _start_quietly([sys.executable, "-c", EDITOR, str(text)], env=self.environment)
        window = self.wait_for_window("another program")
        self.run_xdotool("windowactivate", "--sync", window)
        wait_until(lambda: self.find_active_window() == window, "the other program to have the keyboard")
        return window

    def close_editor(self) -> None:
        if self._editor is not None:
            self._editor.terminate()
            self._editor.wait(patience.SECONDS)
            self._editor = None

    def click(self, window: str, at: PixelPosition, *, times: int = 1) -> None:
        """Click at a place in a window."""
        self.run_xdotool(*_build_move_command(window, at), *["click", "1"] * times)

    def drag(self, window: str, begin: PixelPosition, end: PixelPosition) -> None:
        middle = ((begin[0] + end[0]) // 2, (begin[1] + end[1]) // 2)
        self.run_xdotool(
            *_build_move_command(window, begin),
            "mousedown",
            "1",
            *_build_move_command(window, middle),
            *_build_move_command(window, end),
            "mouseup",
            "1",
        )

    def take_screenshot(self) -> Any:
        """Return all that is on show."""
        from PIL import ImageGrab

        return ImageGrab.grab(xdisplay=self.name)

    def close(self) -> None:
        self.close_editor()
        for process in reversed(self._processes):
            process.terminate()
            process.wait(patience.SECONDS)


def _build_move_command(window: str, at: PixelPosition) -> list[str]:
    return ["mousemove", "--window", window, str(at[0]), str(at[1])]


def _start_quietly(command: list[str], **how: Any) -> subprocess.Popen[Any]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
