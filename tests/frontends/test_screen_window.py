"""The window's tabs, windows and status line, off screen."""

from __future__ import annotations

import gc
import os
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import pytest

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from helpers.screen import LINE, TIME, XAFS, Desk, line, repetition, settle
from helpers.streams import run_documents
from xafs_workers.frontends.screen import window as window_module
from xafs_workers.frontends.screen.window_geometry import Place, read_place, write_place
from xafs_workers.scans.board_config import Rules


def drawings(sheet: Any) -> int:
    return sum(sheet.drawing.counts.values())


def test_each_figure_has_a_tab_and_the_newest_comes_to_the_front(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    desk.hear(("bmm", TIME))
    assert desk.titles == ["xafs_x alignment scan", "time scan"]
    assert desk.window.tabs.currentIndex() == 1
    desk.hear(("bmm", XAFS), *repetition(1), *repetition(2))
    assert desk.titles[-1] == "fe: scan 2 of 3"
    assert desk.window.tabs.currentIndex() == 2
    assert len(desk.sheet.drawing.axes_of("transmission").lines) >= 2


def test_several_figures_at_once_get_their_titles_and_only_the_front_is_drawn(desk: Desk) -> None:
    """As after recovery."""
    desk.hear(("bmm", LINE), *line(5), ("bmm", TIME), ("bmm", XAFS), *repetition(1))
    assert desk.titles == ["xafs_x alignment scan", "time scan", "fe: scan 1 of 3"]
    hidden = [sheet for sheet in desk.window.tabs.sheets.values() if sheet is not desk.sheet]
    assert [drawings(sheet) for sheet in hidden] == [0, 0]
    assert drawings(desk.sheet) > 0


def test_the_time_of_the_last_frame_is_known(desk: Desk) -> None:
    assert desk.window.frame_seconds is None
    desk.hear(("bmm", LINE), *line(5))
    assert desk.window.frame_seconds is not None
    assert desk.window.frame_seconds > 0


@pytest.mark.parametrize(
    ("close", "left"),
    [("all", []), ("line", ["fe"]), ("last", ["xafs_x alignment scan", "time scan"])],
)
def test_close_messages_close_tabs(close: str, left: list[str], desk: Desk) -> None:
    desk.hear(("bmm", LINE), ("bmm", TIME), ("bmm", XAFS))
    assert len(desk.titles) == 3
    desk.hear(("bmm", {"close": close}))
    assert [title.split(":")[0] for title in desk.titles] == left
    desk.hear(("bmm", {"close": close}))
    desk.hear(("bmm", {"close": "all"}), ("bmm", {"close": "last"}))
    assert desk.titles == []


def test_a_close_message_closes_a_figure_in_a_window_of_its_own(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    desk.press_tool("own window")
    (window,) = desk.window.tabs.loose.values()
    desk.hear(("bmm", {"close": "line"}))
    assert desk.window.tabs.loose == {}
    assert desk.window.tabs.sheets == {}
    with pytest.raises(RuntimeError, match="already deleted"):
        window.isVisible()


def test_a_tab_put_away_in_mid_scan_stays_away_until_the_next_scan(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    desk.close_tab(0)
    assert desk.titles == []
    desk.hear(*run[10:])
    assert desk.titles == []
    desk.hear(("bmm", {"linescan": "stop"}), ("bmm", LINE), *line(3))
    assert desk.titles == ["xafs_x alignment scan"]


def test_a_window_closed_in_mid_scan_comes_back_with_the_next_scan(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    desk.window.close()
    desk.hear(*run[10:])
    assert not desk.window.isVisible()
    desk.hear(("bmm", LINE), *line(3))
    assert desk.window.isVisible()
    assert desk.titles == ["xafs_x alignment scan"]
    assert len(desk.sheet.drawing.axes_of("signal").lines[0].get_xdata()) == 3


def test_a_figure_can_have_a_window_of_its_own_and_come_back(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:5])
    sheet = desk.sheet
    desk.press_tool("own window")
    desk.look()
    (loose,) = desk.window.tabs.loose.values()
    assert desk.titles == []
    assert loose.isVisible()
    assert sheet.seen
    assert loose.windowTitle() == "xafs_x alignment scan"
    desk.hear(*run[5:15])
    assert len(sheet.drawing.axes_of("signal").lines[0].get_xdata()) == 15 - 4  # four records come before the points
    assert QTest.qWaitForWindowExposed(loose)
    loose.close()
    desk.look()
    assert desk.titles == ["xafs_x alignment scan"]
    assert desk.sheet is sheet
    desk.hear(*run[15:])
    assert len(desk.axes.lines[0].get_xdata()) == 20
    desk.press_tool("own window")
    sheet.toolbar.actions()[-1].trigger()
    desk.look()
    assert desk.titles == ["xafs_x alignment scan"]


def test_a_window_of_its_own_outlives_the_main_window_until_it_is_closed_too(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(20)[:10], ("bmm", TIME))
    desk.window.tabs.setCurrentIndex(0)
    desk.press_tool("own window")
    desk.window.close()
    (loose,) = desk.window.tabs.loose.values()
    assert loose.isVisible()
    loose.close()
    desk.look()
    assert desk.window.tabs.sheets == {}
    assert not desk.window.isVisible()


def test_a_hidden_tab_is_not_drawn(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    hidden = desk.sheet
    desk.hear(("bmm", TIME))
    drawn = drawings(hidden)
    desk.hear(*run[10:])
    assert drawings(hidden) == drawn
    desk.window.tabs.setCurrentIndex(0)
    assert len(hidden.drawing.axes_of("signal").lines[0].get_xdata()) == 20


def test_a_minimized_window_draws_nothing(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    desk.window.showMinimized()
    settle()
    drawn = drawings(desk.sheet)
    desk.hear(*run[10:])
    assert drawings(desk.sheet) == drawn
    desk.window.showNormal()
    desk.look()
    assert len(desk.axes.lines[0].get_xdata()) == 20


def test_titles_of_hidden_tabs_follow_now_and_then(desk: Desk) -> None:
    desk.hear(("bmm", XAFS), *repetition(1))
    desk.hear(("bmm", TIME))
    desk.hear(*repetition(2))
    desk.now += 60
    desk.hear(*repetition(3))
    assert desk.titles[0] == "fe: scan 3 of 3"


def test_nothing_is_drawn_where_nothing_is_new(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(10))
    drawn = drawings(desk.sheet)
    for _ in range(5):
        desk.look()
    assert drawings(desk.sheet) == drawn


def test_a_dear_frame_makes_the_next_one_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.hear(("bmm", LINE), *line(10))
    assert desk.window._timer.interval() >= 40
    ticks = iter(0.3 * n for n in range(1000))
    monkeypatch.setattr(window_module.time, "perf_counter", lambda: next(ticks))
    desk.hear(*line(1), ("bmm", LINE), *line(4))
    assert desk.window._timer.interval() >= 600


def test_the_window_never_raises_itself_nor_takes_the_keyboard(qt: None, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for name in ("raise_", "activateWindow", "setFocus", "grabKeyboard"):
        monkeypatch.setattr(QWidget, name, lambda *_, name=name: called.append(name))
    monkeypatch.setattr(QApplication, "alert", lambda *_: called.append("alert"))
    desk = Desk()
    desk.hear(("bmm", LINE), *line(5))
    desk.hear(("bmm", XAFS), *repetition(1))
    desk.press_tool("own window")
    desk.window.close()
    desk.hear(("bmm", LINE), *line(5))
    windows = [desk.window, *desk.window.tabs.loose.values()]
    assert called == []
    assert len(windows) == 2
    assert all(window.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating) for window in windows)
    assert desk.sheet.canvas.focusPolicy() == Qt.FocusPolicy.NoFocus
    desk.close()


def test_stale_data_are_marked_visibly(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    age = desk.window.status.labels["age"]
    fresh = age.grab().toImage()
    assert age.styleSheet() == ""
    desk.now += 60
    desk.look()
    assert age.text() == "⚠ data 1 min old"
    red = [age.grab().toImage().pixelColor(2, y).red() for y in range(2, age.height() - 2)]
    assert red != [fresh.pixelColor(2, y).red() for y in range(2, min(age.height(), fresh.height()) - 2)]
    desk.last_record = desk.now
    desk.look()
    assert age.styleSheet() == ""


def test_without_a_broker_the_window_says_what_it_waits_for(desk: Desk) -> None:
    desk.waits_for, desk.last_record = "the broker and its topics", None
    desk.look()
    assert desk.window.isVisible()
    assert desk.window.status.labels["connection"].text() == "waiting for the broker and its topics"
    assert desk.window.status.labels["connection"].styleSheet() != ""
    assert desk.window._empty.isVisible()
    assert desk.window._empty.text().startswith("waiting for the broker")
    desk.waits_for = ""
    desk.look()
    assert desk.window.status.labels["connection"].text() == "connected"
    assert desk.window.status.labels["connection"].styleSheet() == ""
    assert desk.window._empty.text() == "nothing to be seen yet"


def test_large_type_is_larger_keeps_the_zoom_and_can_be_taken_back(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    usual = desk.axes.xaxis.label.get_size()
    status = desk.window.status.labels["age"].font().pointSize()
    desk.axes.set_xlim(5.0, 9.0)
    QTest.keyClick(desk.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.look()
    assert desk.axes.xaxis.label.get_size() > 2 * usual
    assert desk.axes.get_xlim() == (5.0, 9.0)
    assert desk.window.status.labels["age"].font().pointSize() > 2 * status
    desk.hear(("bmm", LINE), *line(5))
    assert desk.axes.xaxis.label.get_size() > 2 * usual
    QTest.keyClick(desk.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.look()
    assert desk.axes.xaxis.label.get_size() == pytest.approx(usual, abs=0.5)  # the canvas may differ by a pixel
    assert desk.window.status.labels["age"].font().pointSize() == status


def test_large_type_from_the_start(qt: None) -> None:
    desk = Desk(large=True)
    desk.hear(("bmm", LINE), *line(5))
    assert desk.axes.xaxis.label.get_size() >= 20
    assert desk.window.status.labels["measurement"].font().pointSize() >= 20
    assert desk.window.large_type.isChecked()
    desk.close()


def test_each_fluorescence_channel_can_be_shown(desk: Desk) -> None:
    """To find a bad one."""
    columns = {key: [2.0, 3.0, 4.0] for key in ("I0", "It", "Ir", "Fe1", "Fe2", "Fe3", "Fe4")}
    columns |= {"dcm_energy": [7000.0, 7100.0, 7200.0], "dwti_dwell_time": [0.5] * 3}
    run = run_documents(hint=None, motors=["dcm_energy"], columns=columns)
    start = XAFS | {"mode": "fluorescence", "fluo_detector": "4-element SDD"}
    desk.hear(("bmm", start), ("bmm", {"xafsscan": "next", "count": 1}), *run)
    sums = len(desk.sheet.drawing.axes_of("fluorescence").lines)
    desk.window.each_channel.trigger()
    desk.look()
    assert len(desk.sheet.drawing.axes_of("fluorescence").lines) == sums + 3
    desk.window.each_channel.trigger()
    desk.look()
    assert len(desk.sheet.drawing.axes_of("fluorescence").lines) == sums


def test_the_place_is_remembered_and_taken_again(qt: None, tmp_path: Path) -> None:
    path = tmp_path / "state" / "place.json"
    desk = Desk(path)
    screen = desk.window.screen().availableGeometry()
    desk.window.setGeometry(screen.width() // 10, screen.height() // 5, screen.width() // 2, screen.height() // 2)
    settle()
    QTest.qWait(window_module.SETTLED + 200)
    assert read_place(path).width == pytest.approx(0.5, abs=0.02)  # while it runs: it may be killed
    chosen = desk.window.geometry()
    desk.window.close()
    desk.close()
    again = window_module.Window(window_module.WindowPorts(desk.feed, print, place=path))
    assert again.geometry() == chosen
    again.deleteLater()
    settle()


def test_a_maximized_window_comes_back_maximized_on_its_monitor(qt: None, tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    write_place(path, Place(0.1, 0.1, 0.5, 0.5, QApplication.primaryScreen().name() if QApplication.instance() else ""))
    desk = Desk(path)
    desk.window.showMaximized()
    settle()
    desk.window.remember_place()
    kept = read_place(path)
    assert kept.maximized
    assert kept.monitor == desk.window.screen().name()
    desk.close()
    again = window_module.Window(window_module.WindowPorts(desk.feed, print, place=path))
    assert again.isMaximized()
    again.deleteLater()
    settle()


def test_closed_figures_are_freed(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    desk.press_tool("own window")
    desk.look()
    desk.hear(("bmm", TIME))
    sheets = list(desk.window.tabs.sheets.values())
    held: list[Any] = [weakref.ref(sheet.drawing) for sheet in sheets]
    held += [weakref.ref(sheet.canvas) for sheet in sheets]
    held += [weakref.ref(sheet.canvas.figure) for sheet in sheets]
    held += [weakref.ref(sheet) for sheet in sheets]
    held += [weakref.ref(window) for window in desk.window.tabs.loose.values()]
    del sheets
    desk.hear(("bmm", {"close": "all"}))
    gc.collect()
    settle()
    gc.collect()
    assert [reference() for reference in held] == [None] * 9


def test_line_scan_after_line_scan_leaves_memory_and_widgets_flat(qt: None) -> None:
    desk = Desk(rules=Rules(keep_scans=3, keep_runs=2))

    def measure(scans: int) -> None:
        for _ in range(scans):
            desk.hear(("bmm", LINE), *line(3, finished=True), ("bmm", {"linescan": "stop"}))
            assert len(desk.titles) <= 4
        gc.collect()
        settle()
        gc.collect()

    measure(10)
    widgets = len(QApplication.allWidgets())
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    measure(30)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(QApplication.allWidgets()) == widgets
    # Four figures made since tracing began, at most 0.7 MB each with their pixels; thirty would be 15 MB more.
    assert grown < 5e6
    desk.close()
