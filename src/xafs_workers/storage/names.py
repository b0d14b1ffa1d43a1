"""Names of files: pictures, numbered series, safe stubs, time stamps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from xafs_workers.storage.confusables import replace_confusables
from xafs_workers.storage.errors import Refused, quote_value

PICTURE_SUFFIXES = (".png", ".pdf", ".svg")
_SUFFIXED = re.compile(
    r"(?P<stem>.+)(?P<suffix>\.(?:png|pdf|svg|jpe?g|prj|html|xlsx|mat|xrf))", re.IGNORECASE | re.DOTALL
)
# Legal in every name that a group may copy to another system.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\:*?"<>|]+')
_STUB_BYTES = 180  # leaves room for what is added: detector, time stamp, number, suffix
_TIME = "%Y-%m-%dT%H-%M-%S"


def ensure_picture_suffix(name: str) -> str:
    """Return the name of a picture; one that does not end in .png, .pdf or .svg (in any capitals) gets `.png`."""
    if not name or name.endswith("/"):
        raise Refused(f"came {quote_value(name)}: expected the name of a picture")
    return name if name.lower().endswith(PICTURE_SUFFIXES) else f"{name}.png"


def parse_picture_form(name: str) -> str:
    """Return the form of a picture by its name: `png`, `pdf` or `svg`; `png` where the name does not say."""
    ending = name[-4:].lower()
    return ending[1:] if ending in PICTURE_SUFFIXES else "png"


def replace_picture_form(name: str, form: str) -> str:
    """Return a picture's name in another form: `a.png` as `a.pdf`."""
    return f"{name[:-4] if name.lower().endswith(PICTURE_SUFFIXES) else name}.{form}"


def add_number(name: str, number: int, *, separator: str = "_") -> str:
    """Return a name with its number, of at least two digits, before the suffix: `stub_liveplot_07.png`.

    A suffix is one that this program writes; the end of `sample.001` is not.
    """
    if number < 0:
        raise ValueError(f"number of {quote_value(name)}: came {number}, expected 0 or more")
    return insert_before_suffix(name, f"{separator}{number:02d}")


def insert_before_suffix(name: str, more: str) -> str:
    """Return a name with more before its suffix: `stub_07.png` as `stub_07_after3.png`; suffixes as in `numbered`."""
    found = _SUFFIXED.fullmatch(name)
    stem, suffix = (found["stem"], found["suffix"]) if found else (name, "")
    return f"{stem}{more}{suffix}"


def sanitize_stub(text: str) -> str:
    """Return text made into the beginning of a file's name: one component, not hidden, at most 180 bytes."""
    stub = _UNSAFE.sub("_", replace_confusables(text.strip())).lstrip(".~-").rstrip(". ")
    stub = stub.encode()[:_STUB_BYTES].decode(errors="ignore").rstrip(". ")
    if not stub.strip("_"):
        raise Refused(f"came {quote_value(text)}: expected text of which a file's name can be made")
    return stub


def compute_next_index(names: Iterable[str], stub: str) -> int:
    """Return 1 above the largest NNN of the names `<stub>.NNN`, 1 when there is none.

    The number has three digits, or four to six without a leading zero; others (`x.003.bak`, `x.20250101`) are foreign.
    """
    pattern = re.compile(re.escape(stub) + r"\.([0-9]{3}|[1-9][0-9]{3,5})")
    return 1 + max((int(found[1]) for name in names if (found := pattern.fullmatch(name))), default=0)


def format_local_stamp(seconds: float) -> str:
    """Return local time as it stands in names, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, tz=UTC).astimezone().strftime(_TIME)


def format_utc_stamp(seconds: float) -> str:
    """Return UTC as it stands in the name of a file set aside, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime(_TIME + "Z")
