"""The message log: what was said and shown in the course of an experiment, as records and as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from xafs_workers.writers import html

if TYPE_CHECKING:
    from markupsafe import Markup

RAW, PAGE = "dossier/.rawlog", "dossier/messagelog.html"

Icon = Literal["message", "plot", "camera"]

LONGEST_TEXT = 10_000

MOST_SHOWN = 10_000
"""Lines on the page, the newest; five days of an experiment make two or three thousand."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the message log.

    Attributes
    ----------
    key
        Names the line for good; a line whose key is there already is not written again.
    time
        POSIX seconds.
    text
        What was said; the title where there is a picture.
    picture
        Name of a picture, relative to the proposal folder; '' for a text.
    rid
        Anchor, with a rule above; True: a rule alone; None: it goes on from the line before.
    link
        Name of a file that the line is about, relative to the proposal folder; '' for none.
    """

    key: str
    time: float
    text: str
    picture: str = ""
    rid: str | bool | None = None
    link: str = ""

    @property
    def icon(self) -> Icon:
        """What stands beside it: cameras take .jpg, everything else is a plot."""
        if not self.picture:
            return "message"
        return "camera" if self.picture.lower().endswith((".jpg", ".jpeg")) else "plot"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A line as the template takes it."""

    day: str
    clock: str
    text: Markup
    icon: Icon
    rule: bool
    anchor: str = ""
    picture: str = ""
    picture_name: str = ""
    link: str = ""
    link_name: str = ""


def record(entry: LogEntry) -> bytes:
    """Return an entry as a line of the raw log."""
    short = replace(entry, text=entry.text[:LONGEST_TEXT])
    return json.dumps(asdict(short), ensure_ascii=True, allow_nan=False).encode() + b"\n"


def entries(raw: bytes) -> Iterator[LogEntry | str]:
    """Yield the entries of a raw log, each key once; what stands there from an earlier program comes as its text."""
    foreign: list[str] = []
    seen: set[str] = set()
    for line in raw.decode("utf-8", "replace").split("\n"):
        entry = _entry(line)
        if entry is None:
            foreign.append(line)
            continue
        yield from _in_pieces(foreign)
        foreign.clear()
        if entry.key not in seen:
            seen.add(entry.key)
            yield entry
    yield from _in_pieces(foreign)


def _in_pieces(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines together, no piece much longer than a fragment may be."""
    piece: list[str] = []
    size = 0
    for line in (line for line in lines if line.strip()):
        if piece and size + len(line) > html.LONGEST_FRAGMENT:
            yield "\n".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line) + 1
    if piece:
        yield "\n".join(piece)


def _entry(line: str) -> LogEntry | None:
    """Return what a line records, None where it is no record of this program's."""
    if not line.startswith("{"):
        return None
    try:
        told: Mapping[str, Any] = json.loads(line)
        text, rid, moment = told["text"], told.get("rid"), float(told["time"])
        key, picture, link = told["key"], told.get("picture", ""), told.get("link", "")
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not (all(isinstance(part, str) for part in (text, key, picture, link)) and math.isfinite(moment)):
        return None
    return LogEntry(key, moment, text, picture, rid if isinstance(rid, str | bool) else None, link)


def is_recorded(raw: bytes, key: str) -> bool:
    """Tell whether a line with this key is in the raw log."""
    return json.dumps(key).encode() in raw and any(
        isinstance(entry, LogEntry) and entry.key == key for entry in entries(raw)
    )


def log_page(raw: bytes, exists: Callable[[str], bool], *, session: str, zone: tzinfo | None = None) -> bytes:
    """Return the page of a raw log.

    Parameters
    ----------
    exists
        Tells whether a file of the proposal folder, by its relative name, is there.
    """
    anchors: set[str] = set()
    days: list[tuple[str, list[Markup]]] = []
    told = list(entries(raw))
    for entry in told[-MOST_SHOWN:]:
        if isinstance(entry, str):
            day, line = "", _foreign(entry)
        else:
            shown = _shown(entry, exists, anchors, zone)
            day, line = shown.day, _line(shown)
        if not days or days[-1][0] != day:
            days.append((day, []))
        days[-1][1].append(line)
    earlier = max(0, len(told) - MOST_SHOWN)
    return html.page("messagelog.html.jinja", days=days, session=session, earlier=earlier)


def _shown(entry: LogEntry, exists: Callable[[str], bool], anchors: set[str], zone: tzinfo | None) -> _Shown:
    """Return a line for the template; of several lines with one anchor the first has it."""
    anchor = html.anchor(entry.rid)
    anchor = "" if anchor in anchors else anchor
    anchors.add(anchor)
    day, clock = _when(entry.time, zone)
    shown = (*_file(entry.picture, exists), *_file(entry.link, exists))
    return _Shown(day, clock, _chat(entry.text), entry.icon, bool(entry.rid), anchor, *shown)


def _file(relative: str, exists: Callable[[str], bool]) -> tuple[str, str]:
    """Return the address of a file, '' where it is not there, and its name."""
    parts = PurePosixPath(relative).parts
    safe = bool(parts) and ".." not in parts and parts[0] != "/"
    href = html.link("..", *parts) if safe and exists(relative) else ""
    return href, html.line(parts[-1]) if parts else ""


_chat = lru_cache(maxsize=20_000)(html.chat)


@lru_cache(maxsize=1_000)
def _foreign(text: str) -> Markup:
    return html.sanitised(text)


@lru_cache(maxsize=20_000)
def _line(shown: _Shown) -> Markup:
    """Return a line as it stands on the page; only what is new is made."""
    return html.fragment("messagelog_line.html.jinja", line=shown)


@lru_cache(maxsize=20_000)
def _when(seconds: float, zone: tzinfo | None) -> tuple[str, str]:
    try:
        moment = datetime.fromtimestamp(seconds, zone)
    except (ValueError, OverflowError, OSError):
        return "", ""
    return f"{moment:%A}, {moment.day} {moment:%B %Y}", f"{moment:%H:%M:%S}"
