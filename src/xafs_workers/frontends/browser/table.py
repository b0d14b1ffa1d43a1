"""Data of a figure as a CSV table: two columns for each curve, three for each map."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np

from xafs_workers.figures.model import Array, Figure, Panel

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet interpret a cell as a formula."""


def format_table(figure: Figure) -> str:
    """Format the data of a figure as CSV with all digits; NaN becomes an empty cell."""
    columns = [column for panel in figure.panels for column in _iter_columns(panel)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_escape_cell(name) for name, _ in columns])
    for row in zip_longest(*(values.tolist() for _, values in columns)):
        writer.writerow(["" if value is None or value != value else repr(value) for value in row])
    return stream.getvalue()


def _iter_columns(panel: Panel) -> Iterator[tuple[str, Array]]:
    where = panel.title or panel.y_label or panel.key
    for trace in panel.traces:
        name = f"{where}: {trace.label}" if trace.label else where
        yield f"{name}, {panel.x_label or 'x'}", np.asarray(trace.x, dtype=float)
        yield f"{name}, {panel.y_label or 'y'}", np.asarray(trace.y, dtype=float)
    for mesh in panel.meshes:
        rows, columns = mesh.z.shape
        yield f"{where}, {panel.x_label or 'x'}", np.tile(np.asarray(mesh.x, dtype=float), rows)
        yield f"{where}, {panel.y_label or 'y'}", np.repeat(np.asarray(mesh.y, dtype=float), columns)
        yield f"{where}, {mesh.label or 'value'}", np.asarray(mesh.z, dtype=float).ravel()


def _escape_cell(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA_PREFIXES) else name
