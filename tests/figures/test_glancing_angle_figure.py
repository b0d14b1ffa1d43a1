"""Alignment of a spinner: each result, and the summary of the latest ones."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.alignment_curves import LINEAR_RESULT, SPINNER_START, assert_shows_fit, make_spinner_result
from helpers.figures import build_last_figure, get_only_panel, list_shown_figures

PITCH_RESULT = make_spinner_result("pitch", "xafs_pitch", 0.1, fit=False)
FLUO_RESULT = make_spinner_result("fluo", "xafs_y", 1.3, fit=False)


@pytest.mark.parametrize(
    ("result", "title", "x_label", "y_label", "cross"),
    [
        (
            LINEAR_RESULT,
            "fit to y scan, spinner 3, center=1.200",
            "xafs_y (mm)",
            "inverted It/I0 and error function",
            0.2,
        ),
        (PITCH_RESULT, "pitch scan, spinner 3, center=0.100", "xafs_pitch (deg)", "It/I0", 0.4),
        (FLUO_RESULT, "y scan, spinner 3, center=1.300", "xafs_y (mm)", "If/I0", 0.4),
    ],
)
def test_each_spinner_result_is_drawn(
    result: dict[str, Any], title: str, x_label: str, y_label: str, cross: float
) -> None:
    figure = build_last_figure(SPINNER_START, result)
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label, panel.y_label) == (title, x_label, y_label)
    assert_shows_fit(panel, (result["center"], cross), fit="best_fit" in result)


def test_the_spinner_summary_shows_the_latest_results() -> None:
    first = make_spinner_result("linear", "xafs_y", 9.9)
    figure = build_last_figure(
        SPINNER_START, first, PITCH_RESULT, LINEAR_RESULT, FLUO_RESULT, {"glancing_angle": "end"}
    )
    assert figure.title == "alignment of spinner 3"
    assert [(panel.key, panel.column) for panel in figure.panels] == [("linear", 0), ("pitch", 1), ("fluo", 2)]
    assert_shows_fit(figure.panels[0], (1.2, 0.2))
    assert_shows_fit(figure.panels[1], (0.1, 0.4), fit=False)
    assert_shows_fit(figure.panels[2], (1.3, 0.4), fit=False)


def test_auto_align_ends_with_the_summary_on_show() -> None:
    entries: list[Any] = [SPINNER_START]
    for result in (LINEAR_RESULT, PITCH_RESULT, LINEAR_RESULT, PITCH_RESULT):
        entries += [{"close": "last"}, {"linescan": "start", "motor": "xafs_y", "detector": "it"}]
        entries += [{"linescan": "stop"}, {"resting_state": True}, {"close": "last"}, result]
    entries += [{"close": "last"}, FLUO_RESULT, {"close": "last"}, {"glancing_angle": "stop"}]
    assert list_shown_figures(*entries) == [("glancing_angle", "alignment of spinner 3")]
