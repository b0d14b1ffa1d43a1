"""XDI text: header, columns and comments composed, and read back before they are handed over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from xafs_workers.writers import words
from xafs_workers.writers.columns import Column
from xafs_workers.writers.readback import check

SLASHES = "#" + "/" * 60
DASHES = "#" + "-" * 60
"""Without a blank after the #: Larch's reader takes only those for the end of the comments."""

_LIKE_A_MARK = re.compile(r"[/\-]{2,}")


def text_of(
    first_line: str, fields: Mapping[str, str], columns: Sequence[Column], comments: Iterable[str] = ()
) -> bytes:
    """Return a file in the XAS Data Interchange format.

    Parameters
    ----------
    fields
        By `Family.key`; the values on one line each.
    comments
        One line each; one that begins like a mark of the format is set off by a bar.

    Raises
    ------
    Unreadable
        What was read back is not what was written.
    """
    remarks = [f"| {line}" if _LIKE_A_MARK.match(line) else line for line in comments]
    content = ("\n".join(_lines(first_line, fields, columns, remarks)) + "\n").encode()
    check(content, fields, columns, remarks)
    return content


def _lines(
    first_line: str, fields: Mapping[str, str], columns: Sequence[Column], comments: Iterable[str]
) -> Iterator[str]:
    yield f"# {first_line}"
    for name, value in fields.items():
        yield f"# {name}: {value}"
    for number, column in enumerate(columns, start=1):
        yield f"# Column.{number}: {column.heading}"
    yield SLASHES
    for line in comments:
        yield f"# {line}"
    yield DASHES
    yield "# " + "  ".join(column.label for column in columns)
    for row in zip(*(column.values.tolist() for column in columns), strict=True):
        yield "  ".join(map(words.number, row))
