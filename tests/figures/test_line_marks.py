"""Statistics of line scans in figures and answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.figures import fold_board, get_only_panel, get_run_uid, make_run
from helpers.fits import compute_peak, compute_step
from helpers.streams import EPOCH, Entry
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.line_marks import NO_PEAK, add_line_marks, build_line_answer
from xafs_workers.figures.model import Panel
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.figures.views import build_view
from xafs_workers.scans.board import Board

X = np.linspace(-3.0, 3.0, 31)
START = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
STOP = {"linescan": "stop"}
PEAK = compute_peak(X, 0.4)


def make_scan(y: Any, x: Any = X, **more: Any) -> list[Entry]:
    columns = {"xafs_x": list(x), "I0": [2.0] * len(x), "It": [2.0 * value for value in y]}
    return make_run(columns, motors=["xafs_x"], **more)


def build_panel(board: Board, number: int = 0, **options: Any) -> Panel:
    return get_only_panel(build_view(board, board.scans[number], ViewOptions(**options)))


def test_a_peak_is_marked_and_written() -> None:
    panel = build_panel(fold_board(START, make_scan(PEAK), STOP))
    assert panel.title == "peak 0.40   COM 0.40   FWHM 1.67   now 3.00"
    assert {line.key: line.x for line in panel.lines} == {"com": pytest.approx(0.4, abs=1e-3), "place": 3.0}
    crosses = {mark.key: (mark.x, mark.y) for mark in panel.marks}
    assert crosses["extremum"] == (pytest.approx(0.4), 1.0)
    assert crosses["half height, first"][1] == crosses["half height, last"][1] == pytest.approx(0.5, abs=1e-4)


def test_a_step_has_its_middle_only() -> None:
    panel = build_panel(fold_board(START, make_scan(compute_step(X, 0.5)), STOP))
    assert panel.title == "middle 0.50   now 3.00"
    assert [mark.key for mark in panel.marks] == ["middle"]


def test_a_dip_has_its_minimum() -> None:
    panel = build_panel(fold_board(START, make_scan(2.0 - PEAK), STOP))
    assert panel.title == "minimum 0.40   FWHM 1.67   now 3.00"


def test_noise_has_no_peak() -> None:
    rng = np.random.default_rng(1)
    panel = build_panel(fold_board(START, make_scan(1.0 + 0.01 * rng.standard_normal(31)), STOP))
    assert panel.title == f"{NO_PEAK}   now 3.00"
    assert panel.marks == ()


def test_statistics_can_be_hidden() -> None:
    panel = build_panel(fold_board(START, make_scan(PEAK)), has_statistics=False)
    assert (panel.title, panel.marks, panel.lines) == ("", (), ())


@pytest.mark.parametrize("start", [{"timescan": "start", "detector": "it"}, {"linescan": "start", "detector": "it"}])
def test_a_time_scan_has_none(start: dict[str, Any]) -> None:
    panel = build_panel(fold_board(start, make_scan(PEAK)))
    assert (panel.title, panel.marks, panel.lines) == ("", (), ())


def test_a_scan_that_is_measured_shows_where_its_motor_is() -> None:
    panel = build_panel(fold_board(START, make_scan(PEAK)[:-5]))
    place = panel.traces[0].x[-1]
    assert place < X[-1]
    assert panel.title.endswith(f"now {place:.2f}")
    assert [(line.key, line.label) for line in panel.lines] == [("com", "COM"), ("place", "now")]
    assert panel.lines[1].x == place
    assert all(line.is_moving for line in panel.lines)


def test_numbers_follow_the_points() -> None:
    entries = make_scan(PEAK)
    titles = [build_panel(fold_board(START, entries[:count])).title for count in (2 + 5, 2 + 20, len(entries))]
    assert len(set(titles)) == 3


def test_the_present_place_is_that_of_the_latest_document() -> None:
    """A run of another motor reads all motors before it moves: the motor was moved after its scan."""
    later = make_run({"xafs_y": [1.0]}, motors=["xafs_y"], start={"time": EPOCH + 100.0})
    assert build_panel(fold_board(START, make_scan(PEAK), STOP, later)).title.endswith("now 99.00")


def test_answer_and_picture_do_not_depend_on_when_they_are_made() -> None:
    """A restarted worker makes them when it knows of later moves."""
    later = make_run({"xafs_y": [1.0]}, motors=["xafs_y"], start={"time": EPOCH + 100.0})
    run = make_scan(PEAK)
    boards = [fold_board(START, run, STOP), fold_board(START, run, STOP, later)]
    answers = [build_line_answer(board, board.scans[0]) for board in boards]
    assert answers[0] == answers[1]
    pictures = [
        add_line_marks(board, board.scans[0], build_figure(board, board.scans[0]), has_place=False) for board in boards
    ]
    assert [one.panels[0].title for one in pictures] == [pictures[0].panels[0].title] * 2
    assert "now" not in pictures[0].panels[0].title


def test_the_first_of_several_curves_is_named() -> None:
    columns = {"xafs_x": list(X), "I0": [1.0] * 31, "Ita": list(PEAK), "Itb": list(2.0 - PEAK)}
    board = fold_board({**START, "detector": "ic1"}, make_run(columns, motors=["xafs_x"]))
    assert build_panel(board).title.startswith("Ita/I0:   peak 0.40")


def test_the_answer_to_a_stop_has_the_numbers() -> None:
    run = make_scan(PEAK)
    board = fold_board(START, run, STOP)
    value = build_line_answer(board, board.scans[0])
    (signal,) = value["statistics"]
    assert (value["uid"], value["motor"], value["position"]) == (get_run_uid(run), "xafs_x", 3.0)
    assert (signal["signal"], signal["form"], signal["max"]) == ("It/I0", "peak", pytest.approx(0.4))
    assert signal["com"] == pytest.approx(0.4, abs=1e-3)


def test_a_scan_without_points_has_no_value() -> None:
    board = fold_board(START, STOP)
    assert build_line_answer(board, board.scans[0]) == {}
