"""Tables of numbers: their origin, unique names, no column twice, all digits."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from helpers.figures import fold_board, get_run_uid, make_run
from helpers.gallery import list_distinct_figures
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure, Mesh, Panel, Trace
from xafs_workers.frontends.table import build_table_name, format_table, list_origins

X = np.array([0.1, 0.2, 0.3])


def read(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the lines of the origin, and the rows of the table."""
    lines = text.splitlines()
    notes = [line for line in lines if line.startswith("# ")]
    return notes, list(csv.reader(io.StringIO("\n".join(lines[len(notes) :]))))


def build(*panels: Panel) -> Figure:
    return Figure("f", "linescan", "a title\nof two lines", panels)


def test_the_origin_comes_first() -> None:
    start = {"XDI": {"Sample": {"name": "Ni foil"}}}
    run = make_run({"xafs_x": [1.0, 2.0], "I0": [1.0] * 2, "It": [3.0, 4.0]}, motors=["xafs_x"], start=start)
    board = fold_board({"linescan": "start", "motor": "xafs_x", "detector": "it"}, run)
    scan = board.scans[0]
    notes, rows = read(format_table(build_figure(board, scan), list_origins(board, scan)))
    assert notes[0].startswith("# title: xafs_x")
    assert notes[1:3] == ["# kind: linescan", "# sample: Ni foil"]
    assert notes[3].startswith("# time: 20")
    assert notes[4] == f"# uid: {get_run_uid(run)}"
    assert rows == [["xafs_x", "It/I0"], ["1.0", "3.0"], ["2.0", "4.0"]]


def test_curves_along_one_axis_share_its_column() -> None:
    curves = (Trace("a", X, X * 2, "a"), Trace("b", X.copy(), X * 3, "b"), Trace("c", X + 1, X * 4, "c"))
    other = Panel("q", x_label="x (mm)", y_label="q", traces=(Trace("d", X, X * 5),))
    panel = Panel("p", x_label="x (mm)", y_label="p", traces=curves)
    _, rows = read(format_table(build(panel, other), {}))
    assert rows[0] == ["x (mm) [1]", "p: a", "p: b", "x (mm) [2]", "p: c", "q"]
    assert rows[1] == [repr(value) for value in (0.1, 0.2, 0.1 * 3, 1.1, 0.4, 0.5)]


def test_names_are_unique_and_no_formulas() -> None:
    curves = tuple(Trace(str(n), X, X + n) for n in range(3))
    _, rows = read(format_table(build(Panel("p", x_label="=x", y_label="y", traces=curves)), {}))
    assert rows[0] == ["'=x", "y [1]", "y [2]", "y [3]"]


@pytest.mark.slow
def test_headers_of_every_figure_are_unique() -> None:
    for name, figure in list_distinct_figures().items():
        _, rows = read(format_table(figure, {}))
        header = rows[0] if rows else []
        assert len(set(header)) == len(header), name


def test_gaps_and_shorter_curves_are_empty_cells() -> None:
    curves = (Trace("a", X, np.array([1.0, np.nan, 3.0]), "a"), Trace("b", X[:1], X[:1], "b"))
    _, rows = read(format_table(build(Panel("p", x_label="x", y_label="y", traces=curves)), {}, delimiter=","))
    assert [row[1] for row in rows[1:]] == ["1.0", "", "3.0"]
    assert [row[3] for row in rows[1:]] == ["0.1", "", ""]


def test_a_map_has_three_columns() -> None:
    mesh = Mesh("m", np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([[5.0, 6.0], [7.0, np.nan]]), "It/I0")
    _, rows = read(format_table(build(Panel("p", x_label="x", y_label="y", meshes=(mesh,))), {}))
    assert rows == [
        ["x", "y", "It/I0"],
        ["1.0", "3.0", "5.0"],
        ["2.0", "3.0", "6.0"],
        ["1.0", "4.0", "7.0"],
        ["2.0", "4.0", ""],
    ]


def test_the_name_of_the_file_is_harmless() -> None:
    assert build_table_name(Figure("f", "linescan", "../a: b/c", ())) == "a_b_c.csv"
    assert build_table_name(Figure("f", "linescan", "µ", ())) == "linescan.csv"
