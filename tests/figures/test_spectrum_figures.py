"""Fluorescence spectra: every detector, every way to name an energy, the right names of lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from helpers.figures import a_run, board_of, on_show, only_panel, said, shown, uid_of
from helpers.streams import Entry
from xafs_workers.elements import emission_line
from xafs_workers.figures.figure_builder import figure_of
from xafs_workers.figures.model import Array, Figure
from xafs_workers.scans.arrays import Arrays
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Document
from xafs_workers.scans.mca import point_at

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
    return a_run({**columns(detector), "I0": [1.0]}, start={"XDI": FE if xdi is None else xdi})


def xrf(detector: str, xdi: dict[str, Any] | None = None, **asked: Any) -> Figure:
    run = counted(detector, xdi)
    return shown(run, {"xrf": "plot", "uid": uid_of(run), **asked})


def check(trace: Any, counts: Array, first: float) -> None:
    start = round(first / 10)
    np.testing.assert_array_equal(trace.y, counts[start : start + len(trace.y)])
    np.testing.assert_array_equal(trace.x, np.arange(start, start + len(trace.y)) * 10.0)


@pytest.mark.parametrize("detector", DETECTORS)
def test_l20_the_sum_is_that_of_all_channels_of_the_detector(detector: str) -> None:
    panel = only_panel(xrf(detector))
    (trace,) = panel.traces
    check(trace, np.sum([spectrum(c) for c in channels_of(detector)], axis=0), 2500.0)
    single = detector == "1-element SDD"
    assert trace.label == ("channel 8" if single else f"sum of {len(channels_of(detector))} channels")


@pytest.mark.parametrize("detector", DETECTORS)
def test_l20_each_channel_is_labelled_with_its_own_number(detector: str) -> None:
    panel = only_panel(xrf(detector, add=False))
    assert [trace.label for trace in panel.traces] == [f"channel {c}" for c in channels_of(detector)]
    for trace, channel in zip(panel.traces, channels_of(detector), strict=True):
        check(trace, np.array(spectrum(channel)), 2500.0)


@pytest.mark.parametrize("detector", DETECTORS)
def test_l20_every_channel_can_be_selected(detector: str) -> None:
    for channel in channels_of(detector):
        (trace,) = only_panel(xrf(detector, only=channel)).traces
        assert trace.label == f"channel {channel}"
        check(trace, np.array(spectrum(channel)), 2500.0)


def test_l20_a_channel_that_is_not_there_is_said_to_be_missing() -> None:
    assert said(xrf("4-element SDD", only=7)) == "no channel 7 in this run: it has 1, 2, 3, 4"


def test_l20_without_an_element_there_is_no_line_and_the_range_is_wide() -> None:
    figure = xrf("4-element SDD", xdi={})
    panel = only_panel(figure)
    assert (figure.title, panel.lines) == ("", ())
    assert panel.traces[0].x[[0, -1]].tolist() == [2500.0, (BINS - 1) * 10.0]


def test_l25_the_axes_are_labelled() -> None:
    figure = xrf("4-element SDD")
    panel = only_panel(figure)
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
def test_l20_the_line_of_an_edge_is_named_rightly(symbol: str, edge: str, name: str, energy: float) -> None:
    panel = only_panel(xrf("4-element SDD", xdi={"Element": {"symbol": symbol, "edge": edge}}))
    (line,) = panel.lines
    assert line.label == name
    assert line.x == pytest.approx(energy, abs=0.1)
    assert panel.traces[0].x[-1] == 10 * int((line.x + 2000.0) / 10)


def test_k_alpha_is_the_weighted_mean() -> None:
    xraydb = pytest.importorskip("xraydb")
    lines = xraydb.xray_lines("Cu")
    found = emission_line("Cu", "K")
    assert found is not None
    assert found.energy == (2 * lines["Ka1"].energy + lines["Ka2"].energy) / 3


@pytest.mark.parametrize(("symbol", "edge"), [("Xx", "K"), ("Fe", "M5"), ("H", "L3"), ("", "")])
def test_where_there_is_no_line_there_is_none(symbol: str, edge: str) -> None:
    assert emission_line(symbol, edge) is None


ENERGIES = [7000.0, 7050.0, 7100.0, 7150.0, 7200.0]


def inside(detector: str) -> list[Entry]:
    data = {"dcm_energy": ENERGIES, **columns(detector, len(ENERGIES))}
    return a_run(data, "xafs xs", start={"XDI": FE, "BMM_kafka": {"filename": "hematite"}})


def xrfat(detector: str, energy: Any, **asked: Any) -> Figure:
    run = inside(detector)
    return shown(run, {"xrfat": "start", "uid": uid_of(run), "energy": energy, **asked})


@pytest.mark.parametrize("detector", DETECTORS)
def test_l21_all_channels_of_every_detector_are_summed(detector: str) -> None:
    figure = xrfat(detector, [-1])
    (trace,) = only_panel(figure).traces
    check(trace, np.sum([spectrum(c, 4) for c in channels_of(detector)], axis=0), 2500.0)
    assert figure.title == "hematite at 7200.0 eV"
    assert trace.x[-1] == 8700.0


@pytest.mark.parametrize(
    ("energy", "point"),
    [(-1, 4), (-5, 0), (0, 0), (2, 2), (4, 4), (7000, 0), (7101.0, 2), (7130.0, 3), (9000, 4), (5, 0), (2.5, 0)],
)
def test_l21_a_point_is_named_by_its_index_or_by_an_energy(energy: float, point: int) -> None:
    """Zero or less: an index; below the number of points: an index; else the nearest energy."""
    (trace,) = only_panel(xrfat("7-element SDD", [energy], only=1)).traces
    check(trace, np.array(spectrum(1, point)), 2500.0)
    assert trace.label == f"{ENERGIES[point]:.1f} eV, channel 1"


@pytest.mark.parametrize(("asked", "point"), [(3.0, 1), (4.0, 2), (1.0, 1), (-1.0, 4)])
def test_l21_a_number_that_is_not_below_the_first_energy_is_an_energy(asked: float, point: int) -> None:
    assert point_at(asked, np.array([2.0, 3.0, 4.0, 5.0, 6.0]), 5) == point


def test_l21_several_energies_and_each_channel() -> None:
    figure = xrfat("4-element SDD", [7000.0, 7200.0], add=False)
    traces = only_panel(figure).traces
    assert figure.title == "hematite at 7000.0, 7200.0 eV"
    assert [trace.label for trace in traces] == [f"{e} eV, channel {c}" for e in (7000.0, 7200.0) for c in (1, 2, 3, 4)]
    assert len({trace.key for trace in traces}) == len({trace.series for trace in traces}) == 8


def test_l21_a_point_beyond_the_scan_is_said_to_be_missing() -> None:
    assert said(xrfat("4-element SDD", [-6])) == "no point -6 in a scan of 5"


def test_xmax_is_how_far_beyond_the_incident_energy() -> None:
    (trace,) = only_panel(xrfat("4-element SDD", [0], xmax=300)).traces
    assert trace.x[-1] == 7300.0


def test_spectra_that_documents_do_not_hold_come_from_a_catalog_or_are_waited_for() -> None:
    external = a_run({"I0": [1.0]}, start={"XDI": FE})
    message = {"xrf": "plot", "uid": uid_of(external)}
    assert said(shown(external, message)).startswith("waiting for the spectra of run")
    assert "its documents do not hold them" in said(shown(external, message))
    asked: list[str] = []

    def catalog(uid: str) -> Mapping[str, Array] | None:
        asked.append(uid)
        return {key: np.array(value) for key, value in columns("4-element SDD").items()}

    (trace,) = only_panel(shown(external, message, spectra_of=catalog)).traces
    check(trace, np.sum([spectrum(c) for c in (1, 2, 3, 4)], axis=0), 2500.0)
    assert set(asked) == {uid_of(external)}


def test_a_run_of_yesterday_is_read_from_a_catalog() -> None:
    message = {"xrfat": "start", "uid": "yesterday", "energy": [7050.0], "only": 3}
    assert "its documents are not known" in said(shown(message))
    found = {key: np.array(value) for key, value in columns("7-element SDD", 5).items()}
    figure = shown(message, spectra_of=lambda uid: {**found, "dcm_energy": np.array(ENERGIES)})
    check(only_panel(figure).traces[0], np.array(spectrum(3, 1)), 2500.0)
    assert figure.title == "run yesterda at 7050.0 eV"


def test_a_new_spectrum_takes_the_place_of_the_one_before() -> None:
    run = counted("4-element SDD")
    message = {"xrf": "plot", "uid": uid_of(run)}
    assert len(on_show(run, message, message)) == 1
    assert on_show(run, {"xrf": "write", "uid": uid_of(run), "filename": "x.xrf"}) == []


def test_a_message_before_its_run_shows_it_when_it_comes() -> None:
    run = counted("4-element SDD")
    (trace,) = only_panel(shown({"xrf": "plot", "uid": uid_of(run)}, run)).traces
    assert trace.label == "sum of 4 channels"


def test_spectra_of_one_run_are_dropped_beyond_the_limit_and_it_is_said() -> None:
    run = inside("7-element SDD")
    board = _folded(run, Rules(array_bytes=100_000))
    assert board.runs[uid_of(run)].arrays.size == 0
    assert board.runs[uid_of(run)].points.column("dcm_energy").tolist() == ENERGIES
    figure = figure_of(board, board.scans[-1])
    assert "too large to be kept in memory" in said(figure)


def test_the_oldest_runs_lose_their_spectra_when_all_take_too_much() -> None:
    one, two = inside("7-element SDD"), inside("7-element SDD")
    size = 7 * 5 * BINS * 4
    board = _folded([*one, *two], Rules(all_array_bytes=size + 1000))
    assert [board.runs[uid_of(run)].arrays.size for run in (one, two)] == [0, size]


def _folded(entries: list[Entry], rules: Rules) -> Board:
    from helpers.streams import fold, items_of

    message = {"xrfat": "start", "uid": entries[0][1]["uid"], "energy": [-1]}
    return fold(items_of([*entries, ("bmm", message)]), Board(rules))


def test_older_snapshots_of_arrays_stay_true() -> None:
    before = Arrays.of(("a",)).with_point(1, {"a": [1, 2]}, 1000)
    after = before.with_point(2, {"a": [3, 4]}, 1000)
    replaced = after.with_point(1, {"a": [9, 9]}, 1000)
    assert before.at(1)["a"].tolist() == after.at(1)["a"].tolist() == [1, 2]
    assert replaced.at(1)["a"].tolist() == [9, 9]
    assert (before.size, after.size, replaced.size) == (8, 16, 16)


@pytest.mark.parametrize("value", ["datum/0", None, [[1], [1, 2]], ["a"], [], 3.0])
def test_what_is_no_array_of_numbers_is_not_kept(value: object) -> None:
    assert Arrays.of(("a",)).with_point(1, {"a": value}, 1000).size == 0


def test_a_point_measured_again_replaces_its_spectrum() -> None:
    run = counted("4-element SDD")
    message = {"xrf": "plot", "uid": uid_of(run), "only": 1}
    board = board_of(run, message)
    event = next(body for name, body in run if name == "event" and "I0" in body["data"])
    again = {**event, "data": {key: [7] * BINS if key != "I0" else 1.0 for key in event["data"]}}
    from xafs_workers.scans.items import Origin

    after = board.apply(Document("event", again, 0.0, Origin("d", 0, 99)))
    (trace,) = only_panel(figure_of(after, after.scans[-1])).traces
    assert set(trace.y.tolist()) == {7.0}
