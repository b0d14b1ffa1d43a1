"""Dossiers for tests: from folded sessions, into folders with the files that a page links."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier, build_dossier
from xafs_workers.writers.dossier_content import DossierSources

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
OPTIONAL = frozenset({"path", "use", "circle"})


class ParsedPage(HTMLParser):
    """A page taken apart; `problems` names what is not well formed or not allowed."""

    def __init__(self, content: bytes):
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.problems: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(content.decode("utf-8"))
        self.close()
        self.problems += [f"<{tag}> is never closed" for tag in self._open]
        self.problems += [f"id {name} twice" for name in set(self.ids) if self.ids.count(name) > 1]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID and tag not in OPTIONAL:
            self._open.append(tag)
        for name, value in attrs:
            if name.startswith("on") or tag in ("script", "iframe", "object", "embed", "base", "form"):
                self.problems.append(f"<{tag} {name}={value!r}>")
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.addresses.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in OPTIONAL:
            return
        if not self._open or self._open[-1] != tag:
            self.problems.append(f"</{tag}> while open: {self._open[-3:]}")
        elif self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.words.append(data)


def find_broken_links(path: Path) -> list[str]:
    """Return the addresses of a page on disk that lead nowhere, or out of the proposal folder."""
    page, broken = ParsedPage(path.read_bytes()), []
    root = path.parent.parent
    for address in page.addresses:
        parts = urlsplit(address)
        if address.startswith("data:,") or (not parts.path and parts.fragment in page.ids):
            continue
        target = (path.parent / unquote(parts.path)).resolve()
        if parts.scheme or parts.netloc or not target.is_relative_to(root) or not target.is_file():
            broken.append(address)
        elif parts.fragment and parts.fragment not in ParsedPage(target.read_bytes()).ids:
            broken.append(address)
    return broken


def build_board_sources(board: Board, folder: Path, number: int = 1, **changes: Any) -> DossierSources:
    """Return what the last dossier of a board is made of."""
    scan = [one for one in board.scans if one.kind == "dossier"][-1]
    dossier = build_dossier(scan)
    runs = [board.runs[uid] for uid in dossier.uids]
    return build_sources(
        dossier, folder, runs=runs, number=number, baseline=runs[0].baseline if runs else {}, **changes
    )


def build_sources(dossier: Dossier, folder: Path, **parts: Any) -> DossierSources:
    """Return what a dossier is made of, with the files of a folder."""
    given: Mapping[str, Any] = {"number": 1, "exists": lambda name: (folder / name).exists(), **parts}
    return DossierSources(dossier, **given)


def touch_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(PIXEL if name.endswith((".png", ".jpg")) else b"content\n")


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f0003030180"
    "5eb2d1a10000000049454e44ae426082"
)
