"""XDI text: header, columns and comments composed, and read back before they are handed over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from xafs_workers.writers import text_format
from xafs_workers.writers.columns import Column
from xafs_workers.writers.gaps import Table
from xafs_workers.writers.xdi_reader import check

SLASHES = "#" + "/" * 60
DASHES = "#" + "-" * 60
"""Without a blank after the #: Larch's reader takes only those for the end of the comments."""

MAX_COMMENT_LENGTH = 500
"""Characters of a line of comments; longer ones go on in the next."""

MAX_LINE_LENGTH = 6000
"""Bytes of a header line. Larch's reader (and others that use libxdifile) corrupts its memory above 8192."""

_LIKE_A_MARK = re.compile(r"[/\-]{2,}")


def format_xdi(first_line: str, fields: Mapping[str, str], table: Table, comments: Iterable[str] = ()) -> bytes:
    """Return a file in the XAS Data Interchange format.

    Parameters
    ----------
    fields
        Values by `Family.key`, on one line each. Remarks of the program belong here, in its own namespace.
    comments
        Those of the user, and no others. Very long ones are wrapped; a line that begins like a mark of the format is
        set off by a bar.

    Raises
    ------
    Unreadable
        The content read back differs from that written.
    """
    return _format_checked(first_line, first_line, fields, table, comments)


def format_plain(first_line: str, fields: Mapping[str, str], table: Table, comments: Iterable[str] = ()) -> bytes:
    """Return a file of the same layout that is not XDI, as its first line states; parameters as of `format_xdi`."""
    return _format_checked(first_line, "XDI/1.0", fields, table, comments)


def _format_checked(
    first_line: str, checked_line: str, fields: Mapping[str, str], table: Table, comments: Iterable[str]
) -> bytes:
    """Format a file, and read it back with `checked_line` as its first."""
    fitted = {name: _truncate_value(name, value) for name, value in {**fields, **table.fields}.items()}
    remarks = [line for comment in comments for line in _wrap_comment(comment)]
    lines = list(_format_lines(fitted, table.columns, remarks))
    check(_join([f"# {checked_line}", *lines]), fitted, table.columns, remarks)
    return _join([f"# {first_line}", *lines])


def _join(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _format_lines(fields: Mapping[str, str], columns: Sequence[Column], comments: Iterable[str]) -> Iterator[str]:
    """Yield all lines but the first."""
    for name, value in fields.items():
        yield f"# {name}: {value}"
    for number, column in enumerate(columns, start=1):
        yield f"# Column.{number}: {column.heading}"
    yield SLASHES
    for line in comments:
        yield f"# {line}".rstrip()
    yield DASHES
    yield "# " + "  ".join(column.label for column in columns)
    for row in zip(*(column.values.tolist() for column in columns), strict=True):
        yield "  ".join(map(text_format.format_number, row))


def _truncate_value(name: str, value: str) -> str:
    """Return a value whose line is not too long, cut off with an ellipsis where needed."""
    room = MAX_LINE_LENGTH - len(f"# {name}: ")
    encoded = value.encode()
    return value if len(encoded) <= room else encoded[: room - 3].decode(errors="ignore").rstrip() + "..."


def _wrap_comment(comment: str) -> Iterator[str]:
    """Yield the lines of a comment, broken at blanks; its other blanks stay."""
    room, left = MAX_COMMENT_LENGTH - 2, comment
    while True:
        end = len(left) if len(left) <= room else left.rfind(" ", 1, room + 1)
        line = left[: end if end > 0 else room]
        left = left[len(line) :].removeprefix(" ")
        yield f"| {line}" if _LIKE_A_MARK.match(line) else line
        if not left:
            return
