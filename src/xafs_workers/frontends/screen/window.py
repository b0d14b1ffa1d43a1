"""The window: tabs of figures, a status line; it never raises itself and never takes the keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QMenu, QStackedWidget, QToolButton

from xafs_workers.figures.figure_builder import scans_on_show
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.frontends.click_position import click_of
from xafs_workers.frontends.figure_factory import Maker
from xafs_workers.frontends.readout import ENERGY, readout
from xafs_workers.frontends.screen.figure_tab import SheetPorts
from xafs_workers.frontends.screen.status_line import StatusLine
from xafs_workers.frontends.screen.tabs import Tabs
from xafs_workers.frontends.screen.window_geometry import Place, Rectangle, read_place, write_place
from xafs_workers.frontends.status import STALE, Feed, status_of
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

FASTEST = 40
"""Time between frames, ms: at most 25 a second."""
SLOWEST = 1000
SETTLED = 1000
"""The place is written down when the window has kept still so long, ms."""
RETITLED = 2.0
"""Titles of figures that nobody looks at are brought up to date this often, seconds."""

LARGE = Style(scale=2.4, grows=False)
LARGE_POINTS = 24
"""Capitals of 24 points are 6 mm high: five minutes of arc at four metres, what a good eye can just read."""
HANDLED_POINTS = 14
"""Tabs and buttons of the large type: whoever uses them stands nearer."""
NOTHING = "nothing to be seen yet"


@dataclass(frozen=True, slots=True)
class WindowPorts:
    """What the window asks and tells.

    Attributes
    ----------
    feed
        Returns the newest state.
    click
        Takes a picked position.
    edge
        Returns the energy of (element, edge), eV, None where it is not known; it must not take long.
    place
        File that remembers where the window was, None: it is not remembered.
    large
        Type that can be read at four metres.
    stale_after
        Age from which on data of a running scan are marked, seconds.
    """

    feed: Callable[[], Feed]
    click: Callable[[dict[str, Any]], None]
    edge: Callable[[str, str], float | None] = lambda element, edge: None
    place: Path | None = None
    large: bool = False
    stale_after: float = STALE
    clock: Callable[[], float] = time.time


class Window(QMainWindow):
    """The on-screen plot manager's window."""

    def __init__(self, ports: WindowPorts):
        super().__init__()
        self._ports = ports
        self._board, self._maker = Board(), Maker()
        self._version, self._retitle_due = -1, 0.0
        self.frame_seconds: float | None = None
        self.setWindowTitle("XAFS live plots")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.tabs = Tabs(SheetPorts(self._words, self._clicked, lambda figure: self.tabs.change_place(figure)), Style())
        self.tabs.currentChanged.connect(lambda _: self._draw_seen())
        self.status = StatusLine()
        self.setStatusBar(self.status)
        self._empty = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        for page in (self._empty, self.tabs):
            self._pages.addWidget(page)
        self.setCentralWidget(self._pages)
        self._usual_points = self.font().pointSize()
        self.large_type = self._switch("&Large type", "Ctrl+L", self.set_large)
        self.each_channel = self._switch("Each fluorescence &channel", "Ctrl+K", self._set_channels)
        self._menu()
        self._timer = QTimer(self, interval=FASTEST)
        self._timer.timeout.connect(self.refresh)
        self._place_timer = QTimer(self, singleShot=True, interval=SETTLED)
        self._place_timer.timeout.connect(self.remember_place)
        self._go_to_place()
        self.large_type.setChecked(ports.large)

    def start(self) -> None:
        """Show the window, without taking the keyboard, and follow the feed."""
        self.refresh()
        self.show()
        self._timer.start()

    def refresh(self) -> None:
        """Bring tabs, the figures that can be seen, and the status line up to date."""
        feed = self._ports.feed()
        if feed.board is not self._board:
            self._board = feed.board
            if feed.board.version != self._version:
                self._version = feed.board.version
                self._arrange()
        self._pages.setCurrentWidget(self.tabs if self.tabs.count() else self._empty)
        self._draw_seen()
        self._tell(feed)

    def set_large(self, large: bool) -> None:
        """Choose type that can be read at four metres, or the usual one."""
        points = LARGE_POINTS if large else self._usual_points
        self.tabs.restyle(LARGE if large else Style(), HANDLED_POINTS if large else self._usual_points)
        self.status.resize_type(points, two_rows=large)
        font = self._empty.font()
        font.setPointSize(2 * points)
        self._empty.setFont(font)
        self._draw_seen()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Put the tabs away; the window comes back with the next scan."""
        self.remember_place()
        self.tabs.put_all()
        event.ignore()
        self.hide()

    def moveEvent(self, event: QMoveEvent) -> None:  # noqa: N802 - Qt's name
        """Take note of a new place."""
        super().moveEvent(event)
        self._place_timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Take note of a new size."""
        super().resizeEvent(event)
        self._place_timer.start()

    def remember_place(self) -> None:
        """Write down where the window is."""
        screen = self.screen()
        if self._ports.place is None or screen is None or not self.isVisible() or self.isMinimized():
            return
        where = _numbers(self.normalGeometry() if self.isMaximized() else self.geometry())
        monitor = _numbers(screen.availableGeometry())
        write_place(self._ports.place, Place.of(where, monitor, screen.name(), maximized=self.isMaximized()))

    def _arrange(self) -> None:
        on_show = {scan.figure_id: scan for scan in scans_on_show(self._board)}
        new = self.tabs.arrange(tuple(on_show))
        for figure, sheet in self.tabs.sheets.items():
            if sheet.version < 0:
                self.tabs.entitle(figure, self._figure(on_show[figure]).title)
        if new and not self.isVisible():
            self.show()

    def _draw_seen(self) -> None:
        """Draw what can be seen and is not up to date; the dearer a frame, the longer until the next."""
        stale = {figure: sheet for figure, sheet in self.tabs.sheets.items() if sheet.version != self._version}
        if not stale:
            return
        on_show = {scan.figure_id: scan for scan in scans_on_show(self._board)}
        began, drawn = time.perf_counter(), False
        for figure, sheet in stale.items():
            if sheet.seen and figure in on_show:
                model = self._figure(on_show[figure])
                sheet.show_figure(model, self._version)
                self.tabs.entitle(figure, model.title)
                drawn = True
        if drawn:
            self.frame_seconds = time.perf_counter() - began
            cost = 1000 * self.frame_seconds
            self._timer.setInterval(int(min(SLOWEST, max(FASTEST, 2 * cost))))
        self._retitle([on_show[figure] for figure, sheet in stale.items() if figure in on_show and not sheet.seen])

    def _retitle(self, scans: list[Scan]) -> None:
        """Bring titles up to date that say how far a scan is."""
        now = self._ports.clock()
        if now < self._retitle_due:
            return
        self._retitle_due = now + RETITLED
        for scan in scans:
            if not self._board.closed(scan):
                self.tabs.entitle(scan.figure_id, self._figure(scan).title)

    def _tell(self, feed: Feed) -> None:
        status = status_of(feed, self._ports.clock(), stale_after=self._ports.stale_after)
        self.status.tell(status)
        said = f"{status.connection} …" if status.waiting else NOTHING
        if self._empty.text() != said:
            self._empty.setText(said)

    def _figure(self, scan: Scan) -> Figure:
        return self._maker.make(self._board, scan, channels=self.each_channel.isChecked())

    def _scan(self, figure: str) -> Scan | None:
        return next((scan for scan in self._board.scans if scan.figure_id == figure), None)

    def _words(self, figure: str, panel: Panel, x: float, y: float) -> str:
        message: Any = scan.start.message if (scan := self._scan(figure)) else None
        element, edge = getattr(message, "element", None), getattr(message, "edge", None)
        e0 = self._ports.edge(element, edge) if panel.x_name == ENERGY and element and edge else None
        return readout(panel, x, y, e0)

    def _clicked(self, figure: str, panel: Panel, x: float, y: float) -> None:
        scan = self._scan(figure)
        click = click_of(scan, panel, x, y) if scan else None
        if click is not None:
            self._ports.click(click)
            places = [f"{click['motor']} = {x:.4g}"] + ([f"{click['motor2']} = {y:.4g}"] if "motor2" in click else [])
            self.tabs.sheets[figure].toolbar.tell(f"picked {', '.join(places)}")

    def _set_channels(self, checked: bool) -> None:
        for sheet in self.tabs.sheets.values():
            sheet.version = -1
        self._draw_seen()

    def _switch(self, text: str, keys: str, act: Callable[[bool], None]) -> QAction:
        action = QAction(text, self, shortcut=QKeySequence(keys), checkable=True)
        action.toggled.connect(act)
        self.addAction(action)
        return action

    def _menu(self) -> None:
        leave = QAction("&Quit", self, shortcut=QKeySequence("Ctrl+Q"))
        leave.triggered.connect(lambda: QGuiApplication.exit(0))
        self.addAction(leave)
        menu = QMenu(self)
        menu.addActions([self.large_type, self.each_channel])
        menu.addSeparator()
        menu.addAction(leave)
        button = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup, autoRaise=True)
        button.setText("☰")
        button.setToolTip("Large type, each channel, quit")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setMenu(menu)
        self.status.addPermanentWidget(button)

    def _go_to_place(self) -> None:
        place = read_place(self._ports.place) if self._ports.place else Place()
        named = next((screen for screen in QGuiApplication.screens() if screen.name() == place.monitor), None)
        screen = named or self.screen()
        if screen is not None:
            self.setGeometry(QRect(*place.on(_numbers(screen.availableGeometry()))))
        if place.maximized:
            self.setWindowState(self.windowState() | Qt.WindowState.WindowMaximized)


def _numbers(rectangle: QRect) -> Rectangle:
    return rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height()
