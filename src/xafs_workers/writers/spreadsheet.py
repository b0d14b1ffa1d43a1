"""Columns as an Excel file whose bytes depend on nothing but the columns and the time given."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from xafs_workers.writers import text_format
from xafs_workers.writers.archive_times import find_archive_time, replace_archive_times

Array = np.ndarray[Any, Any]

MAX_TITLE_LENGTH = 31
MAX_ROWS = 1_048_575
"""Of a sheet, below the headings; more go on in further sheets."""

ROWS_AT_ONCE = 4096

_END_OF_ROWS = b"</sheetData>"
_FORBIDDEN = re.compile(r"[\\/?*\[\]:]")
_RESERVED = "history"


def to_sheet_title(name: str) -> str:
    """Return a name as Excel accepts it for a sheet."""
    title = text_format.to_one_line(_FORBIDDEN.sub("-", text_format.to_one_line(name)))[:MAX_TITLE_LENGTH].strip("' ")
    return title if title and title.lower() != _RESERVED else f"sheet {title}".strip()


def build_xlsx_file(title: str, columns: Mapping[str, Array], modified: float) -> bytes:
    """Return an Excel file with one sheet: headings, then a row for each value; gaps are empty cells.

    Parameters
    ----------
    columns
        Values by heading, each of shape (n,).
    modified
        Time of modification in the file, POSIX seconds.
    """
    from openpyxl import Workbook

    stamp = find_archive_time(modified)
    book = Workbook(write_only=True)
    book.properties.creator = "xafs-workers"
    book.properties.created = stamp.replace(tzinfo=None)
    values = [column.tolist() for column in columns.values()]
    rows: dict[str, Iterator[bytes]] = {}
    for number, (name, start) in enumerate(_split_sheets(title, len(values[0])), start=1):
        sheet = book.create_sheet(name)
        sheet.append(_build_headings(sheet, columns))
        rows[f"xl/worksheets/sheet{number}.xml"] = _format_rows(values, range(start, start + MAX_ROWS))
    written = io.BytesIO()
    book.save(written)
    return replace_archive_times(written, stamp, lambda name, data: _insert_rows(name, data, rows))


def _split_sheets(title: str, rows: int) -> Iterator[tuple[str, int]]:
    """Yield the title of each sheet and the first of its rows."""
    whole = to_sheet_title(title)
    for number, start in enumerate(range(0, rows, MAX_ROWS), start=1):
        end = f" ({number})" if number > 1 else ""
        yield whole[: MAX_TITLE_LENGTH - len(end)] + end, start


def _build_headings(sheet: Any, names: Mapping[str, Array]) -> list[Any]:
    """Return the headings as cells that are text, also where they look like a formula."""
    from openpyxl.cell import WriteOnlyCell

    cells = [WriteOnlyCell(sheet, text_format.to_one_line(name)) for name in names]
    for cell in cells:
        cell.data_type = "s"
    return cells


def _format_rows(values: Sequence[Sequence[float]], places: range) -> Iterator[bytes]:
    """Yield the rows below the headings as XML, some thousand at a time; openpyxl takes five times as long.

    Each value has all its digits.
    """
    from openpyxl.utils import get_column_letter

    letters = [get_column_letter(number) for number in range(1, len(values) + 1)]
    for start in range(places.start, min(places.stop, len(values[0])), ROWS_AT_ONCE):
        end, first_row = min(start + ROWS_AT_ONCE, places.stop), start - places.start + 2
        cells = (
            [
                f'<c r="{letter}{row}"><v>{value!r}</v></c>' if isfinite(value) else ""
                for row, value in enumerate(column[start:end], first_row)
            ]
            for letter, column in zip(letters, values, strict=True)
        )
        rows = enumerate(map("".join, zip(*cells, strict=True)), first_row)
        yield "".join(f'<row r="{row}">{text}</row>' for row, text in rows).encode()


def _insert_rows(name: str, data: bytes, rows: Mapping[str, Iterable[bytes]]) -> Iterator[bytes]:
    """Yield a part of the archive in pieces, a sheet with its rows."""
    head, end, tail = data.partition(_END_OF_ROWS) if name in rows else (data, b"", b"")
    yield head
    yield from rows.get(name, ())
    yield end + tail
