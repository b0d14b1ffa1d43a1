"""Fluorescence spectra: every detector, every way to name an energy, the right names of lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from helpers.figures import (
    build_last_figure,
    fold_board,
    get_only_panel,
    get_run_uid,
    join_notes,
    list_shown_figures,
    make_run,
)
from helpers.streams import Entry
from xafs_workers.elements import find_emission_line
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Array, Figure
from xafs_workers.scans.arrays import EventArrays
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document
from xafs_workers.scans.mca import find_point

BINS = 1500
FE = {"Element": {"symbol": "Fe", "edge": "K"}, "Sample": {"name": "Fe2O3"}}
CHANNELS = {"1-element SDD": [8], "4-element SDD": [1, 2, 3, 4], "7-element SDD": [1, 2, 3, 4, 5, 6, 7]}


def spectrum(channel: int, point: int = 0) -> list[int]:
    return [channel * 1000 + point * 100 + n % 50 for n in range(BINS)]


def columns(detector: str, points: int = 1) -> dict[str, Any]:
    if detector == "Dante":
        return {"dante-1_image": [[[spectrum(c, p) for c in range(1, 9)]] for p in range(points)]}
    return {f"{detector}_channel0{c}_xrf": [spectrum(c, p) for p in range(points)] for c in CHANNELS[detector]}


def channels_of(detector: str) -> list[int]:
    return CHANNELS.get(detector, list(range(1, 8)))


DETECTORS = ["1-element SDD", "4-element SDD", "7-element SDD", "Dante"]


def counted(detector: str, xdi: dict[str, Any] | None = None) -> list[Entry]:
    return make_run({**columns(detector), "I0": [1.0]}, start={"XDI": FE if xdi is None else xdi})


def xrf(detector: str, xdi: dict[str, Any] | None = None, **asked: Any) -> Figure:
    run = counted(detector, xdi)
    return build_last_figure(run, {"xrf": "plot", "uid": get_run_uid(run), **asked})


def check(trace: Any, counts: Array, first: float) -> None:
    start = round(first / 10)
    np.testing.assert_array_equal(trace.y, counts[start : start + len(trace.y)])
    np.testing.assert_array_equal(trace.x, np.arange(start, start + len(trace.y)) * 10.0)


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_sum_includes_all_channels_of_the_detector(detector: str) -> None:
    panel = get_only_panel(xrf(detector))
    (trace,) = panel.traces
    check(trace, np.sum([spectrum(c) for c in channels_of(detector)], axis=0), 2500.0)
    single = detector == "1-element SDD"
    assert trace.label == ("channel 8" if single else f"sum of {len(channels_of(detector))} channels")


@pytest.mark.parametrize("detector", DETECTORS)
def test_each_channel_is_labelled_with_its_own_number(detector: str) -> None:
    panel = get_only_panel(xrf(detector, add=False))
    assert [trace.label for trace in panel.traces] == [f"channel {c}" for c in channels_of(detector)]
    for trace, channel in zip(panel.traces, channels_of(detector), strict=True):
        check(trace, np.array(spectrum(channel)), 2500.0)


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_channel_can_be_selected(detector: str) -> None:
    for channel in channels_of(detector):
        (trace,) = get_only_panel(xrf(detector, only=channel)).traces
        assert trace.label == f"channel {channel}"
        check(trace, np.array(spectrum(channel)), 2500.0)


def test_a_missing_channel_is_noted() -> None:
    assert join_notes(xrf("4-element SDD", only=7)) == "no channel 7 in this run: it has 1, 2, 3, 4"


def test_no_element_means_no_line_and_a_wide_range() -> None:
    figure = xrf("4-element SDD", xdi={})
    panel = get_only_panel(figure)
    assert (figure.title, panel.lines) == ("", ())
    assert panel.traces[0].x[[0, -1]].tolist() == [2500.0, (BINS - 1) * 10.0]


def test_the_axes_are_labelled() -> None:
    figure = xrf("4-element SDD")
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label, panel.y_label) == ("Fe2O3", "Energy (eV)", "counts")


@pytest.mark.parametrize(
    ("symbol", "edge", "name", "energy"),
    [
        ("Fe", "K", "Fe Kα", 6400.8),
        ("Pt", "L3", "Pt Lα1", 9442.0),
        ("Pt", "L2", "Pt Lβ1", 11071.0),
        ("Pt", "L1", "Pt Lβ3", 11235.0),
    ],
)
def test_the_emission_line_of_an_edge_is_named(symbol: str, edge: str, name: str, energy: float) -> None:
    panel = get_only_panel(xrf("4-element SDD", xdi={"Element": {"symbol": symbol, "edge": edge}}))
    (line,) = panel.lines
    assert line.label == name
    assert line.x == pytest.approx(energy, abs=0.1)
    assert panel.traces[0].x[-1] == 10 * int((line.x + 2000.0) / 10)


def test_k_alpha_is_the_weighted_mean_of_its_lines() -> None:
    xraydb = pytest.importorskip("xraydb")
    lines = xraydb.xray_lines("Cu")
    found = find_emission_line("Cu", "K")
    assert found is not None
    assert found.energy == (2 * lines["Ka1"].energy + lines["Ka2"].energy) / 3


@pytest.mark.parametrize(("symbol", "edge"), [("Xx", "K"), ("Fe", "M5"), ("H", "L3"), ("", "")])
def test_an_element_without_a_line_shows_none(symbol: str, edge: str) -> None:
    assert find_emission_line(symbol, edge) is None


ENERGIES = [7000.0, 7050.0, 7100.0, 7150.0, 7200.0]


def inside(detector: str) -> list[Entry]:
    data = {"dcm_energy": ENERGIES, **columns(detector, len(ENERGIES))}
    return make_run(data, "xafs xs", start={"XDI": FE, "BMM_kafka": {"filename": "hematite"}})


def xrfat(detector: str, energy: Any, **asked: Any) -> Figure:
    run = inside(detector)
    return build_last_figure(run, {"xrfat": "start", "uid": get_run_uid(run), "energy": energy, **asked})


@pytest.mark.parametrize("detector", DETECTORS)
def test_all_channels_of_every_detector_are_summed(detector: str) -> None:
    figure = xrfat(detector, [-1])
    (trace,) = get_only_panel(figure).traces
    check(trace, np.sum([spectrum(c, 4) for c in channels_of(detector)], axis=0), 2500.0)
    assert figure.title == "hematite at 7200.0 eV"
    assert trace.x[-1] == 8700.0


@pytest.mark.parametrize(
    ("energy", "point"),
    [(-1, 4), (-5, 0), (0, 0), (2, 2), (4, 4), (7000, 0), (7101.0, 2), (7130.0, 3), (9000, 4), (5, 0), (2.5, 0)],
)
def test_a_point_is_chosen_by_its_index_or_by_an_energy(energy: float, point: int) -> None:
    """Zero or less: an index; below the number of points: an index; else the nearest energy."""
    (trace,) = get_only_panel(xrfat("7-element SDD", [energy], only=1)).traces
    check(trace, np.array(spectrum(1, point)), 2500.0)
    assert trace.label == f"{ENERGIES[point]:.1f} eV, channel 1"


@pytest.mark.parametrize(("asked", "point"), [(3.0, 1), (4.0, 2), (1.0, 1), (-1.0, 4)])
def test_a_number_from_the_first_energy_on_is_an_energy(asked: float, point: int) -> None:
    assert find_point(asked, np.array([2.0, 3.0, 4.0, 5.0, 6.0]), 5) == point


def test_several_energies_and_each_channel_are_shown() -> None:
    figure = xrfat("4-element SDD", [7000.0, 7200.0], add=False)
    traces = get_only_panel(figure).traces
    assert figure.title == "hematite at 7000.0, 7200.0 eV"
    assert [trace.label for trace in traces] == [f"{e} eV, channel {c}" for e in (7000.0, 7200.0) for c in (1, 2, 3, 4)]
    assert len({trace.key for trace in traces}) == len({trace.series for trace in traces}) == 8


def test_a_point_beyond_the_scan_is_noted_as_missing() -> None:
    assert join_notes(xrfat("4-element SDD", [-6])) == "no point -6 in a scan of 5"


def test_xmax_is_counted_from_the_incident_energy() -> None:
    (trace,) = get_only_panel(xrfat("4-element SDD", [0], xmax=300)).traces
    assert trace.x[-1] == 7300.0


def test_spectra_missing_in_documents_come_from_a_catalog() -> None:
    external = make_run({"I0": [1.0]}, start={"XDI": FE})
    message = {"xrf": "plot", "uid": get_run_uid(external)}
    assert join_notes(build_last_figure(external, message)).startswith("waiting for the spectra of run")
    assert "its documents do not hold them" in join_notes(build_last_figure(external, message))
    asked: list[str] = []

    def catalog(uid: str) -> Mapping[str, Array] | None:
        asked.append(uid)
        return {key: np.array(value) for key, value in columns("4-element SDD").items()}

    (trace,) = get_only_panel(build_last_figure(external, message, spectra_loader=catalog)).traces
    check(trace, np.sum([spectrum(c) for c in (1, 2, 3, 4)], axis=0), 2500.0)
    assert set(asked) == {get_run_uid(external)}


def test_an_old_run_is_read_from_a_catalog() -> None:
    message = {"xrfat": "start", "uid": "yesterday", "energy": [7050.0], "only": 3}
    assert "its documents are not known" in join_notes(build_last_figure(message))
    found = {key: np.array(value) for key, value in columns("7-element SDD", 5).items()}
    figure = build_last_figure(message, spectra_loader=lambda uid: {**found, "dcm_energy": np.array(ENERGIES)})
    check(get_only_panel(figure).traces[0], np.array(spectrum(3, 1)), 2500.0)
    assert figure.title == "run yesterda at 7050.0 eV"


def test_a_new_spectrum_replaces_the_previous_one() -> None:
    run = counted("4-element SDD")
    message = {"xrf": "plot", "uid": get_run_uid(run)}
    assert len(list_shown_figures(run, message, message)) == 1
    assert list_shown_figures(run, {"xrf": "write", "uid": get_run_uid(run), "filename": "x.xrf"}) == []


def test_a_message_before_its_run_shows_the_run_later() -> None:
    run = counted("4-element SDD")
    (trace,) = get_only_panel(build_last_figure({"xrf": "plot", "uid": get_run_uid(run)}, run)).traces
    assert trace.label == "sum of 4 channels"


def test_spectra_of_a_run_beyond_the_limit_are_dropped() -> None:
    run = inside("7-element SDD")
    board = _folded(run, BoardConfig(array_bytes=100_000))
    assert board.runs[get_run_uid(run)].arrays.size == 0
    assert board.runs[get_run_uid(run)].points.get_column("dcm_energy").tolist() == ENERGIES
    figure = build_figure(board, board.scans[-1])
    assert "too large to be kept in memory" in join_notes(figure)


def test_spectra_of_the_oldest_runs_are_dropped_first() -> None:
    one, two = inside("7-element SDD"), inside("7-element SDD")
    size = 7 * 5 * BINS * 4
    board = _folded([*one, *two], BoardConfig(all_array_bytes=size + 1000))
    assert [board.runs[get_run_uid(run)].arrays.size for run in (one, two)] == [0, size]


def _folded(entries: list[Entry], rules: BoardConfig) -> Board:
    from helpers.streams import fold, stamp_entries

    message = {"xrfat": "start", "uid": entries[0][1]["uid"], "energy": [-1]}
    return fold(stamp_entries([*entries, ("bmm", message)]), Board(rules))


def test_older_snapshots_of_arrays_do_not_change() -> None:
    before = EventArrays.create(("a",)).add_point(1, {"a": [1, 2]}, 1000)
    after = before.add_point(2, {"a": [3, 4]}, 1000)
    replaced = after.add_point(1, {"a": [9, 9]}, 1000)
    assert before.get_point(1)["a"].tolist() == after.get_point(1)["a"].tolist() == [1, 2]
    assert replaced.get_point(1)["a"].tolist() == [9, 9]
    assert (before.size, after.size, replaced.size) == (8, 16, 16)


@pytest.mark.parametrize("value", ["datum/0", None, [[1], [1, 2]], ["a"], [], 3.0])
def test_a_value_that_is_no_number_array_is_dropped(value: object) -> None:
    assert EventArrays.create(("a",)).add_point(1, {"a": value}, 1000).size == 0


def test_a_point_measured_again_replaces_its_spectrum() -> None:
    run = counted("4-element SDD")
    message = {"xrf": "plot", "uid": get_run_uid(run), "only": 1}
    board = fold_board(run, message)
    event = next(body for name, body in run if name == "event" and "I0" in body["data"])
    again = {**event, "data": {key: [7] * BINS if key != "I0" else 1.0 for key in event["data"]}}
    from xafs_workers.scans.items import RecordPosition

    after = board.apply(Document("event", again, 0.0, RecordPosition("d", 0, 99)))
    (trace,) = get_only_panel(build_figure(after, after.scans[-1])).traces
    assert set(trace.y.tolist()) == {7.0}
