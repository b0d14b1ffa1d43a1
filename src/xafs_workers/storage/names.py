"""Names of files in a proposal folder."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PICTURE = re.compile(r"\.(png|pdf|svg)\Z", re.IGNORECASE)


def picture_name(name: str) -> str:
    """Return a picture's name; one without .png, .pdf or .svg gets .png."""
    return name if _PICTURE.search(name) else f"{name}.png"


def with_form(name: str, form: str) -> str:
    """Return a picture's name in another form: ``a.png`` as ``a.pdf``."""
    return f"{_PICTURE.sub('', name)}.{form}"


def form_of(name: str) -> str:
    """Return ``png``, ``pdf`` or ``svg``."""
    match = _PICTURE.search(name)
    return match[1].lower() if match else "png"


def numbered(name: str, number: int) -> str:
    """Return a name with the sequence number before its suffix: ``a.png`` as ``a_07.png``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}_{number:02d}{dot}{suffix}" if dot else f"{name}_{number:02d}"


def suffixed(name: str, suffix: str) -> str:
    """Return a name with more before its suffix: ``a_07.png`` as ``a_07_after3.png``."""
    stem, dot, last = name.rpartition(".")
    return f"{stem}{suffix}{dot}{last}" if dot else f"{name}{suffix}"


def numbers_used(names: Iterable[str], before: str, after: str) -> set[int]:
    """Return the numbers between `before` and `after` in those names that have both; other names are ignored."""
    found = (
        name[len(before) : len(name) - len(after)]
        for name in names
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
    )
    return {int(digits) for digits in found if digits.isascii() and digits.isdigit() and len(digits) < 10}


def next_index(names: Iterable[str], stub: str) -> int:
    """Return 1 + the largest numeric extension of ``stub.NNN``, 1 where there is none."""
    return 1 + max(numbers_used(names, f"{stub}.", ""), default=0)
