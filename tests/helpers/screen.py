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
from helpers.streams import EPOCH, Entry, Teller, fold, run_documents
from xafs_workers.frontends.screen.figure_tab import Sheet
from xafs_workers.frontends.screen.window import Window, WindowPorts
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
TIME = {"timescan": "start", "detector": "i0"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": 3}
LEFT = Qt.MouseButton.LeftButton


def application() -> QApplication:
    made = QApplication.instance() or QApplication([])
    assert isinstance(made, QApplication)
    made.setQuitOnLastWindowClosed(False)
    made.setDoubleClickInterval(30)
    return made


def settle() -> None:
    """Let Qt do what is due, deletions too."""
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


class Desk:
    """A window and the board behind it."""

    def __init__(self, place: Path | None = None, rules: Rules | None = None, *, large: bool = False):
        application()
        self._teller = Teller()
        self.board = Board(rules or Rules())
        self.now = EPOCH
        self.waits_for = ""
        self.last_record: float | None = EPOCH
        self.clicks: list[dict[str, Any]] = []
        ports = WindowPorts(
            self.feed, self.clicks.append, lambda element, edge: 7112.0, place, large, clock=lambda: self.now
        )
        self.window = Window(ports)
        self.window.resize(900, 700)
        self.window.start()
        self.look()

    def feed(self) -> Feed:
        return Feed(self.board, self.waits_for, self.last_record, 0)

    def hear(self, *entries: Entry) -> None:
        """Let the board hear more, and the window look."""
        self.board = fold(self._teller.items(entries), self.board)
        self.look()

    def look(self) -> None:
        self.window.refresh()
        settle()
        self.window.refresh()

    def close(self) -> None:
        for window in (*self.window.tabs.loose.values(), self.window):
            window.hide()
            window.deleteLater()
        settle()

    @property
    def titles(self) -> list[str]:
        return [self.window.tabs.tabText(n) for n in range(self.window.tabs.count())]

    @property
    def sheet(self) -> Sheet:
        sheet = self.window.tabs.current()
        assert sheet is not None
        return sheet

    @property
    def axes(self) -> Any:
        return self.sheet.drawing.axes_of("signal")

    def pixel(self, panel: str, x: float, y: float, sheet: Sheet | None = None) -> QPoint:
        """Return where in the canvas a place of a panel is."""
        sheet = sheet or self.sheet
        px, py = sheet.drawing.axes_of(panel).transData.transform((x, y))
        ratio = sheet.canvas.device_pixel_ratio
        return QPoint(round(px / ratio), round(sheet.canvas.height() - py / ratio))

    def drag(self, begin: QPoint, end: QPoint) -> None:
        canvas = self.sheet.canvas
        QTest.mousePress(canvas, LEFT, pos=begin)
        QTest.mouseMove(canvas, (begin + end) / 2)
        QTest.mouseMove(canvas, end)
        QTest.mouseRelease(canvas, LEFT, pos=end)
        settle()

    def press_tool(self, name: str) -> None:
        """Click a button of the toolbar."""
        toolbar = self.sheet.toolbar
        action = next(action for action in toolbar.actions() if action.text() == name)
        QTest.mouseClick(toolbar.widgetForAction(action), LEFT)
        settle()

    def close_tab(self, index: int) -> None:
        """Click the cross of a tab."""
        bar = self.window.tabs.tabBar()
        cross = bar.tabButton(index, QTabBar.ButtonPosition.RightSide)
        cross = cross or bar.tabButton(index, QTabBar.ButtonPosition.LeftSide)
        assert isinstance(cross, QWidget)
        QTest.mouseClick(cross, LEFT)
        self.look()

    def wait_for_click(self) -> dict[str, Any]:
        def clicked() -> bool:
            QTest.qWait(5)
            return bool(self.clicks)

        wait_until(clicked, "a click", 10.0)
        return self.clicks.pop()

    def no_click_comes(self) -> bool:
        """Wait for longer than a click is held back."""
        QTest.qWait(4 * QApplication.doubleClickInterval() + 50)
        return not self.clicks


def line(points: int, *, finished: bool = False, motor: str = "xafs_x") -> list[Entry]:
    columns = {
        motor: [float(n) for n in range(points)],
        "I0": [2.0] * points,
        "It": [1.0 + n % 3 for n in range(points)],
    }
    return list(run_documents(hint=None, motors=[motor], columns=columns, finished=finished))


def repetition(count: int, points: int = 20) -> list[Entry]:
    columns = {key: [2.0 + n % 5 for n in range(points)] for key in ("I0", "It", "Ir")}
    columns |= {"dcm_energy": [7000.0 + 10 * n for n in range(points)], "dwti_dwell_time": [0.5] * points}
    return [
        ("bmm", {"xafsscan": "next", "count": count}),
        *run_documents(hint=None, motors=["dcm_energy"], columns=columns),
    ]
