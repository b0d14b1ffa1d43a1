"""Layout of user-written text: it is made safe to draw, measured, and fitted into the available width.

No text is interpreted as mathematics: pass ``**PLAIN_TEXT`` to the artist that draws it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, get_font

from xafs_workers.render.matplotlib.style import FONT

PLAIN_TEXT: dict[str, Any] = {"parse_math": False, "usetex": False, "family": FONT}
LINE_HEIGHT = 1.25  # ems
ELLIPSIS = "…"

_MISSING_GLYPH = "□"
_MAX_CHARACTERS = 400  # the middle of a longer text is dropped before it is measured
_MEASURING_SIZE = 64.0  # points; so large that hinting has no effect


def sanitize(text: str) -> str:
    """Return `text` on one line, without control characters, with a box for each character the font does not have."""
    if len(text) > _MAX_CHARACTERS:
        text = text[: _MAX_CHARACTERS // 2] + ELLIPSIS + text[-_MAX_CHARACTERS // 2 :]
    return "".join(_replace_undrawable(letter) for letter in text).strip()


def _replace_undrawable(letter: str) -> str:
    if letter.isspace():
        return " "
    category = unicodedata.category(letter)
    if category in ("Cc", "Cf"):
        return ""
    return letter if ord(letter) in _load_charmap() else _MISSING_GLYPH


@lru_cache(maxsize=1)
def _load_charmap() -> frozenset[int]:
    return frozenset(get_font(_find_font_path()).get_charmap())


@lru_cache(maxsize=1)
def _find_font_path() -> str:
    return findfont(FontProperties(family=FONT))


@lru_cache(maxsize=4096)
def _measure_ems(text: str) -> float:
    font = get_font(_find_font_path())
    font.set_size(_MEASURING_SIZE, 72)
    font.set_text(text, 0.0)
    return font.get_width_height()[0] / 64.0 / _MEASURING_SIZE


def measure_width(text: str, size: float) -> float:
    """Return the width of one sanitized line at font size `size`, both in points."""
    return _measure_ems(text) * size if text else 0.0


def fit_text(text: str, room: float, size: float, *, lines: int = 1) -> str:
    """Return `text` sanitized and broken into at most `lines` lines no wider than `room` points.

    A text that is too long loses its middle, because names of files and scans differ at their ends.
    """
    found = _wrap_text(sanitize(text), room, size)
    if len(found) > lines:
        found = [*found[: lines - 1], _truncate_middle("".join(found[lines - 1 :]), room, size)]
    return "\n".join(row.strip() for row in found)


def is_whole(text: str, room: float, size: float, *, lines: int = 1) -> bool:
    """Check whether a text fits into at most `lines` lines no wider than `room` points, with no word broken."""
    whole = sanitize(text)
    return fit_text(text, room, size, lines=lines).split() == whole.split()


def count_rows(text: str) -> int:
    """Return the number of lines of a fitted text."""
    return text.count("\n") + 1 if text else 0


def _wrap_text(text: str, room: float, size: float) -> list[str]:
    if measure_width(text, size) <= room:  # the usual case, measured once and not word by word
        return [text]
    found = [""]
    for word in _split_words(text, room, size):
        if found[-1] and measure_width((found[-1] + word).rstrip(), size) > room:
            found.append("")
        found[-1] += word
    return found


def _split_words(text: str, room: float, size: float) -> list[str]:
    """Split a text after spaces; a word wider than `room` is split where the room ends."""
    pieces: list[str] = []
    for word in text.split(" "):
        rest = word
        while len(rest) > 1 and measure_width(rest, size) > room:
            cut = max(_find_longest_fit(lambda n, rest=rest: rest[:n], len(rest), room, size), 1)
            pieces.append(rest[:cut])
            rest = rest[cut:]
        pieces.append(rest + " ")
    return pieces


def _truncate_middle(text: str, room: float, size: float) -> str:
    def truncate_to(count: int) -> str:
        tail = count // 2
        return text[: count - tail].rstrip() + ELLIPSIS + text[len(text) - tail :].lstrip()

    text = text.strip()
    if measure_width(text, size) <= room:
        return text
    return truncate_to(_find_longest_fit(truncate_to, len(text) - 1, room, size))


def _find_longest_fit(build_text: Any, most: int, room: float, size: float) -> int:
    """Return the largest count for which `build_text(count)` fits into `room`, by bisection."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if measure_width(build_text(middle), size) <= room:
            low = middle
        else:
            high = middle - 1
    return low
