"""The message log: texts and pictures posted in the course of an experiment, as records and as a page."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from xafs_workers.writers import html

if TYPE_CHECKING:
    from markupsafe import Markup

RAW_LOG_PATH, LOG_PAGE_PATH = "dossier/.rawlog", "dossier/messagelog.html"

Icon = Literal["message", "plot", "camera"]

MAX_TEXT_LENGTH = 10_000

MAX_PAGE_LINES = 10_000
"""Lines on the page, the newest; five days of an experiment make two or three thousand."""


MAX_LOOKED_FOR = 50
"""Number of lines whose files are looked for again when a line is added, the newest with an absent file."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the message log.

    Attributes
    ----------
    key
        Permanent name of the line; a line whose key exists already is not written again.
    time
        POSIX seconds.
    text
        Text of the message; the title where there is a picture.
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
        """Kind of the picture beside it: cameras take .jpg, everything else is a plot."""
        if not self.picture:
            return "message"
        return "camera" if self.picture.lower().endswith((".jpg", ".jpeg")) else "plot"


@dataclass(frozen=True, slots=True)
class _TemplateLine:
    """A line as the template takes it."""

    day: str
    clock: str
    text: Markup
    icon: Icon
    has_rule: bool
    anchor: str = ""
    picture: str = ""
    picture_name: str = ""
    link: str = ""
    link_name: str = ""


def encode_entry(entry: LogEntry) -> bytes:
    """Return an entry as a line of the raw log."""
    short = replace(entry, text=entry.text[:MAX_TEXT_LENGTH])
    return json.dumps(asdict(short), ensure_ascii=True, allow_nan=False).encode() + b"\n"


def parse_entries(raw: bytes) -> Iterator[LogEntry | str]:
    """Yield the entries of a raw log, each key once; a line of an earlier program comes as its text."""
    foreign: list[str] = []
    seen: set[str] = set()
    for line in raw.decode("utf-8", "replace").split("\n"):
        entry = _parse_entry(line)
        if entry is None:
            foreign.append(line)
            continue
        yield from _split_pieces(foreign)
        foreign.clear()
        if entry.key not in seen:
            seen.add(entry.key)
            yield entry
    yield from _split_pieces(foreign)


def _split_pieces(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines together, no piece much longer than a fragment may be."""
    piece: list[str] = []
    size = 0
    for line in (line for line in lines if line.strip()):
        if piece and size + len(line) > html.MAX_FRAGMENT_LENGTH:
            yield "\n".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line) + 1
    if piece:
        yield "\n".join(piece)


def _parse_entry(line: str) -> LogEntry | None:
    """Parse a line of the log file; None for a line that this program did not write."""
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


class LogPage:
    """Page of a message log that parses and renders only the lines that are new.

    Lines are shown in the order of their times. A file that a line is about is looked for again as long as it is
    absent and the line is one of the newest.
    """

    def __init__(self, session: str, zone: tzinfo | None = None):
        self._session, self._zone = session, zone
        # Paths on the server say nothing to a group: those into its folder are shown as names within it.
        self._folder = re.compile(rf"(?<![^\s\"'(])/\S*?/{re.escape(session)}/")
        self._raw = b""
        self._told: list[LogEntry | str] = []
        self._keys: set[str] = set()
        self._lines: list[tuple[str, Markup]] = []
        self._anchors: dict[str, int] = {}
        self._absent: list[int] = []

    def update(self, raw: bytes) -> None:
        """Read what the raw log contains beyond what is known; a log that was changed is read from its beginning."""
        grows = not self._raw or (raw.startswith(self._raw) and self._ends_with_entry())
        if not grows:
            self._raw, self._told, self._keys = b"", [], set()
            self._lines, self._anchors, self._absent = [], {}, []
        for entry in parse_entries(raw[len(self._raw) :]):
            if isinstance(entry, str):
                self._told.append(entry)
            elif entry.key not in self._keys:
                self._keys.add(entry.key)
                self._told.append(entry)
        self._raw = raw

    def _ends_with_entry(self) -> bool:
        return self._raw.endswith(b"\n") and bool(self._told) and isinstance(self._told[-1], LogEntry)

    def has_entry(self, key: str) -> bool:
        """Check whether a line with this key is in the log."""
        return key in self._keys

    def render(self, exists: Callable[[str], bool]) -> bytes:
        """Return the page; see `render_log_page`."""
        earlier = max(0, len(self._told) - MAX_PAGE_LINES)
        if earlier:  # other lines are the first with their anchors
            self._lines, self._anchors, self._absent = [], {}, []
        shown = self._told[earlier:]
        again, self._absent = self._absent[-MAX_LOOKED_FOR:], []
        for place in (*again, *range(len(self._lines), len(shown))):
            line = self._render_entry(place, shown[place], exists)
            self._lines[place : place + 1] = [line]
        days: list[tuple[str, list[Markup]]] = []
        for place in _sort_by_time(shown):
            day, line = self._lines[place]
            if not days or days[-1][0] != day:
                days.append((day, []))
            days[-1][1].append(line)
        joined = [(day, html.join_lines(lines)) for day, lines in days]
        return html.render_page("messagelog.html.jinja", days=joined, session=self._session, earlier=earlier)

    def _render_entry(self, place: int, entry: LogEntry | str, exists: Callable[[str], bool]) -> tuple[str, Markup]:
        """Return the day and the HTML of a line; of several lines with one anchor the first has it."""
        if isinstance(entry, str):
            return "", _sanitize_foreign(entry)
        anchor = html.to_anchor(entry.rid)
        has_anchor = self._anchors.setdefault(anchor, place) == place
        entry = replace(entry, text=self._folder.sub("", entry.text))
        shown = _build_template_line(entry, exists, anchor if has_anchor else "", self._zone)
        if (entry.picture and not shown.picture) or (entry.link and not shown.link):
            self._absent.append(place)
        return shown.day, _render_line(shown)


def render_log_page(raw: bytes, exists: Callable[[str], bool], *, session: str, zone: tzinfo | None = None) -> bytes:
    """Return the page of a raw log.

    Parameters
    ----------
    exists
        Checks whether a file of the proposal folder, by its relative name, exists.
    """
    page = LogPage(session, zone)
    page.update(raw)
    return page.render(exists)


def _sort_by_time(entries: Sequence[LogEntry | str]) -> list[int]:
    """Return the places of lines in the order of their times; one without a time stays behind the line before it.

    A line that waited for a file is appended after later ones.
    """
    times: list[float] = []
    for entry in entries:
        times.append(entry.time if isinstance(entry, LogEntry) else times[-1] if times else -math.inf)
    return sorted(range(len(entries)), key=times.__getitem__)


def _build_template_line(
    entry: LogEntry, exists: Callable[[str], bool], anchor: str, zone: tzinfo | None
) -> _TemplateLine:
    """Return a line for the template."""
    day, clock = _format_time(entry.time, zone)
    shown = (*_build_file_link(entry.picture, exists), *_build_file_link(entry.link, exists))
    return _TemplateLine(day, clock, _format_chat(entry.text), entry.icon, bool(entry.rid), anchor, *shown)


def _build_file_link(relative: str, exists: Callable[[str], bool]) -> tuple[str, str]:
    """Return the address of a file, '' where it is not there, and its name."""
    parts = PurePosixPath(relative).parts
    safe = bool(parts) and ".." not in parts and parts[0] != "/"
    href = html.build_link("..", *parts) if safe and exists(relative) else ""
    return href, html.format_line(parts[-1]) if parts else ""


_format_chat = lru_cache(maxsize=20_000)(html.format_chat)


@lru_cache(maxsize=1_000)
def _sanitize_foreign(text: str) -> Markup:
    return html.sanitize_fragment(text)


@lru_cache(maxsize=20_000)
def _render_line(shown: _TemplateLine) -> Markup:
    """Return the HTML of a line of the page; only new lines are rendered."""
    return html.render_fragment("messagelog_line.html.jinja", line=shown)


@lru_cache(maxsize=20_000)
def _format_time(seconds: float, zone: tzinfo | None) -> tuple[str, str]:
    try:
        moment = datetime.fromtimestamp(seconds, zone)
    except (ValueError, OverflowError, OSError):
        return "", ""
    return f"{moment:%A}, {moment.day} {moment:%B %Y}", f"{moment:%H:%M:%S}"
