"""Numbers of a figure as a table: lines on its origin, one row of unique names, and columns that do not repeat."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import zip_longest

import numpy as np

from xafs_workers.figures.model import Array, Figure, Panel
from xafs_workers.scans.board import Board
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.scan import Scan

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet interpret a cell as a formula."""

Column = tuple[str, Array]


def list_origins(board: Board, scan: Scan) -> dict[str, str]:
    """List the origin of a scan's numbers: kind, samples, time of the start (UTC) and uids of the runs."""
    runs = board.get_runs(scan)
    samples = dict.fromkeys(as_text(as_mapping(run.xdi.get("Sample")).get("name")) for run in runs)
    began = runs[0].start_position[0] if runs else scan.start.time
    return {
        "kind": scan.kind,
        "sample": ", ".join(filter(None, samples)),
        "time": f"{datetime.fromtimestamp(began, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "uid": ", ".join(run.uid for run in runs),
    }


def format_table(figure: Figure, origins: Mapping[str, str], *, delimiter: str = ",") -> str:
    """Format the numbers of a figure with all digits; NaN becomes an empty cell.

    The first lines begin with `#`: the title, and the origins. Curves along the same positions share their column.
    """
    columns = _make_unique([column for panel in figure.panels for column in _iter_columns(panel)])
    stream = io.StringIO()
    for name, value in {"title": figure.title, **origins}.items():
        if value:
            stream.write(f"# {name}: {' '.join(value.split())}\n")
    writer = csv.writer(stream, lineterminator="\n", delimiter=delimiter)
    writer.writerow([_escape_cell(name) for name, _ in columns])
    for row in zip_longest(*(values.tolist() for _, values in columns)):
        writer.writerow(["" if value is None or value != value else repr(value) for value in row])
    return stream.getvalue()


def build_table_name(figure: Figure) -> str:
    """Build the name of the file of a figure's numbers."""
    return (re.sub(r"[^\w.-]+", "_", figure.title, flags=re.ASCII).strip("_.") or figure.kind) + ".csv"


def _iter_columns(panel: Panel) -> Iterator[Column]:
    where = panel.y_label or panel.title or panel.key
    x_name = panel.x_label or "x"
    for trace in panel.traces:
        yield x_name, np.asarray(trace.x, dtype=float)
        yield f"{where}: {trace.label}" if trace.label else where, np.asarray(trace.y, dtype=float)
    for mesh in panel.meshes:
        rows, columns = mesh.z.shape
        yield x_name, np.tile(np.asarray(mesh.x, dtype=float), rows)
        yield where, np.repeat(np.asarray(mesh.y, dtype=float), columns)
        yield mesh.label or "value", np.asarray(mesh.z, dtype=float).ravel()


def _make_unique(columns: list[Column]) -> list[Column]:
    """Leave out columns that are there, under the same name, and number different ones of one name."""
    kept: list[Column] = []
    for name, values in columns:
        if not any(name == other and np.array_equal(values, there, equal_nan=True) for other, there in kept):
            kept.append((name, values))
    counts, seen = Counter(name for name, _ in kept), Counter[str]()
    unique: list[Column] = []
    for name, values in kept:
        seen[name] += 1
        unique.append((f"{name} [{seen[name]}]" if counts[name] > 1 else name, values))
    return unique


def _escape_cell(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA_PREFIXES) else name
