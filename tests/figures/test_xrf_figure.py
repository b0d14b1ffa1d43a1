"""Fluorescence spectra: every detector, each channel, the right names of emission lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from helpers.fluorescence_spectra import (
    BINS,
    DETECTORS,
    FE,
    assert_shows_counts,
    list_channels,
    make_counted_run,
    make_counts,
    make_spectrum_columns,
)
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Array, Figure
from xafs_workers.scans.items import Document


def build_xrf_figure(detector: str, xdi: dict[str, Any] | None = None, **asked: Any) -> Figure:
    run = make_counted_run(detector, xdi)
    return build_last_figure(run, {"xrf": "plot", "uid": get_run_uid(run), **asked})


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_sum_includes_all_channels_of_the_detector(detector: str) -> None:
    panel = get_only_panel(build_xrf_figure(detector))
    (trace,) = panel.traces
    assert_shows_counts(trace, np.sum([make_counts(c) for c in list_channels(detector)], axis=0), 2500.0)
    single = detector == "1-element SDD"
    assert trace.label == ("channel 8" if single else f"sum of {len(list_channels(detector))} channels")


@pytest.mark.parametrize("detector", DETECTORS)
def test_each_channel_is_labelled_with_its_own_number(detector: str) -> None:
    panel = get_only_panel(build_xrf_figure(detector, add=False))
    assert [trace.label for trace in panel.traces] == [f"channel {c}" for c in list_channels(detector)]
    for trace, channel in zip(panel.traces, list_channels(detector), strict=True):
        assert_shows_counts(trace, np.array(make_counts(channel)), 2500.0)


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_channel_can_be_selected(detector: str) -> None:
    for channel in list_channels(detector):
        (trace,) = get_only_panel(build_xrf_figure(detector, only=channel)).traces
        assert trace.label == f"channel {channel}"
        assert_shows_counts(trace, np.array(make_counts(channel)), 2500.0)


def test_a_missing_channel_is_noted() -> None:
    assert join_notes(build_xrf_figure("4-element SDD", only=7)) == "no channel 7 in this run: it has 1, 2, 3, 4"


def test_no_element_means_no_line_and_a_wide_range() -> None:
    figure = build_xrf_figure("4-element SDD", xdi={})
    panel = get_only_panel(figure)
    assert panel.lines == ()
    assert panel.traces[0].x[[0, -1]].tolist() == [2500.0, (BINS - 1) * 10.0]


def test_a_run_without_metadata_is_named_by_what_is_known() -> None:
    """By its plan, number and detectors, else by its uid."""
    run = make_run(make_spectrum_columns("4-element SDD"), start={"plan_name": "count", "scan_id": 1234})
    message = {"xrf": "plot", "uid": get_run_uid(run)}
    assert build_last_figure(run, message).title.startswith("spectrum of count #1234")
    with_detectors = make_run(
        make_spectrum_columns("4-element SDD"),
        start={"plan_name": "count", "scan_id": 1234, "detectors": ["xspress", "ion chambers"]},
    )
    figure = build_last_figure(with_detectors, {"xrf": "plot", "uid": get_run_uid(with_detectors)})
    assert figure.title == "spectrum of count #1234, xspress, ion chambers"
    assert build_last_figure({"xrf": "plot", "uid": "f" * 36}).title == "spectrum of run ffffffff"


def test_the_axes_are_labelled() -> None:
    figure = build_xrf_figure("4-element SDD")
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label, panel.y_label) == ("Fe2O3", "energy (eV)", "counts")


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
    panel = get_only_panel(build_xrf_figure("4-element SDD", xdi={"Element": {"symbol": symbol, "edge": edge}}))
    (line,) = panel.lines
    assert line.label == name
    assert line.x == pytest.approx(energy, abs=0.1)
    assert panel.traces[0].x[-1] == 10 * int((line.x + 2000.0) / 10)


def test_spectra_missing_in_documents_come_from_a_catalog() -> None:
    external = make_run({"I0": [1.0]}, start={"XDI": FE})
    message = {"xrf": "plot", "uid": get_run_uid(external)}
    assert join_notes(build_last_figure(external, message)).startswith("waiting for the spectra of run")
    assert "its documents do not hold them" in join_notes(build_last_figure(external, message))
    asked: list[str] = []

    def catalog(uid: str) -> Mapping[str, Array] | None:
        asked.append(uid)
        return {key: np.array(value) for key, value in make_spectrum_columns("4-element SDD").items()}

    (trace,) = get_only_panel(build_last_figure(external, message, spectra_loader=catalog)).traces
    assert_shows_counts(trace, np.sum([make_counts(c) for c in (1, 2, 3, 4)], axis=0), 2500.0)
    assert set(asked) == {get_run_uid(external)}


def test_a_new_spectrum_replaces_the_previous_one() -> None:
    run = make_counted_run("4-element SDD")
    message = {"xrf": "plot", "uid": get_run_uid(run)}
    assert len(list_shown_figures(run, message, message)) == 1
    assert list_shown_figures(run, {"xrf": "write", "uid": get_run_uid(run), "filename": "x.xrf"}) == []


def test_a_message_before_its_run_shows_the_run_later() -> None:
    run = make_counted_run("4-element SDD")
    (trace,) = get_only_panel(build_last_figure({"xrf": "plot", "uid": get_run_uid(run)}, run)).traces
    assert trace.label == "sum of 4 channels"


def test_a_point_measured_again_replaces_its_spectrum() -> None:
    run = make_counted_run("4-element SDD")
    message = {"xrf": "plot", "uid": get_run_uid(run), "only": 1}
    board = fold_board(run, message)
    event = next(body for name, body in run if name == "event" and "I0" in body["data"])
    again = {**event, "data": {key: [7] * BINS if key != "I0" else 1.0 for key in event["data"]}}
    from xafs_workers.scans.items import RecordPosition

    after = board.apply(Document("event", again, 0.0, RecordPosition("d", 0, 99)))
    (trace,) = get_only_panel(build_figure(after, after.scans[-1])).traces
    assert set(trace.y.tolist()) == {7.0}


REGIONS = {("Fe", "K"): (6260.0, 6540.0)}
CUT = {**FE, "_pccenergy": 7412.0}


def build_figure_with_regions(xdi: dict[str, Any], **asked: Any) -> Figure:
    run = make_counted_run("4-element SDD", xdi)
    board = fold_board(run, {"xrf": "plot", "uid": get_run_uid(run), **asked})
    return build_figure(replace(board, config=replace(board.config, regions=REGIONS)), board.scans[-1])


def test_each_spectrum_has_a_rectangle_around_its_region() -> None:
    traces = get_only_panel(build_figure_with_regions(CUT, add=False)).traces
    spectra, regions = traces[:4], traces[4:]
    assert [trace.label for trace in regions] == ["Fe Kα ROI", "", "", ""]
    for spectrum, region in zip(spectra, regions, strict=True):
        assert region.x.tolist() == [6260.0, 6260.0, 6540.0, 6540.0, 6260.0]
        inside = spectrum.y[(spectrum.x >= 6260.0) & (spectrum.x <= 6540.0)]
        assert region.y.tolist() == [0.0, inside.max(), inside.max(), 0.0, 0.0]


@pytest.mark.parametrize(
    ("xdi", "asked"),
    [
        (CUT, {"show_roi": False}),
        ({**CUT, "Element": {"symbol": "Pb", "edge": "L3"}}, {}),
        ({}, {}),
    ],
)
def test_a_spectrum_without_a_region_is_drawn_alone(xdi: dict[str, Any], asked: dict[str, Any]) -> None:
    assert len(get_only_panel(build_figure_with_regions(xdi, **asked)).traces) == 1


def test_the_incident_energy_is_shown_and_limits_the_axis() -> None:
    figure = build_figure_with_regions(CUT)
    assert figure.title == "Fe2O3, incident energy = 7412.0 eV"
    spectrum = get_only_panel(figure).traces[0]
    assert (spectrum.x[0], spectrum.x[-1]) == (2500.0, 7910.0)
