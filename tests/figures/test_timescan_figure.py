"""Time scans: drawn from the time of their first point."""

from __future__ import annotations

from helpers.detector_columns import DETECTOR_COLUMNS
from helpers.figures import build_last_figure, get_only_panel, make_run


def test_a_time_scan_starts_at_the_time_of_its_first_point() -> None:
    figure = build_last_figure(
        {"timescan": "start", "detector": "it"},
        make_run({"I0": DETECTOR_COLUMNS["I0"], "It": DETECTOR_COLUMNS["It"]}, "timescan It"),
    )
    panel = get_only_panel(figure)
    assert (figure.title, panel.x_label) == ("time scan", "time (s)")
    assert panel.traces[0].x.tolist() == [0.0, 1.0, 2.0, 3.0]
