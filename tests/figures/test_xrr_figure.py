"""Reflectivity scans: counts, reflectivity on a logarithmic axis, and the notes beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.figures import build_last_figure, join_notes, make_run
from helpers.goniometer import REFLECTIVITY, change_reflectivity, compute_expected_reflectivity
from xafs_workers.figures.model import Figure, Panel

START = {"xrr": "start", "title": "film a"}


def build(columns: dict[str, Any]) -> Figure:
    return build_last_figure(START, make_run(columns, motors=["eta"]))


def get_values(panel: Panel) -> dict[str, list[float]]:
    return {trace.key: trace.y.tolist() for trace in panel.traces}


def test_counts_are_left_and_reflectivity_is_right() -> None:
    counts, reflectivity = build(REFLECTIVITY).panels
    assert get_values(counts) == {key: REFLECTIVITY[key] for key in ("dir", "refl", "max_counts")}
    assert (counts.y_scale, reflectivity.y_scale, reflectivity.column) == ("linear", "log", 1)
    found = reflectivity.traces[-1]
    np.testing.assert_allclose(found.y, compute_expected_reflectivity(), rtol=1e-13)
    assert found.x.tolist() == REFLECTIVITY["eta"]


def test_a_scan_without_points_says_so() -> None:
    assert (
        join_notes(build_last_figure(START, {"xrr": "stop", "uid": ""}))
        == "no run started between its messages no points"
    )


def test_the_counting_error_is_drawn_as_two_bounds() -> None:
    found = get_values(build(REFLECTIVITY).get_panel("reflectivity"))
    expected = compute_expected_reflectivity()
    error = expected * np.sqrt(1 / np.array(REFLECTIVITY["monitor"]) + 1 / np.array(REFLECTIVITY["refl"]))
    np.testing.assert_allclose(found["upper"], expected + error, rtol=1e-13)
    np.testing.assert_allclose(found["lower"], expected - error, rtol=1e-13)


def test_points_without_counts_are_gaps_with_a_note() -> None:
    panel = build(change_reflectivity(refl=[400.0, 0.0, 80.0, 0.0])).get_panel("reflectivity")
    assert np.isnan(panel.traces[-1].y).tolist() == [False, True, False, True]
    assert all(not (trace.y <= 0).any() for trace in panel.traces)
    assert "2 points at zero" in panel.title


def test_readings_of_the_baseline_are_no_points() -> None:
    run = make_run(REFLECTIVITY, motors=["eta"])
    assert sum(name == "event" for name, _ in run) == 6, "two readings of the baseline"
    assert len(build_last_figure(START, run).panels[0].traces[0].x) == 4


def test_a_saturated_pixel_colours_the_panel() -> None:
    for largest, warned in ((120_000.0, False), (120_001.0, True)):
        panel = build(change_reflectivity(max_counts=[1.0, largest, 2.0, 3.0])).get_panel("counts")
        assert panel.has_warning == warned
        assert ("may be saturated" in panel.title) == warned


def test_a_run_without_regions_shows_all_pixels() -> None:
    figure = build(change_reflectivity(dir=None, refl=None, max_counts=None))
    assert get_values(figure.get_panel("counts")) == {"mca_full": REFLECTIVITY["mca_full"]}
    assert "no refl in this run" in join_notes(figure)


def test_a_run_without_dwell_time_is_drawn_with_a_note() -> None:
    figure = build(change_reflectivity(dwti_dwell_time=None))
    assert len(figure.get_panel("reflectivity").traces[-1].x) == 4
    assert "not divided by the dwell time" in figure.get_panel("reflectivity").title
