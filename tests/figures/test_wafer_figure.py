"""The edge of a wafer with its fit."""

from __future__ import annotations

from helpers.alignment_curves import assert_shows_fit, make_wafer_result
from helpers.figures import build_last_figure, get_only_panel, list_shown_figures


def test_the_wafer_edge_is_drawn() -> None:
    figure = build_last_figure(make_wafer_result())
    panel = get_only_panel(figure)
    assert figure.title == "Wafer edge: x scan, center=3.4"
    assert (panel.x_label, panel.y_label) == ("xafs_x (mm)", "It/I0 and error function")
    assert_shows_fit(panel, (3.4, 0.1))
    assert len(list_shown_figures(make_wafer_result(), make_wafer_result(motor="xafs_y"))) == 1
