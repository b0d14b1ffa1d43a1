"""Texts and files of a replayed session, in a form that can be compared with those of another replay.

Differences that are none are removed here, and only here:

* times, which are those of the session and so shifted by the moment of the replay: they become seconds since it began;
* paths and topics, which contain the name of the replay;
* the same time in the caption of a picture: the pixels below the panels are not compared, but the caption's text is,
  which the file contains too;
* in the key of a line of the log, cluster, topic, partition and offset of its record; its time is compared;
* the order of lines in logs and indexes, which is the order of writing: a message that waits delays no other.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from xafs_workers.render.matplotlib.scene import compute_caption_height
from xafs_workers.render.matplotlib.style import Style

Results = dict[str, str]
"""Texts by subject: a file, an answer, the posts."""

UNORDERED = frozenset({".rawlog", "MANIFEST", "00INDEX.html", "messagelog.html", "file_manager.log"})
"""Files whose lines are in the order of writing."""
ORDER_NUMBER = re.compile(r'(class="place quiet number">)\d+')
"""Number of a line of the index."""

WIDTH = 240
"""Longest part of a line that is shown."""

_TIMES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], float]], ...] = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?"), lambda found: _read_iso(found[0])),
    (re.compile(r"\b\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\b"), lambda found: _read_mat(found[0])),
    (re.compile(r"(?<![\d.])1[78]\d{8}\.\d+\b"), lambda found: float(found[0])),
    (re.compile(r"(?<![\d.])1[78]\d{11}\b"), lambda found: int(found[0]) / 1000),
)
_CLOCK = re.compile(r"(?<=<time>)(\d\d):(\d\d):(\d\d)(?=</time>)")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")
_DAY = re.compile(r"\b[A-Z][a-z]+day, \d{1,2} [A-Z][a-z]+ \d{4}\b")
_POSITION = re.compile(r'"key": "[^/]*/[^/]*/\d+/\d+/')


class Normalizer:
    """Removes what belongs to one replay from texts.

    Parameters
    ----------
    root, name
        Proposals root and name of the replay.
    began
        POSIX time of the beginning of the replay, whole seconds.
    mask_times
        True: no time is compared, for replays in which clocks differ.
    """

    def __init__(self, root: Path, name: str, began: float, *, mask_times: bool = False):
        self._root, self._name, self._began, self._mask = str(root), name, began, mask_times

    def __call__(self, text: str) -> str:
        """Return the text without paths, topics and times of the replay."""
        text = _POSITION.sub('"key": "', text).replace(self._root, "<root>").replace(self._name, "<name>")
        for pattern, read in _TIMES:
            text = pattern.sub(lambda found, read=read: self._format(read(found)), text)
        return _DAY.sub("<date>", _DATE.sub("<date>", _CLOCK.sub(self._format_clock, text)))

    def normalize_file(self, path: Path) -> str:
        """Return the content of a file as a text; of a binary file the checksum."""
        content = path.read_bytes()
        if path.suffix == ".prj":
            content = gzip.decompress(content)
        if path.suffix == ".png":
            return self.normalize_picture(content)
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                return "\n".join(f"{name}: {self(book.read(name).decode())}" for name in book.namelist())
        if path.suffix == ".mat":
            return f"{self(content[:124].decode('latin-1'))} {hashlib.sha256(content[124:]).hexdigest()}"
        try:
            text = self(content.decode("utf-8"))
        except UnicodeDecodeError:
            return hashlib.sha256(content).hexdigest()
        if path.name in UNORDERED:
            return "\n".join(sorted(ORDER_NUMBER.sub(r"\1#", text).splitlines()))
        return text

    def normalize_picture(self, content: bytes) -> str:
        """Return the caption of a picture (PNG), and the checksum of its pixels without the caption's."""
        caption, rest = split_caption(content)
        return f"{self(caption)} {rest}"

    def _format(self, moment: float) -> str:
        return "<time>" if self._mask else f"<{moment - self._began:.3f} s>"

    def _format_clock(self, found: re.Match[str]) -> str:
        day = datetime.fromtimestamp(self._began, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        seconds = 3600 * int(found[1]) + 60 * int(found[2]) + int(found[3])
        moment = day + seconds + (86_400 if day + seconds < self._began - 60 else 0)
        return self._format(moment)


def split_caption(content: bytes) -> tuple[str, str]:
    """Return the caption of a picture (PNG), and shape and checksum of its pixels without the caption's."""
    with Image.open(io.BytesIO(content)) as picture:
        caption, dots_per_inch = picture.info.get("Description", ""), picture.info.get("dpi", (120.0, 120.0))[0]
        pixels = np.array(picture.convert("RGBA"))
    if caption:
        height, width = (length / dots_per_inch for length in pixels.shape[:2])
        strip = compute_caption_height(Style().compute_sizes(width, height))
        pixels = pixels[: -math.ceil(strip * dots_per_inch / 72.0)]
    return caption, f"{pixels.shape} {hashlib.sha256(pixels.tobytes()).hexdigest()}"


def _read_iso(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _read_mat(text: str) -> float:
    return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).timestamp()


def list_differences(expected: Results, found: Results) -> list[str]:
    """Return a line for each subject that differs: what was expected and what was found."""
    lines = []
    for subject in sorted(expected.keys() | found.keys()):
        one, other = expected.get(subject), found.get(subject)
        if one == other:
            continue
        if one is None or other is None:
            lines.append(f"{subject}: {'not there' if other is None else 'not expected'}")
            continue
        less, more = (Counter(text.splitlines()) for text in (one, other))
        lines.append(f"{subject}:")
        missing, new = list((less - more).elements()), list((more - less).elements())
        begin = _find_first_difference(missing[0], new[0]) if missing and new else 0
        lines += [f"    expected {line[begin : begin + WIDTH]}" for line in missing[:4]]
        lines += [f"    found    {line[begin : begin + WIDTH]}" for line in new[:4]]
    return lines


def _find_first_difference(one: str, other: str) -> int:
    """Return a place shortly before the first difference of long lines, 0 in short ones."""
    if max(len(one), len(other)) <= WIDTH:
        return 0
    same = next((place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), 0)
    return max(0, same - WIDTH // 3)
