"""Figures of arrays that come with a message."""

from __future__ import annotations

from helpers.alignment_curves import WHEEL_START, make_calibration, make_slot_result, make_wafer_result
from helpers.figures import fold_board
from xafs_workers.figures.figure_builder import build_figure


def test_arrays_of_a_message_figure_are_built_once() -> None:
    """Every pull gives the same arrays, so a front end draws nothing twice; no window is opened by a handler."""
    for entries in ([WHEEL_START, make_slot_result("xafs_y")], [make_wafer_result()], [make_calibration(1e-5, 2e-4)]):
        board = fold_board(*entries)
        one, other = (build_figure(board, board.scans[0]) for _ in range(2))
        for a, b in zip(one.panels[0].traces, other.panels[0].traces, strict=True):
            assert a.x is b.x
            assert a.y is b.y
