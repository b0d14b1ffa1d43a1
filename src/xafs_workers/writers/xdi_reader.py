"""XDI text read back: a strict reader of the format's grammar, independent of the code that writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

VERSION = re.compile(r"# XDI/1\.[0-9]+( [^\s/]+/\S+)*\Z")
FIELD = re.compile(r"# ([A-Za-z][A-Za-z0-9_]*)\.([A-Za-z0-9_]+): (.*)\Z")
SLASHES = re.compile(r"# ?/{3,}\Z")
DASHES = re.compile(r"# ?-{3,}\Z")

TOLERANCE = 1e-9
"""Relative, between what was to be written and what was read back: ten significant digits."""


class Unreadable(ValueError):
    """Text that is no XDI, or not the XDI it was meant to be; the text names the line."""


class ExpectedColumn(Protocol):
    """A column as it is expected."""

    @property
    def label(self) -> str:
        """Word above the numbers."""
        ...

    @property
    def heading(self) -> str:
        """Name and unit."""
        ...

    @property
    def values(self) -> Array:
        """The numbers, all finite."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class XdiFile:
    """An XDI file.

    Attributes
    ----------
    fields
        Values by `Family.key`, without those of the columns.
    headings
        Texts of the lines `Column.N`, in order.
    data
        Shape (columns, rows).
    """

    version: str
    fields: Mapping[str, str]
    headings: tuple[str, ...]
    comments: tuple[str, ...]
    labels: tuple[str, ...]
    data: Array

    def get_column(self, label: str) -> Array:
        """Return the numbers below a label."""
        return self.data[self.labels.index(label)]


class _LineReader:
    """Lines to be consumed, with the number of the present one."""

    def __init__(self, content: bytes):
        self.lines = _decode(content).splitlines()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while self.number < len(self.lines):
            self.number += 1
            yield self.lines[self.number - 1]

    def refuse(self, expected: str) -> Unreadable:
        line = self.lines[self.number - 1] if 0 < self.number <= len(self.lines) else ""
        return Unreadable(f"line {self.number}: got {line[:80]!r} (expected {expected})")


def _decode(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start}: invalid text (expected UTF-8)") from error


def read(content: bytes) -> XdiFile:
    """Read the content of an XDI file.

    Raises
    ------
    Unreadable
        It is none.
    """
    lines = _LineReader(content)
    version = next(iter(lines), "")
    if not VERSION.match(version):
        raise lines.refuse("# XDI/1.0 and programs with their versions")
    fields = _parse_fields(lines)
    headings = tuple(fields.pop(name) for name in [name for name in fields if name.startswith("Column.")])
    comments = tuple(_parse_comments(lines))
    labels = tuple(next(iter(lines), "").split()[1:])
    if labels != tuple(heading.split()[0] for heading in headings if heading):
        raise lines.refuse(f"the labels of the {len(headings)} columns, as they are described")
    return XdiFile(version[2:], fields, headings, comments, labels, _parse_data(lines, len(labels)))


def _parse_fields(lines: _LineReader) -> dict[str, str]:
    """Read up to the slashes."""
    found: dict[str, str] = {}
    columns = 0
    for line in lines:
        if SLASHES.match(line):
            return found
        match = FIELD.match(line)
        if not match or f"{match[1]}.{match[2]}" in found:
            raise lines.refuse("# Family.key: value, each once, or slashes")
        columns += match[1] == "Column"
        if match[1] == "Column" and match[2] != str(columns):
            raise lines.refuse(f"# Column.{columns}")
        found[f"{match[1]}.{match[2]}"] = match[3]
    raise lines.refuse("a line of slashes before the end of the file")


def _parse_comments(lines: _LineReader) -> Iterator[str]:
    """Read up to the dashes."""
    for line in lines:
        if DASHES.match(line):
            return
        if not (line.startswith("# ") or line == "#") or SLASHES.match(line):
            raise lines.refuse("# and a comment, or dashes")
        yield line[2:]
    raise lines.refuse("a line of dashes before the end of the file")


def _parse_data(lines: _LineReader, width: int) -> Array:
    rows: list[list[float]] = []
    for line in lines:
        try:
            row = [float(word) for word in line.split()]
        except ValueError:
            row = []
        if len(row) != width or not all(map(isfinite, row)):
            raise lines.refuse(f"{width} numbers, all finite")
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), width).T


def check(
    content: bytes, fields: Mapping[str, str], columns: Sequence[ExpectedColumn], comments: Sequence[str]
) -> None:
    """Check that content is XDI and holds the expected columns and metadata.

    Raises
    ------
    Unreadable
        It does not.
    """
    found = read(content)
    _require_same("header", dict(found.fields), dict(fields))
    _require_same("columns", found.headings, tuple(column.heading for column in columns))
    _require_same("labels", found.labels, tuple(column.label for column in columns))
    _require_same("comments", found.comments, tuple(line.rstrip() for line in comments))
    _require_same("rows", [found.data.shape[1]] * len(columns), [len(column.values) for column in columns])
    for column, values in zip(columns, found.data, strict=True):
        if not np.allclose(values, column.values, rtol=TOLERANCE, atol=0):
            raise Unreadable(f"column {column.label}: the numbers read back differ from those written")


def _require_same(what: str, got: object, expected: object) -> None:
    if got != expected:
        raise Unreadable(f"{what}: got {str(got)[:200]} (expected {str(expected)[:200]})")
