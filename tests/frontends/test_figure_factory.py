"""Test that a figure that fails does not affect the others, in the browser and on the screen."""

from __future__ import annotations

import os
from typing import Any

import pytest
import structlog

from helpers.streams import EPOCH, build_run_documents, fold, stamp_entries
from xafs_workers.figures.model import Figure
from xafs_workers.figures.views import build_view
from xafs_workers.frontends import figure_factory
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.figure_factory import FAILURE_NOTE
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
TIME = {"timescan": "start", "detector": "it"}


COLUMNS = {"xafs_x": [0.0, 1.0, 2.0], "I0": [1.0] * 3, "It": [1.0, 2.0, 3.0]}


@pytest.fixture(autouse=True)
def _break_line_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_others(board: Board, scan: Scan, *how: Any) -> Figure:
        if scan.kind == "linescan":
            raise ZeroDivisionError("a fault of the program")
        return build_view(board, scan, *how)

    monkeypatch.setattr(figure_factory, "build_view", only_others)


def notes(figure: Figure | None) -> list[str]:
    assert figure is not None
    return [text.text for panel in figure.panels for text in panel.texts]


def test_a_failed_figure_is_noted_in_the_browser() -> None:
    run = list(build_run_documents(hint=None, motors=["xafs_x"], columns=COLUMNS))
    items = stamp_entries([("bmm", LINE), *run, ("bmm", TIME)])
    board, gallery = Board(), Gallery(lambda: Feed(board, "", EPOCH, 0), clock=lambda: EPOCH)
    with structlog.testing.capture_logs() as logged:
        for item in items:
            board = fold([item], board)
            for scan in board.scans:
                gallery.refresh()
                gallery.get_figure(scan.figure_id)
    assert [entry["event"] for entry in logged] == ["figure_not_made"]
    line, time = (gallery.get_figure(scan.figure_id) for scan in board.scans)
    assert notes(line) == [FAILURE_NOTE]
    assert FAILURE_NOTE not in notes(time)
    assert [card["title"] for card in gallery.cards] == ["time scan", "linescan"]


def test_a_failed_figure_is_noted_on_the_screen() -> None:
    if not os.environ.get("CI"):
        pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)
    from helpers.screen import ScreenHarness

    run = build_run_documents(hint=None, motors=["xafs_x"], columns=COLUMNS)
    desk = ScreenHarness()
    try:
        with structlog.testing.capture_logs() as logged:
            desk.add_entries(("bmm", LINE), *run)
            line = desk.figure_tab
            desk.add_entries(("bmm", TIME))
            time = desk.figure_tab
            desk.window.tabs.setCurrentIndex(0)
            desk.refresh()
        assert [entry["event"] for entry in logged] == ["figure_not_made"]
        assert notes(line.drawing.model) == [FAILURE_NOTE]
        assert FAILURE_NOTE not in notes(time.drawing.model)
        assert desk.titles == ["linescan", "time scan"]
    finally:
        desk.close()
