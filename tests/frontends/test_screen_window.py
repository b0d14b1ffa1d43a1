"""Test the tabs, detached windows and status line of the main window, off screen."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from helpers.processes import wait_until
from helpers.screen import LINE, TIME, XAFS, ScreenHarness, make_line_scan, make_repetition, process_events
from helpers.streams import build_run_documents, fold, stamp_entries
from xafs_workers.frontends.screen import exports
from xafs_workers.frontends.screen import window as window_module
from xafs_workers.frontends.screen.frame_pacer import MAX_INTERVAL, FramePacer
from xafs_workers.frontends.screen.history_dialog import HistoryDialog
from xafs_workers.frontends.screen.type_sizes import LARGE_BUTTON_POINTS
from xafs_workers.frontends.screen.window_geometry import WindowGeometry, read_geometry, write_geometry
from xafs_workers.frontends.screen.window_placement import SAVE_DELAY
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig

pytestmark = pytest.mark.slow


def drawings(tab: Any) -> int:
    return sum(tab.drawing.redraw_counts.values())


def test_each_figure_has_a_tab_and_the_newest_is_selected(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    desk.add_entries(("bmm", TIME))
    assert desk.titles == ["xafs_x alignment scan", "time scan"]
    assert desk.window.tabs.currentIndex() == 1
    desk.add_entries(("bmm", XAFS), *make_repetition(1), *make_repetition(2))
    assert desk.titles[-1] == "fe: scan 2 of 3"
    assert desk.window.tabs.currentIndex() == 2
    assert len(desk.figure_tab.drawing.get_axes("transmission").lines) >= 2


def test_only_the_front_one_of_several_new_figures_is_drawn(desk: ScreenHarness) -> None:
    """Several figures are new at once after a recovery."""
    desk.add_entries(("bmm", LINE), *make_line_scan(5), ("bmm", TIME), ("bmm", XAFS), *make_repetition(1))
    assert desk.titles == ["xafs_x alignment scan", "time scan", "fe: scan 1 of 3"]
    hidden = [tab for tab in desk.window.tabs.figure_tabs.values() if tab is not desk.figure_tab]
    assert [drawings(tab) for tab in hidden] == [0, 0]
    assert drawings(desk.figure_tab) > 0


def test_the_time_of_the_last_frame_is_measured(desk: ScreenHarness) -> None:
    assert desk.window.frame_seconds is None
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    assert desk.window.frame_seconds is not None
    assert desk.window.frame_seconds > 0


@pytest.mark.parametrize(
    ("close", "left"),
    [("all", []), ("line", ["fe"]), ("last", ["xafs_x alignment scan", "time scan"])],
)
def test_close_messages_close_tabs(close: str, left: list[str], desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), ("bmm", TIME), ("bmm", XAFS))
    assert len(desk.titles) == 3
    desk.add_entries(("bmm", {"close": close}))
    assert [title.split(":")[0] for title in desk.titles] == left
    desk.add_entries(("bmm", {"close": close}))
    desk.add_entries(("bmm", {"close": "all"}), ("bmm", {"close": "last"}))
    assert desk.titles == []


def test_a_close_message_closes_a_detached_window(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    desk.press_tool("own window")
    (window,) = desk.window.tabs.detached_windows.values()
    desk.add_entries(("bmm", {"close": "line"}))
    assert desk.window.tabs.detached_windows == {}
    assert desk.window.tabs.figure_tabs == {}
    with pytest.raises(RuntimeError, match="already deleted"):
        window.isVisible()


def test_a_tab_closed_mid_scan_stays_closed_until_the_next_scan(desk: ScreenHarness) -> None:
    run = make_line_scan(20)
    desk.add_entries(("bmm", LINE), *run[:10])
    desk.close_tab(0)
    assert desk.titles == []
    desk.add_entries(*run[10:])
    assert desk.titles == []
    desk.add_entries(("bmm", {"linescan": "stop"}), ("bmm", LINE), *make_line_scan(3))
    assert desk.titles == ["xafs_x alignment scan"]


def test_a_window_closed_mid_scan_reopens_with_the_next_scan(desk: ScreenHarness) -> None:
    run = make_line_scan(20)
    desk.add_entries(("bmm", LINE), *run[:10])
    desk.window.close()
    desk.add_entries(*run[10:])
    assert not desk.window.isVisible()
    desk.add_entries(("bmm", LINE), *make_line_scan(3))
    assert desk.window.isVisible()
    assert desk.titles == ["xafs_x alignment scan"]
    assert len(desk.get_positions()) == 3


def test_a_figure_can_be_detached_and_reattached(desk: ScreenHarness) -> None:
    run = make_line_scan(20)
    desk.add_entries(("bmm", LINE), *run[:5])
    tab = desk.figure_tab
    desk.press_tool("own window")
    desk.refresh()
    (detached,) = desk.window.tabs.detached_windows.values()
    assert desk.titles == []
    assert detached.isVisible()
    assert tab.is_on_screen
    assert detached.windowTitle() == "xafs_x alignment scan"
    desk.add_entries(*run[5:15])
    assert len(desk.get_positions(tab)) == 15 - 4  # four records come before the points
    assert QTest.qWaitForWindowExposed(detached)
    detached.close()
    desk.refresh()
    assert desk.titles == ["xafs_x alignment scan"]
    assert desk.figure_tab is tab
    desk.add_entries(*run[15:])
    assert len(desk.get_positions()) == 20
    desk.press_tool("own window")
    tab.toolbar.actions()[-1].trigger()
    desk.refresh()
    assert desk.titles == ["xafs_x alignment scan"]


def test_a_detached_window_outlives_the_main_window(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(20)[:10], ("bmm", TIME))
    desk.window.tabs.setCurrentIndex(0)
    desk.press_tool("own window")
    desk.window.close()
    (detached,) = desk.window.tabs.detached_windows.values()
    assert detached.isVisible()
    detached.close()
    desk.refresh()
    assert desk.window.tabs.figure_tabs == {}
    assert not desk.window.isVisible()


def test_a_hidden_tab_is_not_drawn(desk: ScreenHarness) -> None:
    run = make_line_scan(20)
    desk.add_entries(("bmm", LINE), *run[:10])
    hidden = desk.figure_tab
    desk.add_entries(("bmm", TIME))
    drawn = drawings(hidden)
    desk.add_entries(*run[10:])
    assert drawings(hidden) == drawn
    desk.window.tabs.setCurrentIndex(0)
    assert len(desk.get_positions(hidden)) == 20


def test_a_minimized_window_draws_nothing(desk: ScreenHarness) -> None:
    run = make_line_scan(20)
    desk.add_entries(("bmm", LINE), *run[:10])
    desk.window.showMinimized()
    process_events()
    drawn = drawings(desk.figure_tab)
    desk.add_entries(*run[10:])
    assert drawings(desk.figure_tab) == drawn
    desk.window.showNormal()
    desk.refresh()
    assert len(desk.get_positions()) == 20


def test_titles_of_hidden_tabs_are_updated_at_times(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", XAFS), *make_repetition(1))
    desk.add_entries(("bmm", TIME))
    desk.add_entries(*make_repetition(2))
    desk.now += 60
    desk.add_entries(*make_repetition(3))
    assert desk.titles[0] == "fe: scan 3 of 3"


def test_the_title_of_a_hidden_tab_follows_to_the_end(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", XAFS), *make_repetition(1))
    desk.add_entries(("bmm", TIME))
    desk.add_entries(*make_repetition(2), *make_repetition(3), ("bmm", {"xafsscan": "stop"}))
    desk.add_entries(("bmm", TIME))  # the board has moved on: the sequence is closed
    desk.now += 10
    desk.refresh()
    assert desk.titles[0] == "fe: scan 3 of 3"


SEQUENCE = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "folder": "/x", "name": "Fe foil", "repetitions": 3,
            "mode": "transmission"}  # fmt: skip


@pytest.mark.parametrize(("is_picked", "front"), [(False, "Sequence"), (True, "fe")])
def test_an_ended_sequence_comes_to_the_front(desk: ScreenHarness, is_picked: bool, front: str) -> None:
    desk.add_entries(("bmm", SEQUENCE), ("bmm", XAFS), *make_repetition(1))
    tabs = desk.window.tabs
    assert tabs.tabText(tabs.currentIndex()).startswith("fe")
    if is_picked:
        QTest.mouseClick(tabs.tabBar(), Qt.MouseButton.LeftButton, pos=tabs.tabBar().tabRect(1).center())
    desk.add_entries(("bmm", {"xafsscan": "stop"}), ("bmm", {"xafs_sequence": "stop"}))
    assert tabs.tabText(tabs.currentIndex()).startswith(front)


def test_a_wide_window_shows_the_merge_beside_the_live_view(desk: ScreenHarness) -> None:
    desk.window.resize(1900, 1000)
    desk.add_entries(("bmm", SEQUENCE), ("bmm", XAFS), *make_repetition(1))
    drawing, tabs = desk.figure_tab.drawing, desk.window.tabs
    assert drawing.get_axes("transmission").get_position().x1 < 0.5 < drawing.get_axes("beside-mu").get_position().x0
    desk.add_entries(("bmm", {"xafsscan": "stop"}), ("bmm", {"xafs_sequence": "stop"}))
    assert tabs.tabText(tabs.currentIndex()).startswith("fe"), "its result is beside it"
    desk.window.resize(900, 1000)
    desk.refresh()
    with pytest.raises(KeyError):
        drawing.get_axes("beside-mu")


def test_an_unchanged_figure_is_not_drawn_again(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(10))
    drawn = drawings(desk.figure_tab)
    for _ in range(5):
        desk.refresh()
    assert drawings(desk.figure_tab) == drawn


def test_a_new_board_is_drawn_when_it_is_announced(desk: ScreenHarness) -> None:
    run = make_line_scan(20, finished=False)
    desk.add_entries(("bmm", LINE), *run[:10])
    desk.window._timer.stop()
    desk.board = fold(desk._stamper.stamp(run[10:]), desk.board)
    thread = threading.Thread(target=desk.window.board_changed.emit)
    thread.start()
    thread.join()
    wait_until(lambda: process_events() or len(desk.get_positions()) == 20, "the frame")


def test_the_pace_of_frames_follows_the_cost_of_growing_curves() -> None:
    pacer = FramePacer()
    assert pacer.compute_delay(100.0) == 0.0
    pacer.add_frame(100.0, 100.01, is_usual=True)
    assert pacer.compute_delay(100.01) == pytest.approx(0.03)
    pacer.add_frame(101.0, 101.3, is_usual=False)
    assert pacer.compute_delay(101.3) <= 0.01  # a frame that draws axes again is rare
    for n in range(40):
        pacer.add_frame(102.0 + n, 102.3 + n, is_usual=True)
    assert pacer.compute_delay(141.3) == pytest.approx(0.3, abs=0.01)
    pacer.add_frame(150.0, 170.0, is_usual=True)
    assert pacer.interval == MAX_INTERVAL


def test_a_hidden_tab_holds_no_pixels_and_is_drawn_when_shown(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(10))
    first = desk.figure_tab
    before = np.array(first.canvas.buffer_rgba())
    renderer = weakref.ref(first.canvas.get_renderer())
    desk.add_entries(("bmm", TIME))
    gc.collect()
    assert renderer() is None
    assert [tab.canvas.has_pixels for tab in desk.window.tabs.figure_tabs.values()] == [False, True]
    desk.window.tabs.setCurrentIndex(0)
    desk.refresh()
    np.testing.assert_array_equal(np.array(first.canvas.buffer_rgba()), before)
    assert [tab.canvas.has_pixels for tab in desk.window.tabs.figure_tabs.values()] == [True, False]


def test_the_window_never_takes_the_focus(qt: None, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for name in ("raise_", "activateWindow", "setFocus", "grabKeyboard"):
        monkeypatch.setattr(QWidget, name, lambda *_, name=name: called.append(name))
    monkeypatch.setattr(QApplication, "alert", lambda *_: called.append("alert"))
    desk = ScreenHarness()
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    desk.add_entries(("bmm", XAFS), *make_repetition(1))
    desk.press_tool("own window")
    desk.window.close()
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    windows = [desk.window, *desk.window.tabs.detached_windows.values()]
    assert called == []
    assert len(windows) == 2
    assert all(window.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating) for window in windows)
    assert desk.figure_tab.canvas.focusPolicy() == Qt.FocusPolicy.NoFocus
    desk.close()


def test_stale_data_are_marked_visibly(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    age = desk.window.status_line.labels["age"]
    fresh = age.grab().toImage()
    assert age.styleSheet() == ""
    desk.now += 60
    desk.refresh()
    assert age.text() == "⚠ data 1 min old"
    red = [age.grab().toImage().pixelColor(2, y).red() for y in range(2, age.height() - 2)]
    assert red != [fresh.pixelColor(2, y).red() for y in range(2, min(age.height(), fresh.height()) - 2)]
    desk.last_record = desk.now
    desk.refresh()
    assert age.styleSheet() == ""


def test_the_window_shows_that_it_waits_for_the_broker(desk: ScreenHarness) -> None:
    desk.waits_for, desk.last_record = "the broker and its topics", None
    desk.refresh()
    assert desk.window.isVisible()
    assert desk.window.status_line.labels["connection"].text() == "waiting for the broker and its topics"
    assert desk.window.status_line.labels["connection"].styleSheet() != ""
    assert desk.window._empty_label.isVisible()
    assert desk.window._empty_label.text().startswith("waiting for the broker")
    desk.waits_for = ""
    desk.refresh()
    assert desk.window.status_line.labels["connection"].text() == "connected"
    assert desk.window.status_line.labels["connection"].styleSheet() == ""
    assert desk.window._empty_label.text() == "no figures yet"


def test_large_type_keeps_the_zoom_and_can_be_switched_off(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(30))
    usual = desk.axes.xaxis.label.get_size()
    status = desk.window.status_line.labels["age"].font().pointSize()
    desk.axes.set_xlim(5.0, 9.0)
    QTest.keyClick(desk.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.refresh()
    assert desk.axes.xaxis.label.get_size() > 2 * usual
    assert desk.axes.get_xlim() == (5.0, 9.0)
    assert desk.window.status_line.labels["age"].font().pointSize() > 2 * status
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    assert desk.axes.xaxis.label.get_size() > 2 * usual
    QTest.keyClick(desk.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.refresh()
    assert desk.axes.xaxis.label.get_size() == pytest.approx(usual, abs=0.5)  # the canvas may differ by a pixel
    assert desk.window.status_line.labels["age"].font().pointSize() == status


def test_large_type_reaches_tabs_tools_and_menus(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(10))
    window, toolbar = desk.window, desk.figure_tab.toolbar
    widgets = [window.tabs.tabBar(), toolbar, toolbar.locLabel, window.menu_button, window.menu_button.menu()]
    before = [widget.fontMetrics().height() for widget in widgets], toolbar.iconSize().width()
    window.commands.by_name["large"].trigger()
    process_events()
    assert all(widget.font().pointSize() == LARGE_BUTTON_POINTS for widget in widgets)
    assert [widget.fontMetrics().height() for widget in widgets] > before[0]
    assert toolbar.iconSize().width() > before[1]
    window.commands.by_name["large"].trigger()
    process_events()
    assert [widget.fontMetrics().height() for widget in widgets] == before[0]


@pytest.mark.parametrize("is_large", [False, True])
def test_no_status_is_cut_at_1280_pixels(desk: ScreenHarness, is_large: bool) -> None:
    desk.window.resize(1280, 700)
    desk.window.commands.by_name["large"].setChecked(is_large)
    desk.add_entries(("bmm", XAFS), *make_repetition(1), *make_repetition(2))
    for label in desk.window.status_line.labels.values():
        assert label.sizeHint().width() <= label.width(), label.text()


def test_large_type_can_be_set_from_the_start(qt: None) -> None:
    desk = ScreenHarness(large=True)
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    assert desk.axes.xaxis.label.get_size() >= 20
    assert desk.window.status_line.labels["measurement"].font().pointSize() >= 20
    assert desk.window.commands.by_name["large"].isChecked()
    desk.close()


def test_each_fluorescence_channel_can_be_shown(desk: ScreenHarness) -> None:
    """Separate channels show which one is bad."""
    columns = {key: [2.0, 3.0, 4.0] for key in ("I0", "It", "Ir", "Fe1", "Fe2", "Fe3", "Fe4")}
    columns |= {"dcm_energy": [7000.0, 7100.0, 7200.0], "dwti_dwell_time": [0.5] * 3}
    run = build_run_documents(hint=None, motors=["dcm_energy"], columns=columns)
    start = XAFS | {"mode": "fluorescence", "fluo_detector": "4-element SDD"}
    desk.add_entries(("bmm", start), ("bmm", {"xafsscan": "next", "count": 1}), *run)
    sums = len(desk.figure_tab.drawing.get_axes("fluorescence").lines)
    desk.window.commands.by_name["channels"].trigger()
    desk.refresh()
    assert len(desk.figure_tab.drawing.get_axes("fluorescence").lines) == sums + 3
    desk.window.commands.by_name["channels"].trigger()
    desk.refresh()
    assert len(desk.figure_tab.drawing.get_axes("fluorescence").lines) == sums


def test_the_window_geometry_is_saved_and_restored(qt: None, tmp_path: Path) -> None:
    path = tmp_path / "state" / "place.json"
    desk = ScreenHarness(path)
    screen = desk.window.screen().availableGeometry()
    desk.window.setGeometry(screen.width() // 10, screen.height() // 5, screen.width() // 2, screen.height() // 2)
    process_events()
    QTest.qWait(SAVE_DELAY + 200)
    assert read_geometry(path).width == pytest.approx(0.5, abs=0.02)  # saved while it runs, because it may be killed
    chosen = desk.window.geometry()
    desk.window.close()
    desk.close()
    again = window_module.Window(window_module.WindowCallbacks(desk.build_feed, print, geometry_file=path))
    assert again.geometry() == chosen
    again.deleteLater()
    process_events()


def test_a_maximized_window_is_restored_on_its_monitor(qt: None, tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    write_geometry(
        path, WindowGeometry(0.1, 0.1, 0.5, 0.5, QApplication.primaryScreen().name() if QApplication.instance() else "")
    )
    desk = ScreenHarness(path)
    desk.window.showMaximized()
    process_events()
    desk.window.placement.save()
    kept = read_geometry(path)
    assert kept.maximized
    assert kept.monitor == desk.window.screen().name()
    desk.close()
    again = window_module.Window(window_module.WindowCallbacks(desk.build_feed, print, geometry_file=path))
    assert again.isMaximized()
    again.deleteLater()
    process_events()


def test_closed_figures_are_freed(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(5))
    desk.press_tool("own window")
    desk.refresh()
    desk.add_entries(("bmm", TIME))
    tabs = list(desk.window.tabs.figure_tabs.values())
    references: list[Any] = [weakref.ref(tab.drawing) for tab in tabs]
    references += [weakref.ref(tab.canvas) for tab in tabs]
    references += [weakref.ref(tab.canvas.figure) for tab in tabs]
    references += [weakref.ref(tab) for tab in tabs]
    references += [weakref.ref(window) for window in desk.window.tabs.detached_windows.values()]
    del tabs
    desk.add_entries(("bmm", {"close": "all"}))
    gc.collect()
    process_events()
    gc.collect()
    assert [reference() for reference in references] == [None] * 9


def test_many_line_scans_leave_memory_and_widgets_flat(qt: None) -> None:
    desk = ScreenHarness(rules=BoardConfig(scan_limit=3, run_limit=2))

    def measure(scans: int) -> None:
        for _ in range(scans):
            desk.add_entries(("bmm", LINE), *make_line_scan(3, finished=True), ("bmm", {"linescan": "stop"}))
            assert len(desk.titles) <= 4
        gc.collect()
        process_events()
        gc.collect()

    measure(10)
    widgets = len(QApplication.allWidgets())
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    measure(30)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(QApplication.allWidgets()) == widgets
    # Four figures were made since tracing began, at most 0.7 MB each with their pixels; thirty would be 15 MB more.
    assert grown < 5e6
    desk.close()


def test_numbers_are_not_late_when_points_stop_coming(desk: ScreenHarness) -> None:
    head = make_line_scan(40)[:-1]  # without its stop document
    desk.add_entries(("bmm", LINE), *head[:-3])
    for entry in head[-3:]:
        desk.add_entries(entry)
    drawing = desk.figure_tab.drawing
    assert drawing.model is not None
    wait_until(lambda: process_events() or drawing.text_delay is None, "the late numbers")
    last = drawing.model.panels[0].title.partition("now")[2].strip()
    texts: Any = desk.figure_tab.canvas.figure.findobj(Text)
    assert any(text.get_text().replace("\n", " ").endswith(f"now {last}") for text in texts)


def test_a_key_hides_the_numbers_of_a_line_scan(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(20))
    drawing = desk.figure_tab.drawing
    assert drawing.model is not None
    assert "peak" in drawing.model.panels[0].title
    QTest.keyClick(desk.window, Qt.Key.Key_S)
    assert drawing.model.panels[0].title == ""


def test_picture_and_numbers_are_copied(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(20))
    clipboard = QApplication.clipboard()
    QTest.keyClick(desk.window, Qt.Key.Key_C)
    assert clipboard.image().width() == desk.figure_tab.canvas.width() * desk.figure_tab.canvas.devicePixelRatio()
    QTest.keyClick(desk.window, Qt.Key.Key_T)
    lines = clipboard.text().splitlines()
    assert lines[0] == "# title: xafs_x alignment scan"
    assert "xafs_x\tIt/I0" in lines
    assert "numbers copied" in desk.figure_tab.toolbar.locLabel.text()


def test_numbers_are_saved(desk: ScreenHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(20))
    for name, text in (("numbers.csv", "saved numbers.csv"), ("missing/numbers.csv", "not saved: numbers.csv")):
        monkeypatch.setattr(exports.QFileDialog, "getSaveFileName", lambda *_, name=name: (str(tmp_path / name), ""))
        QTest.keyClick(desk.window, Qt.Key.Key_V)
        assert desk.figure_tab.toolbar.locLabel.text().startswith(text)
    assert (tmp_path / "numbers.csv").read_text().startswith("# title: xafs_x alignment scan\n# kind: linescan\n")


def measure_past(number: int) -> Board:
    start = {"scan_id": number, "XDI": {"Sample": {"name": "Ni foil"}}}
    columns = {"xafs_x": [0.0, 1.0, 2.0, 3.0], "I0": [1.0] * 4, "It": [1.0, 2.0, 3.0, 1.0]}
    run = build_run_documents(hint=None, motors=["xafs_x"], columns=columns, start=start)
    others = [("bmm", {"mkdir": "/a"})] * 99  # so that its messages have other offsets than those of a test
    return fold(stamp_entries([*others, ("bmm", LINE), *run, ("bmm", {"linescan": "stop"})]))


def test_a_scan_of_the_past_is_found_and_shown(desk: ScreenHarness) -> None:
    desk.history = measure_past(41)
    desk.refresh()
    QTest.keyClick(desk.window, Qt.Key.Key_H)
    (dialog,) = desk.window.findChildren(HistoryDialog)
    QTest.keyClicks(dialog.search, "copper")
    assert dialog.list.currentItem() is None
    dialog.search.setText("ni 41")
    assert dialog.list.currentItem().text().startswith("linescan #41\nNi foil · xafs_x\n")
    wait_until(lambda: process_events() or not dialog.is_drawing, "the thumbnails")
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    desk.refresh()
    assert desk.titles == ["xafs_x alignment scan"]
    assert len(desk.get_positions()) == 4
    desk.close_tab(0)
    desk.refresh()
    assert desk.titles == []


def test_a_scan_of_the_past_is_compared(desk: ScreenHarness) -> None:
    desk.history = measure_past(41)
    desk.add_entries(("bmm", LINE), *make_line_scan(20))
    figure = desk.history.scans[0].figure_id
    actions = desk.window.commands
    actions.choose_overlay(figure)
    drawing = desk.figure_tab.drawing
    assert drawing.model is not None
    assert [trace.is_faded for trace in drawing.model.panels[0].traces] == [True, False]
    assert actions.by_name["previous"].isChecked()
    actions.by_name["previous"].trigger()
    assert [trace.is_faded for trace in drawing.model.panels[0].traces] == [False]
