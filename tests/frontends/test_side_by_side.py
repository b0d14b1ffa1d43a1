"""A wide page shows the merge of a sequence beside its live view, in the browser too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bokeh.document import Document

from helpers.screen import XAFS, make_repetition
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.browser.viewer import Viewer, ViewerCallbacks
from xafs_workers.frontends.side_by_side import find_live_view, find_merge
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board

SEQUENCE = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "folder": "/x", "repetitions": 3,
            "mode": "transmission"}  # fmt: skip


def build_board(*more: Entry) -> Board:
    return fold(stamp_entries([("bmm", SEQUENCE), ("bmm", XAFS), *make_repetition(1), *more]))


def show_page(board: Board, width: int, height: int) -> Any:
    """Return the drawing of a page with plots of a size, after as many frames as it has panels."""
    gallery = Gallery(lambda: Feed(board))
    gallery.refresh()
    viewer = Viewer(Document(), gallery, ViewerCallbacks())
    look = {"look": {"width": width, "height": height}}
    for _ in range(8):
        viewer._on_message({"json": [json.dumps({**look, "drawn": viewer._frame})]})
        viewer.refresh()
    return viewer._drawing


@pytest.mark.parametrize(("width", "beside"), [(1690, ["mu", "chi", "chir"]), (1000, [])])
def test_a_wide_page_shows_the_merge_beside_the_live_view(width: int, beside: list[str]) -> None:
    drawing = show_page(build_board(), width, 850)
    assert list(drawing.views) == ["transmission", "I0", "reference", "chi", *(f"beside-{key}" for key in beside)]


def test_two_figures_are_as_high_as_the_page() -> None:
    drawing = show_page(build_board(), 1690, 850)
    assert drawing.figure.rows == 2
    assert sum(drawing.views[key].plot.height for key in ("beside-mu", "beside-chi")) == pytest.approx(850, abs=8)


def test_the_merge_stays_beside_when_its_sequence_ends() -> None:
    board = build_board(("bmm", {"xafsscan": "stop"}), ("bmm", {"xafs_sequence": "stop"}))
    assert "beside-mu" in show_page(board, 1690, 850).views
    assert list(show_page(board, 1000, 850).views) == ["mu", "chi", "chir"], "a narrow page shows the result alone"


def test_live_view_and_merge_find_each_other() -> None:
    board = build_board()
    merge, live = board.scans
    assert find_merge(board, live) == merge
    assert find_live_view(board, merge) == live
    assert find_merge(board, merge) is None
    assert find_live_view(board, live) is None
