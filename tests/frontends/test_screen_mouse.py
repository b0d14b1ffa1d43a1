"""Test mouse actions on the figures: zoom, double click, picking a position, read-out."""

from __future__ import annotations

import os

import pytest

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from helpers.examples import AREASCAN
from helpers.screen import LEFT, LINE, TIME, XAFS, ScreenHarness, make_line_scan, make_repetition, process_events
from helpers.streams import Entry, build_run_documents
from xafs_workers.figures.figure_builder import build_figure


def raster() -> list[Entry]:
    places = [(x, y) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)]
    columns = {
        "xafs_x": [x for x, _ in places],
        "xafs_y": [y for _, y in places],
        "I0": [1.0] * 6,
        "It": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
    return list(build_run_documents(hint=None, motors=["xafs_y", "xafs_x"], columns=columns))


@pytest.mark.slow
def test_a_zoom_stays_until_a_double_click_resets_it(desk: ScreenHarness) -> None:
    run = make_line_scan(200)
    desk.add_entries(("bmm", LINE), *run[:60])
    desk.press_tool("Zoom")
    desk.drag(desk.find_pixel("signal", 10.0, 0.7), desk.find_pixel("signal", 20.0, 1.2))
    desk.press_tool("Zoom")
    zoomed = desk.axes.get_xlim(), desk.axes.get_ylim()
    assert zoomed[0] == pytest.approx((10.0, 20.0), abs=0.5)
    desk.add_entries(*run[60:])
    assert (desk.axes.get_xlim(), desk.axes.get_ylim()) == zoomed
    QTest.mouseDClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel("signal", 15.0, 0.9))
    process_events()
    assert desk.axes.get_xlim()[0] <= 0.0
    assert desk.axes.get_xlim()[1] >= 199.0
    assert desk.has_no_click()


@pytest.mark.slow
def test_the_home_button_follows_the_data_again(desk: ScreenHarness) -> None:
    run = make_line_scan(200)
    desk.add_entries(("bmm", LINE), *run[:60])
    desk.press_tool("Zoom")
    desk.drag(desk.find_pixel("signal", 10.0, 0.7), desk.find_pixel("signal", 20.0, 1.2))
    desk.add_entries(*run[60:100])
    desk.press_tool("Home")
    desk.add_entries(*run[100:])
    assert desk.axes.get_xlim()[1] >= 199.0


def test_a_double_click_works_while_a_tool_is_active(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(60))
    desk.press_tool("Zoom")
    desk.drag(desk.find_pixel("signal", 10.0, 0.7), desk.find_pixel("signal", 20.0, 1.2))
    QTest.mouseDClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel("signal", 15.0, 0.9))
    process_events()
    assert desk.axes.get_xlim()[1] >= 59.0


def test_a_click_picks_a_position(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    QTest.mouseClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel("signal", 12.0, 1.0))
    click = desk.wait_for_click()
    (scan,) = desk.board.scans
    assert click.pop("position") == pytest.approx(12.0, abs=0.1)
    assert click == {"figure": scan.id, "run": scan.run_uids[0], "motor": "xafs_x"}
    assert desk.figure_tab.toolbar.locLabel.text().startswith("picked xafs_x = 1")


def test_a_click_on_a_map_picks_two_positions(desk: ScreenHarness) -> None:
    grid = {"fast_steps": 3, "slow_steps": 2, "fast_motor": "xafs_x", "slow_motor": "xafs_y", "detector": "It"}
    grid |= {"fast_start": 0.0, "fast_stop": 2.0, "slow_start": 0.0, "slow_stop": 1.0}
    desk.add_entries(("bmm", {**AREASCAN, **grid, "fast_initial": 0.0, "slow_initial": 0.0}), *raster())
    (panel,) = [view.key for view in desk.figure_tab.drawing.model.panels if view.meshes]  # type: ignore[union-attr]
    QTest.mouseMove(desk.figure_tab.canvas, desk.find_pixel(panel, 2.0, 1.0))
    process_events()
    assert desk.figure_tab.toolbar.locLabel.text().endswith("It/I0 6")
    QTest.mouseClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel(panel, 2.0, 1.0))
    click = desk.wait_for_click()
    assert (click["motor"], click["motor2"]) == ("xafs_x", "xafs_y")
    assert (click["position"], click["position2"]) == pytest.approx((2.0, 1.0), abs=0.05)


def test_a_click_in_a_detached_window_picks_from_its_figure(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    tab = desk.figure_tab
    desk.press_tool("own window")
    desk.add_entries(("bmm", LINE | {"motor": "xafs_y"}), *make_line_scan(30, motor="xafs_y"))
    QTest.mouseClick(tab.canvas, LEFT, pos=desk.find_pixel("signal", 12.0, 1.0, tab))
    assert desk.wait_for_click()["motor"] == "xafs_x"


@pytest.mark.slow
@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton])
def test_other_buttons_pick_nothing(button: Qt.MouseButton, desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    QTest.mouseClick(desk.figure_tab.canvas, button, pos=desk.find_pixel("signal", 12.0, 1.0))
    assert desk.has_no_click()


def test_clicks_outside_axes_and_drags_pick_nothing(desk: ScreenHarness) -> None:
    """A click outside the axes of a map once raised an error."""
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    QTest.mouseClick(desk.figure_tab.canvas, LEFT, pos=QPoint(2, 2))
    desk.drag(desk.find_pixel("signal", 5.0, 0.7), desk.find_pixel("signal", 15.0, 1.2))
    desk.drag(desk.find_pixel("signal", 5.0, 0.7), QPoint(2, 2))
    assert desk.has_no_click()


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["Zoom", "Pan"])
def test_a_click_while_a_tool_is_active_picks_nothing(tool: str, desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    desk.press_tool(tool)
    QTest.mouseClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel("signal", 12.0, 1.0))
    desk.drag(desk.find_pixel("signal", 5.0, 0.7), desk.find_pixel("signal", 15.0, 1.2))
    assert desk.has_no_click()


@pytest.mark.slow
@pytest.mark.parametrize("start", [TIME, XAFS])
def test_a_click_on_a_time_scan_or_spectrum_picks_nothing(start: dict[str, object], desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", start), *(make_repetition(1) if start is XAFS else make_line_scan(3, motor="time")))
    panel = desk.figure_tab.drawing.model.panels[0].key  # type: ignore[union-attr]
    x, y = (sum(limits) / 2 for limits in (desk.figure_tab.drawing.get_axes(panel).get_xlim(), (0.0, 0.1)))
    QTest.mouseClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel(panel, x, y))
    assert desk.has_no_click()


def test_a_figure_closed_during_a_click_picks_nothing(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    QTest.mouseClick(desk.figure_tab.canvas, LEFT, pos=desk.find_pixel("signal", 12.0, 1.0))
    desk.add_entries(("bmm", {"close": "all"}))
    assert desk.has_no_click()


def test_a_click_after_its_tab_closed_picks_nothing(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    (scan,) = desk.board.scans
    panel = build_figure(desk.board, scan).panels[0]
    desk.window.tabs.close_all_tabs()
    desk.window._on_click(scan.figure_id, panel, 12.0, 1.0)
    assert desk.has_no_click()


def test_the_cursor_shows_energy_k_and_signal(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", XAFS), *make_repetition(1))
    QTest.mouseMove(desk.figure_tab.canvas, desk.find_pixel("transmission", 7162.0, 0.0))
    process_events()
    text = desk.figure_tab.toolbar.locLabel.text()
    assert text.startswith("energy (eV) 716")
    assert "E-E0 +" in text
    assert "k 3.6" in text or "k 3.5" in text
    QTest.mouseMove(desk.figure_tab.canvas, QPoint(1, 1))
    process_events()
    assert desk.figure_tab.toolbar.locLabel.text() == ""


def test_the_toolbar_has_no_configuration_button(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(3))
    texts = [action.text() for action in desk.figure_tab.toolbar.actions() if action.text()]
    assert texts == ["Home", "Back", "Forward", "Pan", "Zoom", "Save", "own window"]
