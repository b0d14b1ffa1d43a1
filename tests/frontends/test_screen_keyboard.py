"""The window without a mouse, in large type and in dark colours; and its place when a monitor is gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QPushButton, QTabBar, QToolButton, QWidget

from helpers.screen import LINE, TIME, ScreenHarness, make_line_scan, process_events
from xafs_workers.frontends.screen.actions import COMMANDS
from xafs_workers.frontends.screen.history_dialog import HistoryDialog
from xafs_workers.frontends.screen.keys_dialog import KeysDialog
from xafs_workers.frontends.screen.type_sizes import LARGE_BUTTON_POINTS
from xafs_workers.frontends.screen.window_geometry import WindowGeometry, write_geometry
from xafs_workers.frontends.screen.window_placement import is_visible_on
from xafs_workers.render.palette import DARK, LIGHT

pytestmark = pytest.mark.slow

USABLE = (QToolButton, QPushButton, QTabBar, QLineEdit, QListWidget)


def press(desk: ScreenHarness, key: str) -> None:
    """Press a key of the window's list."""
    combination = QKeySequence(key)[0]  # pyright: ignore[reportIndexIssue]
    QTest.keyClick(desk.window, combination.key(), combination.keyboardModifiers())
    process_events()


def list_usable(window: QWidget) -> set[QWidget]:
    """List what a mouse can use in a window, but for the crosses of tabs and of the search, which have keys."""
    found = (widget for kind in USABLE for widget in window.findChildren(kind))
    return {
        one
        for one in found
        if one.isVisible() and one.isEnabled() and not isinstance(one.parent(), QTabBar | QLineEdit)
    }


def list_reached(window: QWidget) -> set[QWidget]:
    """List what has the keyboard, one after the other, when Tab is pressed."""
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    reached = set[QWidget]()
    for _ in range(40):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is not None:
            reached.add(focused)
    return reached


def measure(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(20, finished=True), ("bmm", {"linescan": "stop"}), ("bmm", TIME))


def test_tab_reaches_everything_in_window_and_history(desk: ScreenHarness) -> None:
    measure(desk)
    assert list_usable(desk.window) - list_reached(desk.window) == set()
    press(desk, "H")
    (dialog,) = desk.window.findChildren(HistoryDialog)
    assert list_usable(dialog) - list_reached(dialog) == set()
    press(desk, "H")
    assert sum(one.isVisible() for one in desk.window.findChildren(HistoryDialog)) == 1


def test_the_widget_with_the_keyboard_is_visible(desk: ScreenHarness) -> None:
    measure(desk)
    for is_dark in (False, True):
        desk.window.commands.by_name["dark"].setChecked(is_dark)
        list_reached(desk.window)
        focused = QApplication.focusWidget()
        assert focused is not None
        focused.clearFocus()
        before = desk.window.grab().toImage()
        for _ in range(9):
            QTest.keyClick(QApplication.focusWidget() or desk.window, Qt.Key.Key_Tab)
            process_events()
            focused = QApplication.focusWidget()
            assert focused is not None
            box = QRect(focused.mapTo(desk.window, QPoint(0, 0)), focused.size())
            assert desk.window.grab(box).toImage() != before.copy(box), focused


def test_keys_select_close_and_detach_figures(desk: ScreenHarness) -> None:
    measure(desk)
    tabs = desk.window.tabs
    assert (tabs.currentIndex(), tabs.is_picked) == (1, False)
    press(desk, "Ctrl+PgDown")
    assert (tabs.currentIndex(), tabs.is_picked) == (0, True)
    press(desk, "Ctrl+PgUp")
    assert tabs.currentIndex() == 1
    press(desk, "Ctrl+PgUp")
    press(desk, "O")
    (detached,) = tabs.detached_windows.values()
    assert detached.isVisible()
    press(desk, "W")
    assert desk.titles == ["time scan", "xafs_x alignment scan"], "the window of its own had the keyboard"
    desk.window.activateWindow()
    assert QTest.qWaitForWindowActive(desk.window)
    press(desk, "W")
    assert desk.titles == ["time scan"]


def test_keys_zoom_and_show_all(desk: ScreenHarness) -> None:
    desk.add_entries(("bmm", LINE), *make_line_scan(21))
    left, right = desk.axes.get_xlim()
    press(desk, "+")
    near = desk.axes.get_xlim()
    assert near == pytest.approx((left + 0.25 * (right - left), right - 0.25 * (right - left)))
    press(desk, ".")
    assert desk.axes.get_xlim() == pytest.approx([end + 0.25 * (near[1] - near[0]) for end in near])
    press(desk, ",")
    press(desk, "-")
    assert desk.axes.get_xlim() == pytest.approx((left, right))
    press(desk, "A")
    assert not desk.figure_tab.drawing.is_zoomed


def test_a_scan_of_the_history_is_shown_by_keys(desk: ScreenHarness) -> None:
    measure(desk)
    desk.close_tab(0)
    press(desk, "H")
    (dialog,) = desk.window.findChildren(HistoryDialog)
    QTest.keyClicks(dialog.search, "xafs_x")
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    desk.refresh()
    assert "xafs_x alignment scan" in desk.titles


def test_menu_and_list_of_keys_name_every_command(desk: ScreenHarness) -> None:
    in_menu = {action.text() for action in desk.window.menu_button.menu().actions()}
    assert {command.label for command in COMMANDS} - in_menu == {"Menu"}
    press(desk, "?")
    (dialog,) = desk.window.findChildren(KeysDialog)
    assert all(command.description in dialog.label.text() for command in COMMANDS)
    for command in COMMANDS:
        assert QKeySequence(command.key) in desk.window.commands.by_name[command.name].shortcuts()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_large_type_reaches_dialogs(desk: ScreenHarness) -> None:
    measure(desk)
    press(desk, "L")
    press(desk, "H")
    press(desk, "?")
    for dialog in (*desk.window.findChildren(HistoryDialog), *desk.window.findChildren(KeysDialog)):
        assert {one.font().pointSize() for one in dialog.findChildren(QWidget)} == {LARGE_BUTTON_POINTS}


@pytest.mark.parametrize("large", [False, True])
def test_tabs_show_the_lowest_pixels_of_their_names(qt: None, large: bool) -> None:
    desk = ScreenHarness(large=large)
    desk.add_entries(("bmm", LINE), *make_line_scan(5), ("bmm", TIME))
    bar = desk.window.tabs.tabBar()
    for number in (0, 1):  # of which one is selected
        desk.window.tabs.setTabText(number, "_" * 12)  # as low as letters reach
        process_events()
        picture = bar.grab(bar.tabRect(number)).toImage()
        middle = [picture.pixelColor(40, y).lightness() for y in range(4, picture.height() - 3)]
        assert min(middle) < 60, f"tab {number}"
    desk.close()


def test_many_tabs_are_scrolled_before_names_are_too_short(qt: None) -> None:
    desk = ScreenHarness(large=True)
    for number in range(9):
        desk.add_entries(("bmm", LINE | {"motor": f"xafs_motor_{number}"}), *make_line_scan(3))
    bar = desk.window.tabs.tabBar()
    widths = [bar.tabRect(number).width() for number in range(bar.count())]
    assert min(widths) > 18 * bar.fontMetrics().averageCharWidth()
    assert sum(widths) > bar.width()
    assert bar.rect().contains(bar.tabRect(bar.currentIndex()))  # that of the newest figure
    desk.close()


def test_a_dark_window_is_dark_everywhere(desk: ScreenHarness) -> None:
    measure(desk)
    desk.window.tabs.setCurrentIndex(0)
    press(desk, "B")
    desk.refresh()
    assert read_colours(desk) == (DARK.background, DARK.face, DARK.foreground)
    press(desk, "B")
    desk.refresh()
    assert read_colours(desk)[0] == LIGHT.background
    assert desk.window.palette().window().color().lightness() > 128


def read_colours(desk: ScreenHarness) -> tuple[str, str, str]:
    """Return the colours of the canvas, of the window and of its texts."""
    palette = desk.window.palette()
    corner = desk.figure_tab.canvas.grab().toImage().pixelColor(2, 2).name()
    return corner, palette.window().color().name(), palette.windowText().color().name()


def test_a_window_of_a_monitor_that_is_gone_is_visible(qt: None, tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    write_geometry(path, WindowGeometry(3.0, -2.0, 0.5, 0.5, "HDMI-7", maximized=False))
    desk = ScreenHarness(path)
    monitor = desk.window.screen().availableGeometry()
    assert is_visible_on(desk.window.frameGeometry(), monitor)
    desk.window.move(10 * monitor.width(), 0)
    process_events()
    assert not is_visible_on(desk.window.frameGeometry(), monitor)
    desk.window.placement.keep_visible()
    process_events()
    assert is_visible_on(desk.window.frameGeometry(), monitor)
    desk.close()


@pytest.mark.parametrize(
    ("window", "is_visible"),
    [
        ((0, 0, 800, 600), True),
        ((1200, 0, 800, 600), True),
        ((1800, 0, 800, 600), False),
        ((-700, 0, 800, 600), False),
        ((0, 2000, 800, 600), False),
    ],
)
def test_a_quarter_of_a_window_is_enough(window: tuple[int, int, int, int], is_visible: bool) -> None:
    assert is_visible_on(QRect(*window), QRect(0, 0, 1920, 1080)) is is_visible
