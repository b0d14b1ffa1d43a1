"""A stream with events and frames in files, as a step scan with ophyd-async has: each point gets both."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from helpers.streams import EPOCH, Entry, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.frames import Frames
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.settings import Scans

CONFIG = BoardConfig(implied_forms=Scans(from_documents=True).implied_forms)
X = [0.5 * n for n in range(4)]
SIGNALS = {"I0": [10.0, 11.0, 12.0, 13.0], "It": [5.0, 6.0, 7.0, 8.0]}
EXTERNAL = {"dtype": "number", "shape": [1], "external": "STREAM:", "source": "made up"}


def build_head(stream: str) -> list[Entry]:
    keys = {"stage_x": {"dtype": "number", "shape": [], "source": "made up"}, **dict.fromkeys(SIGNALS, EXTERNAL)}
    hints = {"dimensions": [[["stage_x"], stream]]}
    head: list[Entry] = [
        ("start", {"uid": "run-a", "time": EPOCH, "scan_id": 1, "plan_name": "scan", "motors": ["x"], "hints": hints}),
        ("descriptor", {"uid": "desc", "run_start": "run-a", "time": EPOCH, "name": stream, "data_keys": keys}),
    ]
    for key in SIGNALS:
        place = {"uri": "file://localhost/a.h5", "mimetype": "application/x-hdf5", "parameters": {"dataset": key}}
        head.append(("stream_resource", {"uid": f"res-{key}", "run_start": "run-a", "data_key": key, **place}))
    return head


def build_event(n: int) -> Entry:
    body = {"uid": f"e{n}", "descriptor": "desc", "seq_num": n + 1, "time": EPOCH + n, "data": {"stage_x": X[n]}}
    return "event", {**body, "timestamps": {"stage_x": EPOCH + n}, "filled": {}}


def build_datum(key: str, start: int, stop: int) -> Entry:
    span = {"indices": {"start": start, "stop": stop}, "seq_nums": {"start": start + 1, "stop": stop + 1}}
    return "stream_datum", {"uid": f"res-{key}/{start}", "stream_resource": f"res-{key}", "descriptor": "desc", **span}


def apply_entry(board: Board, entry: Entry, place: int) -> Board:
    return board.apply(Document(*entry, EPOCH + 10.0 + place, RecordPosition("documents", 0, 100 + place)))


def answer_requests(board: Board) -> Board:
    for request in board.runs["run-a"].frames.pending:
        board = board.apply(Frames(request, np.array(SIGNALS[request.key][request.start : request.stop])))
    return board


EVENTS = [build_event(n) for n in range(4)]
SINGLE = [build_datum(key, n, n + 1) for n in range(4) for key in SIGNALS]
CHUNKS = [build_datum(key, *span) for span in ((0, 3), (3, 4)) for key in SIGNALS]
ORDERS: dict[str, list[Entry]] = {
    "events first": [*EVENTS, *SINGLE],
    "frames first": [*CHUNKS, *EVENTS],
    "by turns": list(itertools.chain(*([SINGLE[2 * n], EVENTS[n], SINGLE[2 * n + 1]] for n in range(4)))),
    "backwards": [*reversed(EVENTS), *reversed(CHUNKS)],
}


@pytest.mark.parametrize("stream", ["primary", "other"])
@pytest.mark.parametrize("order", ORDERS)
def test_points_have_the_values_of_events_and_files(order: str, stream: str) -> None:
    board = fold(stamp_entries(build_head(stream)), Board(CONFIG))
    for place, entry in enumerate(ORDERS[order]):
        board = answer_requests(apply_entry(board, entry, place))
    run = board.runs["run-a"]
    points = run.points if stream == "primary" else run.streams[stream].points
    found: dict[str, Any] = {key: points.get_column(key).tolist() for key in ("stage_x", *SIGNALS)}
    assert found == {"stage_x": X, **SIGNALS}
    assert points.time.tolist() == [EPOCH + n for n in range(4)]
    assert not run.frames.held


def test_the_line_scan_shows_the_signals_in_files() -> None:
    board = fold(stamp_entries(build_head("primary")), Board(CONFIG))
    for place, entry in enumerate([*EVENTS, *SINGLE]):
        board = answer_requests(apply_entry(board, entry, place))
    figure = build_figure(board, board.scans[0])
    curves = {panel.y_label: panel.traces[0].y.tolist() for panel in figure.panels}
    ratio = [it / i0 for it, i0 in zip(SIGNALS["It"], SIGNALS["I0"], strict=True)]
    assert curves == {"It/I0": ratio, "I0 (nA·s)": SIGNALS["I0"], "It (nA·s)": SIGNALS["It"]}
    assert {panel.x_label for panel in figure.panels} == {"stage_x"}


def test_a_point_without_its_frame_is_a_gap() -> None:
    board = fold(stamp_entries(build_head("primary")), Board(CONFIG))
    for place, entry in enumerate([*EVENTS, *CHUNKS[:2]]):
        board = answer_requests(apply_entry(board, entry, place))
    points = board.runs["run-a"].points
    np.testing.assert_array_equal(points.get_column("I0"), [*SIGNALS["I0"][:3], np.nan])
    assert points.get_column("stage_x").tolist() == X
