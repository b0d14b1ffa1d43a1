"""The window of the on-screen plot manager over a board that a test fills, driven as a person would."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar, QWidget

from helpers.processes import wait_until
from helpers.streams import EPOCH, Entry, EntryStamper, build_run_documents, fold
from xafs_workers.frontends.screen.figure_tab import FigureTab
from xafs_workers.frontends.screen.window import Window, WindowCallbacks
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
TIME = {"timescan": "start", "detector": "i0"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": 3}
LEFT = Qt.MouseButton.LeftButton


def get_application() -> QApplication:
    made = QApplication.instance() or QApplication([])
    assert isinstance(made, QApplication)
    made.setQuitOnLastWindowClosed(False)
    made.setDoubleClickInterval(30)
    return made


def process_events() -> None:
    """Let Qt do what is due, deletions too."""
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


class ScreenHarness:
    """A window and the board behind it."""

    def __init__(self, place: Path | None = None, rules: BoardConfig | None = None, *, large: bool = False):
        get_application()
        self._stamper = EntryStamper()
        self.board = Board(rules or BoardConfig())
        self.now = EPOCH
        self.waits_for = ""
        self.last_record: float | None = EPOCH
        self.history = Board()
        self.clicks: list[dict[str, Any]] = []
        ports = WindowCallbacks(
            self.build_feed, self.clicks.append, lambda element, edge: 7112.0, place, large, clock=lambda: self.now
        )
        self.window = Window(ports)
        self.window.resize(900, 700)
        self.window.start()
        self.refresh()

    def build_feed(self) -> Feed:
        return Feed(self.board, self.waits_for, self.last_record, 0, self.history)

    def add_entries(self, *entries: Entry) -> None:
        """Apply more entries to the board, and update the window."""
        self.board = fold(self._stamper.stamp(entries), self.board)
        self.refresh()

    def refresh(self) -> None:
        self.window.refresh()
        process_events()
        self.window.refresh()

    def close(self) -> None:
        for window in (*self.window.tabs.detached_windows.values(), self.window):
            window.hide()
            window.deleteLater()
        process_events()
        self.window.appearance.restore()

    @property
    def titles(self) -> list[str]:
        return [self.window.tabs.tabText(n) for n in range(self.window.tabs.count())]

    @property
    def figure_tab(self) -> FigureTab:
        sheet = self.window.tabs.get_current()
        assert sheet is not None
        return sheet

    @property
    def axes(self) -> Any:
        return self.figure_tab.drawing.get_axes("signal")

    def get_positions(self, sheet: FigureTab | None = None) -> Any:
        """Return the positions of the points that are drawn of a line scan's curve."""
        axes = (sheet or self.figure_tab).drawing.get_axes("signal")
        curves = [line for line in axes.lines if line.get_transform() is axes.transData and line.get_marker() != "x"]
        return curves[0].get_xdata()

    def find_pixel(self, panel: str, x: float, y: float, sheet: FigureTab | None = None) -> QPoint:
        """Return where in the canvas a place of a panel is."""
        sheet = sheet or self.figure_tab
        px, py = sheet.drawing.get_axes(panel).transData.transform((x, y))
        ratio = sheet.canvas.device_pixel_ratio
        return QPoint(round(px / ratio), round(sheet.canvas.height() - py / ratio))

    def drag(self, begin: QPoint, end: QPoint) -> None:
        canvas = self.figure_tab.canvas
        QTest.mousePress(canvas, LEFT, pos=begin)
        QTest.mouseMove(canvas, (begin + end) / 2)
        QTest.mouseMove(canvas, end)
        QTest.mouseRelease(canvas, LEFT, pos=end)
        process_events()

    def press_tool(self, name: str) -> None:
        """Click a button of the toolbar."""
        toolbar = self.figure_tab.toolbar
        action = next(action for action in toolbar.actions() if action.text() == name)
        QTest.mouseClick(toolbar.widgetForAction(action), LEFT)
        process_events()

    def close_tab(self, index: int) -> None:
        """Click the cross of a tab."""
        bar = self.window.tabs.tabBar()
        cross = bar.tabButton(index, QTabBar.ButtonPosition.RightSide)
        cross = cross or bar.tabButton(index, QTabBar.ButtonPosition.LeftSide)
        assert isinstance(cross, QWidget)
        QTest.mouseClick(cross, LEFT)
        self.refresh()

    def wait_for_click(self) -> dict[str, Any]:
        def clicked() -> bool:
            QTest.qWait(5)
            return bool(self.clicks)

        wait_until(clicked, "a click", 10.0)
        return self.clicks.pop()

    def has_no_click(self) -> bool:
        """Wait for longer than a click is held back."""
        QTest.qWait(4 * QApplication.doubleClickInterval() + 50)
        return not self.clicks


def make_line_scan(points: int, *, finished: bool = False, motor: str = "xafs_x") -> list[Entry]:
    columns = {
        motor: [float(n) for n in range(points)],
        "I0": [2.0] * points,
        "It": [1.0 + n % 3 for n in range(points)],
    }
    return list(build_run_documents(hint=None, motors=[motor], columns=columns, finished=finished))


def make_repetition(count: int, points: int = 20) -> list[Entry]:
    columns = {key: [2.0 + n % 5 for n in range(points)] for key in ("I0", "It", "Ir")}
    columns |= {"dcm_energy": [7000.0 + 10 * n for n in range(points)], "dwti_dwell_time": [0.5] * points}
    return [
        ("bmm", {"xafsscan": "next", "count": count}),
        *build_run_documents(hint=None, motors=["dcm_energy"], columns=columns),
    ]
