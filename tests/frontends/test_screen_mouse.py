"""What a hand on the mouse does to the figures: zoom, double click, pluck, read-out."""

from __future__ import annotations

import os

import pytest

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from helpers.examples import AREASCAN
from helpers.screen import LEFT, LINE, TIME, XAFS, Desk, line, repetition, settle
from helpers.streams import Entry, run_documents


def raster() -> list[Entry]:
    places = [(x, y) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)]
    columns = {
        "xafs_x": [x for x, _ in places],
        "xafs_y": [y for _, y in places],
        "I0": [1.0] * 6,
        "It": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
    return list(run_documents(hint=None, motors=["xafs_y", "xafs_x"], columns=columns))


def test_a_zoom_survives_points_and_a_double_click_gives_the_view_back(desk: Desk) -> None:
    run = line(200)
    desk.hear(("bmm", LINE), *run[:60])
    desk.press_tool("Zoom")
    desk.drag(desk.pixel("signal", 10.0, 0.7), desk.pixel("signal", 20.0, 1.2))
    desk.press_tool("Zoom")
    zoomed = desk.axes.get_xlim(), desk.axes.get_ylim()
    assert zoomed[0] == pytest.approx((10.0, 20.0), abs=0.5)
    desk.hear(*run[60:])
    assert (desk.axes.get_xlim(), desk.axes.get_ylim()) == zoomed
    QTest.mouseDClick(desk.sheet.canvas, LEFT, pos=desk.pixel("signal", 15.0, 0.9))
    settle()
    assert desk.axes.get_xlim()[0] <= 0.0
    assert desk.axes.get_xlim()[1] >= 199.0
    assert desk.no_click_comes()


def test_home_follows_the_data_again(desk: Desk) -> None:
    run = line(200)
    desk.hear(("bmm", LINE), *run[:60])
    desk.press_tool("Zoom")
    desk.drag(desk.pixel("signal", 10.0, 0.7), desk.pixel("signal", 20.0, 1.2))
    desk.hear(*run[60:100])
    desk.press_tool("Home")
    desk.hear(*run[100:])
    assert desk.axes.get_xlim()[1] >= 199.0


def test_a_double_click_works_while_a_tool_is_chosen(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(60))
    desk.press_tool("Zoom")
    desk.drag(desk.pixel("signal", 10.0, 0.7), desk.pixel("signal", 20.0, 1.2))
    QTest.mouseDClick(desk.sheet.canvas, LEFT, pos=desk.pixel("signal", 15.0, 0.9))
    settle()
    assert desk.axes.get_xlim()[1] >= 59.0


def test_a_click_plucks_a_position(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    QTest.mouseClick(desk.sheet.canvas, LEFT, pos=desk.pixel("signal", 12.0, 1.0))
    click = desk.wait_for_click()
    (scan,) = desk.board.scans
    assert click.pop("position") == pytest.approx(12.0, abs=0.1)
    assert click == {"figure": scan.id, "run": scan.runs[0], "motor": "xafs_x"}
    assert desk.sheet.toolbar.locLabel.text().startswith("picked xafs_x = 1")


def test_a_click_on_a_map_plucks_two_positions(desk: Desk) -> None:
    grid = {"fast_steps": 3, "slow_steps": 2, "fast_motor": "xafs_x", "slow_motor": "xafs_y", "detector": "It"}
    grid |= {"fast_start": 0.0, "fast_stop": 2.0, "slow_start": 0.0, "slow_stop": 1.0}
    desk.hear(("bmm", {**AREASCAN, **grid, "fast_initial": 0.0, "slow_initial": 0.0}), *raster())
    (panel,) = [view.key for view in desk.sheet.drawing.model.panels if view.meshes]  # type: ignore[union-attr]
    QTest.mouseMove(desk.sheet.canvas, desk.pixel(panel, 2.0, 1.0))
    settle()
    assert desk.sheet.toolbar.locLabel.text().endswith("It/I0 6")
    QTest.mouseClick(desk.sheet.canvas, LEFT, pos=desk.pixel(panel, 2.0, 1.0))
    click = desk.wait_for_click()
    assert (click["motor"], click["motor2"]) == ("xafs_x", "xafs_y")
    assert (click["position"], click["position2"]) == pytest.approx((2.0, 1.0), abs=0.05)


def test_a_click_in_a_window_of_its_own_is_that_figures(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    sheet = desk.sheet
    desk.press_tool("own window")
    desk.hear(("bmm", LINE | {"motor": "xafs_y"}), *line(30, motor="xafs_y"))
    QTest.mouseClick(sheet.canvas, LEFT, pos=desk.pixel("signal", 12.0, 1.0, sheet))
    assert desk.wait_for_click()["motor"] == "xafs_x"


@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton])
def test_other_buttons_pluck_nothing(button: Qt.MouseButton, desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    QTest.mouseClick(desk.sheet.canvas, button, pos=desk.pixel("signal", 12.0, 1.0))
    assert desk.no_click_comes()


def test_clicks_outside_axes_and_drags_pluck_nothing(desk: Desk) -> None:
    """L19: a click outside the axes of a map raised."""
    desk.hear(("bmm", LINE), *line(30))
    QTest.mouseClick(desk.sheet.canvas, LEFT, pos=QPoint(2, 2))
    desk.drag(desk.pixel("signal", 5.0, 0.7), desk.pixel("signal", 15.0, 1.2))
    desk.drag(desk.pixel("signal", 5.0, 0.7), QPoint(2, 2))
    assert desk.no_click_comes()


@pytest.mark.parametrize("tool", ["Zoom", "Pan"])
def test_a_click_while_a_tool_is_chosen_plucks_nothing(tool: str, desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    desk.press_tool(tool)
    QTest.mouseClick(desk.sheet.canvas, LEFT, pos=desk.pixel("signal", 12.0, 1.0))
    desk.drag(desk.pixel("signal", 5.0, 0.7), desk.pixel("signal", 15.0, 1.2))
    assert desk.no_click_comes()


@pytest.mark.parametrize("start", [TIME, XAFS])
def test_a_click_on_a_time_scan_or_a_spectrum_plucks_nothing(start: dict[str, object], desk: Desk) -> None:
    desk.hear(("bmm", start), *(repetition(1) if start is XAFS else line(3, motor="time")))
    panel = desk.sheet.drawing.model.panels[0].key  # type: ignore[union-attr]
    x, y = (sum(limits) / 2 for limits in (desk.sheet.drawing.axes_of(panel).get_xlim(), (0.0, 0.1)))
    QTest.mouseClick(desk.sheet.canvas, LEFT, pos=desk.pixel(panel, x, y))
    assert desk.no_click_comes()


def test_a_figure_closed_under_the_hand_plucks_nothing(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    QTest.mouseClick(desk.sheet.canvas, LEFT, pos=desk.pixel("signal", 12.0, 1.0))
    desk.hear(("bmm", {"close": "all"}))
    assert desk.no_click_comes()


def test_the_cursor_reads_energy_k_and_signal(desk: Desk) -> None:
    desk.hear(("bmm", XAFS), *repetition(1))
    QTest.mouseMove(desk.sheet.canvas, desk.pixel("transmission", 7162.0, 0.0))
    settle()
    text = desk.sheet.toolbar.locLabel.text()
    assert text.startswith("energy (eV) 716")
    assert "E-E0 +" in text
    assert "k 3.6" in text or "k 3.5" in text
    QTest.mouseMove(desk.sheet.canvas, QPoint(1, 1))
    settle()
    assert desk.sheet.toolbar.locLabel.text() == ""


def test_the_toolbar_configures_nothing_and_home_is_the_first(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(3))
    texts = [action.text() for action in desk.sheet.toolbar.actions() if action.text()]
    assert texts == ["Home", "Back", "Forward", "Pan", "Zoom", "Save", "own window"]
