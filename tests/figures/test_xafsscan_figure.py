"""Repetitions of an XAFS scan: one trace each, and the channels of the latest one on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.detector_columns import DETECTOR_COLUMNS, FOUR_CHANNELS, X, divide_by_i0
from helpers.figures import build_last_figure, make_run
from helpers.streams import EntryStamper, fold
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure

XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "filename": "f", "repetitions": 2}
COLUMNS = {
    "dcm_energy": X,
    "dwti_dwell_time": [1.0] * 4,
    **{k: v for k, v in DETECTOR_COLUMNS.items() if k != "xafs_x"},
}


def build_sequence_figure(mode: str, fluo: str | None = "4-element SDD", **options: Any) -> Figure:
    repetitions = [
        ({"xafsscan": "next", "count": n}, make_run(COLUMNS, f"xafs {mode}", start={"BMM_kafka": {"count": n}}))
        for n in (1, 2)
    ]
    entries = [entry for pair in repetitions for entry in pair]
    more = options.pop("more", {})
    return build_last_figure({**XAFS, "mode": mode, "fluo_detector": fluo, **more}, *entries, **options)


def test_a_diode_has_the_layout_of_fluorescence() -> None:
    figure = build_sequence_figure("pips", "pips", separate_channels=True)
    assert [panel.key for panel in figure.panels] == ["transmission", "fluorescence", "chi", "I0", "reference"]
    panel = figure.get_panel("fluorescence")
    assert panel.y_label == "fluorescence µ(E)  (PIPS)"
    np.testing.assert_array_equal(panel.traces[0].y, divide_by_i0("Pips"))


@pytest.mark.parametrize("fluo", ["7-element SDD", None])
@pytest.mark.parametrize(
    ("more", "key"), [({}, "specular"), ({"with_diode": False}, "specular"), ({"with_diode": True}, "Diode")]
)
def test_the_specular_beam_may_be_measured_by_a_diode(fluo: str | None, more: dict[str, bool], key: str) -> None:
    figure = build_sequence_figure("eiger", fluo, more=more)
    np.testing.assert_array_equal(figure.get_panel("specular").traces[0].y, divide_by_i0(key))
    np.testing.assert_array_equal(figure.get_panel("diffuse").traces[0].y, divide_by_i0("diffuse"))


def test_an_unknown_mode_is_in_the_title() -> None:
    figure = build_sequence_figure("dancing")
    assert figure.title == "f: scan 2 of 2  (unknown mode 'dancing': taken as transmission)"
    assert [panel.key for panel in figure.panels] == ["transmission", "I0", "reference", "chi"]


@pytest.mark.parametrize("mode", ["pips", "fluorescence", "yield", "pilatus", "eiger", "dante", "test", "transmission"])
def test_each_panel_has_a_line_for_each_repetition(mode: str) -> None:
    for panel in build_sequence_figure(mode).panels:
        if panel.key == "chi":
            continue
        assert [trace.label for trace in panel.traces] == ["scan 1", "scan 2"], panel.key


def test_channels_of_the_latest_repetition_are_shown_on_request() -> None:
    plain, asked = build_sequence_figure("fluorescence"), build_sequence_figure("fluorescence", separate_channels=True)
    assert [p.key for p in plain.panels] == [p.key for p in asked.panels]
    panel = asked.get_panel("fluorescence")
    assert [trace.label for trace in panel.traces] == FOUR_CHANNELS
    assert panel.title == "scan 2: each channel"
    assert asked.get_panel("transmission").traces[0].label == "scan 1"


def test_an_unchanged_repetition_returns_the_same_trace() -> None:
    """So that a point of the twentieth costs no more than one of the first."""
    teller, first, second = EntryStamper(), make_run(COLUMNS), make_run(COLUMNS)
    start = [("bmm", {**XAFS, "mode": "fluorescence"}), ("bmm", {"xafsscan": "next", "count": 1}), *first]
    board = fold(teller.stamp(start))
    before = build_figure(board, board.scans[-1])
    board = fold(teller.stamp([("bmm", {"xafsscan": "next", "count": 2}), *second[:-4]]), board)
    later = build_figure(board, board.scans[-1])
    board = fold(teller.stamp(second[-4:]), board)
    last = build_figure(board, board.scans[-1])
    for key in ("transmission", "fluorescence", "I0", "reference"):
        assert before.get_panel(key).traces[0] is later.get_panel(key).traces[0] is last.get_panel(key).traces[0]
        assert [len(figure.get_panel(key).traces[1].x) for figure in (later, last)] == [2, 4]


def test_an_aborted_repetition_without_points_has_a_note() -> None:
    teller, run = EntryStamper(), make_run(COLUMNS)
    run[-1] = ("stop", {**run[-1][1], "exit_status": "abort"})
    start = [("bmm", {**XAFS, "mode": "transmission"}), ("bmm", {"xafsscan": "next", "count": 1}), *run[:-1]]
    board = fold(teller.stamp(start))
    assert build_figure(board, board.scans[-1]).get_panel("transmission").traces[0].label == "scan 1"
    board = fold(teller.stamp(run[-1:]), board)
    assert build_figure(board, board.scans[-1]).get_panel("transmission").traces[0].label == "scan 1 (aborted)"


@pytest.mark.parametrize(("count", "faded"), [(6, 0), (7, 6)])
def test_of_many_repetitions_the_earlier_ones_are_faded(count: int, faded: int) -> None:
    entries: list[Any] = [("bmm", {**XAFS, "mode": "transmission", "repetitions": count})]
    for number in range(1, count + 1):
        entries += [("bmm", {"xafsscan": "next", "count": number}), *make_run(COLUMNS)]
    board = fold(EntryStamper().stamp(entries))
    traces = build_figure(board, board.scans[-1]).get_panel("transmission").traces
    assert [trace.is_faded for trace in traces] == [True] * faded + [False] * (count - faded)
    again = build_figure(board, board.scans[-1]).get_panel("transmission").traces
    assert all(one.y is two.y for one, two in zip(traces, again, strict=True))
