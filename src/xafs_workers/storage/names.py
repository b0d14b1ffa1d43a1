"""File names: pictures, numbered series, time stamps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from xafs_workers.storage.errors import Refused, quote_value

PICTURE_SUFFIXES = (".png", ".pdf", ".svg")
_SUFFIXED = re.compile(
    r"(?P<stem>.+)(?P<suffix>\.(?:png|pdf|svg|jpe?g|prj|html|xlsx|mat|xrf))", re.IGNORECASE | re.DOTALL
)
_TEXT_SUFFIXED = re.compile(r"(?P<stem>.+)(?P<suffix>\.(?:xdi|txt|dat|pptx))", re.IGNORECASE | re.DOTALL)
_TIME = "%Y-%m-%dT%H-%M-%S"


def ensure_picture_suffix(name: str) -> str:
    """Add `.png` to a picture's name unless it ends in .png, .pdf or .svg (upper or lower case)."""
    if not name or name.endswith("/"):
        raise Refused(f"name {quote_value(name)} (expected the name of a picture)")
    return name if name.lower().endswith(PICTURE_SUFFIXES) else f"{name}.png"


def parse_picture_form(name: str) -> str:
    """Return the form of a picture from its suffix: `png`, `pdf` or `svg`; `png` without a known suffix."""
    ending = name[-4:].lower()
    return ending[1:] if ending in PICTURE_SUFFIXES else "png"


def replace_picture_form(name: str, form: str) -> str:
    """Replace the suffix of a picture's name: `a.png` becomes `a.pdf`."""
    return f"{name[:-4] if name.lower().endswith(PICTURE_SUFFIXES) else name}.{form}"


def add_number(name: str, number: int, *, separator: str = "_") -> str:
    """Insert a number of at least two digits before the suffix: `stub_liveplot_07.png`.

    Only suffixes that this program writes count; the end of `sample.001` is not a suffix.
    """
    if number < 0:
        raise ValueError(f"number of {quote_value(name)}: got {number} (expected 0 or more)")
    return insert_before_suffix(name, f"{separator}{number:02d}")


def add_copy_number(name: str, number: int) -> str:
    """Insert the number of a copy before the ending of a data file or report: `film(1).xdi`; 0 is the name itself."""
    if not number:
        return name
    found = _TEXT_SUFFIXED.fullmatch(name)
    stem, suffix = (found["stem"], found["suffix"]) if found else (name, "")
    return f"{stem}({number}){suffix}"


def insert_before_suffix(name: str, more: str) -> str:
    """Insert text before the suffix: `stub_07.png` becomes `stub_07_after3.png`; suffixes as in `add_number`."""
    found = _SUFFIXED.fullmatch(name)
    stem, suffix = (found["stem"], found["suffix"]) if found else (name, "")
    return f"{stem}{more}{suffix}"


def compute_next_index(names: Iterable[str], stub: str) -> int:
    """Return the number after the largest NNN of the names `<stub>.NNN`, 1 if there is none.

    NNN has three digits, or four to six without a leading zero; other names (`x.003.bak`, `x.20250101`) are ignored.
    """
    pattern = re.compile(re.escape(stub) + r"\.([0-9]{3}|[1-9][0-9]{3,5})")
    return 1 + max((int(found[1]) for name in names if (found := pattern.fullmatch(name))), default=0)


def format_utc_stamp(seconds: float) -> str:
    """Format seconds since 1970 as UTC for the name of an archived file."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime(_TIME + "Z")
