"""What the names of data keys suggest: ion chambers, dwell times, energies, channels of detectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

ROLE_WORDS: dict[str, tuple[str, ...]] = {
    "i0": ("i0", "io", "mon", "monitor"),
    "it": ("it", "i1", "trans"),
    "ir": ("ir", "iref", "i2", "ref"),
    "iy": ("iy", "tey", "pips", "yield", "fb*"),
}
"""Whole words that name a signal, the most usual first; * is any text."""

ROLE_MEANINGS = {
    "i0": "before the sample",
    "it": "behind the sample",
    "ir": "behind the reference",
    "iy": "electron yield",
}

DWELL_NAME = re.compile(r"time|dwell|exposure|elapsed|duration", re.IGNORECASE)

ENERGY_WORDS = frozenset({"energy", "energies", "en", "hv", "e"})

ANGLE_WORDS = frozenset({"bragg", "theta", "th"})

REGION_WORDS = frozenset({"roi", "mcaroi", "stats", "r", "region"})
"""Words before a number that count regions of interest, not channels."""

CHANNEL_WORDS = frozenset({"channel", "chan", "ch", "element", "elem", "el", "det", "detector", "sdd", "x"})

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?P<letters>[A-Za-z]*)[-_ ]?(?P<number>\d+)")


SETPOINT = re.compile(r"set_?point", re.IGNORECASE)


def is_setpoint(key: str) -> bool:
    """Check whether a data key is a setpoint, which is no reading."""
    return SETPOINT.search(key) is not None


@dataclass(frozen=True, slots=True)
class RoleMatch:
    """A data key whose name contains the word of a role.

    Attributes
    ----------
    rank
        Place of the word in `ROLE_WORDS`.
    beginning, ending
        Text before and after the word, in small letters.
    """

    key: str
    rank: int
    beginning: str
    ending: str


def list_words(key: str) -> tuple[str, ...]:
    """List the words of a data key, in small letters."""
    return tuple(word.lower() for word in _WORD.findall(key))


def match_role(key: str, role: str) -> RoleMatch | None:
    """Match a data key with the words of a role; None if it has none of them."""
    for found in _WORD.finditer(key):
        word = found[0].lower()
        for rank, pattern in enumerate(ROLE_WORDS[role]):
            if fnmatchcase(word, pattern):
                return RoleMatch(key, rank, key[: found.start()].lower(), key[found.end() :].lower())
    return None


@dataclass(frozen=True, slots=True)
class NumberedKey:
    """A data key with one of its numbers taken as that of a channel.

    Attributes
    ----------
    pattern
        The key with `{channel}` in place of the number; `{channel:02d}` where numbers are padded with zeros.
    is_named
        Whether a word such as `channel` is before the number.
    """

    key: str
    pattern: str
    number: int
    is_named: bool


def list_numberings(key: str, element: str = "") -> tuple[NumberedKey, ...]:
    """List the ways in which a number of a data key may be that of a channel; numbers of regions are none.

    Parameters
    ----------
    element
        Symbol of the element; where the key contains it as a word, the pattern has `{element}` in its place.
    """
    found: list[NumberedKey] = []
    for match in _NUMBER.finditer(key):
        letters = match["letters"]
        if letters.lower() in REGION_WORDS:
            continue
        digits = match["number"]
        field = f"{{channel:0{len(digits)}d}}" if digits.startswith("0") and len(digits) > 1 else "{channel}"
        before, after = key[: match.start("number")], key[match.end("number") :]
        pattern = _mark_element(before, element) + field + _mark_element(after, element)
        is_named = letters.lower() in CHANNEL_WORDS or (bool(element) and letters == element)
        found.append(NumberedKey(key, pattern, int(digits), is_named))
    return tuple(found)


def _mark_element(text: str, element: str) -> str:
    """Replace an element's symbol, where it is a word of its own, by `{element}`."""
    escaped = text.replace("{", "{{").replace("}", "}}")
    if not element:
        return escaped
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(element)}(?![A-Za-z0-9])", "{element}", escaped)
