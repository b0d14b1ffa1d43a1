"""The window: tabs of figures, a status line; it never raises itself and never takes the keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLabel, QMainWindow, QTabWidget, QToolButton, QWidget

from xafs_workers.elements import edge_energy
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.views import figures_on_show
from xafs_workers.frontends.screen.choice import tabs_wanted
from xafs_workers.frontends.screen.place import Place, read_place, write_place
from xafs_workers.frontends.screen.pluck import click_of
from xafs_workers.frontends.screen.readout import readout
from xafs_workers.frontends.screen.sheet import Sheet
from xafs_workers.frontends.screen.status import Feed, status_of
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.scans.board import Board

FASTEST = 40
"""Time between frames, ms: at most 25 a second."""
SLOWEST = 1000


@dataclass(frozen=True, slots=True)
class WindowPorts:
    """What the window asks and tells.

    Attributes
    ----------
    feed
        Returns the newest state.
    click
        Takes a picked position.
    place
        File that remembers where the window was, None: it is not remembered.
    """

    feed: Callable[[], Feed]
    click: Callable[[dict[str, Any]], None]
    place: Path | None = None
    large: bool = False
    clock: Callable[[], float] = time.time


class Window(QMainWindow):
    """The on-screen plot manager's window."""

    def __init__(self, ports: WindowPorts):
        super().__init__()
        self._ports = ports
        self._large = ports.large
        self.sheets: dict[str, Sheet] = {}
        self._loose: dict[str, LooseWindow] = {}
        self._put_away: set[str] = set()
        self._version = -1
        self.setWindowTitle("XAFS live plots")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.tabs = QTabWidget(documentMode=True, tabsClosable=True, movable=True)
        self.tabs.tabCloseRequested.connect(self._close_tab)
        self.tabs.currentChanged.connect(lambda _: self._draw_visible(force=True))
        self.tabs.setCornerWidget(self._corner())
        self.setCentralWidget(self.tabs)
        self.labels = {name: QLabel() for name in ("connection", "measurement", "progress", "age", "cursor")}
        for label in self.labels.values():
            label.setMargin(4)
        for name, label in self.labels.items():
            self.statusBar().addPermanentWidget(label, 1 if name == "cursor" else 0)
        self._actions()
        self._timer = QTimer(self, interval=FASTEST)
        self._timer.timeout.connect(self.refresh)
        self._go_to_place()

    def start(self) -> None:
        """Show the window, without taking the keyboard, and follow the feed."""
        self.show()
        self._timer.start()

    def refresh(self) -> None:
        """Bring tabs, the visible figures and the status line up to date."""
        feed = self._ports.feed()
        if feed.board.version != self._version:
            self._version = feed.board.version
            self._arrange_tabs(feed.board)
            self._draw_visible()
        self._tell(feed)

    def set_large(self, large: bool) -> None:
        """Choose type that can be read at four metres, or the usual one."""
        self._large = large
        for sheet in self.sheets.values():
            sheet.restyle(self._style())
        for label in self.labels.values():
            font = label.font()
            font.setPointSize(20 if large else 10)
            label.setFont(font)

    def detach(self, figure: str | None = None) -> None:
        """Give a tab (the current one) a window of its own."""
        chosen = figure or self._current()
        if chosen is not None and chosen not in self._loose:
            self._loose[chosen] = LooseWindow(self.sheets[chosen], self._title(chosen), lambda: self.attach(chosen))
            self._loose[chosen].show()

    def attach(self, figure: str) -> None:
        """Take a figure back into the tabs."""
        loose = self._loose.pop(figure, None)
        if loose is not None and figure in self.sheets:
            sheet = loose.let_go()
            self.tabs.addTab(sheet, self._title(figure))
            sheet.show()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Put all figures away; the window comes back with the next scan."""
        self.remember_place()
        for figure in tuple(self.sheets):
            self._put_away.add(figure)
            self._drop(figure)
        event.ignore()
        self.hide()

    def remember_place(self) -> None:
        """Write down where the window is."""
        screen = self.screen()
        if self._ports.place is not None and screen is not None and self.isVisible():
            geometry, monitor = self.geometry(), screen.availableGeometry()
            write_place(self._ports.place, Place.of(_numbers(geometry), _numbers(monitor)))

    def _arrange_tabs(self, board: Board) -> None:
        figures = {figure.id: figure for figure in figures_on_show(board)}
        self._put_away &= figures.keys()
        change = tabs_wanted(tuple(figures), tuple(self.sheets), self._put_away)
        for figure in change.gone:
            self._drop(figure)
        for figure in change.new:
            sheet = Sheet(self._style(), self._pointed, self._clicked)
            self.sheets[figure] = sheet
            sheet.show_figure(figures[figure])
            self.tabs.addTab(sheet, _tab_text(figures[figure]))
        if change.front is not None:
            self.tabs.setCurrentWidget(self.sheets[change.front])
            if not self.isVisible():
                self.show()

    def _draw_visible(self, *, force: bool = False) -> None:
        board = self._ports.feed().board
        shown = {figure.id: figure for figure in figures_on_show(board)}
        visible = {self._current(), *self._loose} & shown.keys() & self.sheets.keys()
        for figure in visible:
            self.sheets[figure].show_figure(shown[figure])
            self._name(figure, shown[figure])
        cost = sum(self.sheets[figure].seconds for figure in visible) * 1000
        self._timer.setInterval(int(min(SLOWEST, max(FASTEST, 2 * cost))))

    def _tell(self, feed: Feed) -> None:
        status = status_of(feed, self._ports.clock())
        for name in ("connection", "measurement", "progress", "age"):
            label, text = self.labels[name], getattr(status, name)
            if label.text() != text:
                label.setText(text)
        colour = "color: white; background: #b00020; padding: 0 6px;" if status.stale else ""
        if self.labels["age"].styleSheet() != colour:
            self.labels["age"].setStyleSheet(colour)

    def _pointed(self, panel: Panel, x: float, y: float) -> None:
        text = readout(
            x,
            y,
            x_name=panel.x_name,
            x_label=panel.x_label,
            y_label=panel.y_label,
            e0=self._edge() if panel.x_name == "energy" else None,
        )
        self.labels["cursor"].setText(text)

    def _clicked(self, panel: Panel, x: float, y: float) -> None:
        sender = self._current()
        scan = self._ports.feed().board.scan(sender) if sender else None
        click = click_of(scan, panel, x, y) if scan else None
        if click is not None:
            self._ports.click(click)
            self.statusBar().showMessage(f"{click['motor']} = {x:.4g}", 3000)

    def _edge(self) -> float | None:
        current = self._current()
        scan = self._ports.feed().board.scan(current) if current else None
        message: Any = scan.start.message if scan else None
        element, edge = getattr(message, "element", None), getattr(message, "edge", None)
        return edge_energy(element, edge) if element and edge else None

    def _style(self) -> Style:
        return Style(scale=1.7) if self._large else Style()

    def _current(self) -> str | None:
        widget = self.tabs.currentWidget()
        return next((figure for figure, sheet in self.sheets.items() if sheet is widget), None)

    def _close_tab(self, index: int) -> None:
        widget = self.tabs.widget(index)
        figure = next((figure for figure, sheet in self.sheets.items() if sheet is widget), None)
        if figure is not None:
            self._put_away.add(figure)
            self._drop(figure)

    def _drop(self, figure: str) -> None:
        loose = self._loose.pop(figure, None)
        if loose is not None:
            loose.let_go()
            loose.deleteLater()
        sheet = self.sheets.pop(figure)
        index = self.tabs.indexOf(sheet)
        if index >= 0:
            self.tabs.removeTab(index)
        sheet.setParent(None)
        sheet.deleteLater()

    def _title(self, figure: str) -> str:
        model = self.sheets[figure].drawing.model
        return _tab_text(model) if model else figure

    def _name(self, figure: str, model: Figure) -> None:
        index = self.tabs.indexOf(self.sheets[figure])
        if index >= 0 and self.tabs.tabText(index) != _tab_text(model):
            self.tabs.setTabText(index, _tab_text(model))

    def _corner(self) -> QWidget:
        button = QToolButton()
        button.setText("detach")
        button.setToolTip("give this figure a window of its own")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: self.detach())
        return button

    def _actions(self) -> None:
        for text, keys, act in (
            ("&Large type", "Ctrl+L", lambda: self.set_large(not self._large)),
            ("&Detach", "Ctrl+D", lambda: self.detach()),
            ("&Quit", "Ctrl+Q", lambda: QGuiApplication.exit(0)),
        ):
            action = QAction(text, self, shortcut=QKeySequence(keys))
            action.triggered.connect(act)
            self.addAction(action)

    def _go_to_place(self) -> None:
        screen = self.screen()
        if screen is not None:
            place = read_place(self._ports.place) if self._ports.place else Place()
            self.setGeometry(QRect(*place.on(_numbers(screen.availableGeometry()))))


class LooseWindow(QMainWindow):
    """A figure in a window of its own; closing it gives the figure back to the tabs."""

    def __init__(self, sheet: Sheet, title: str, back: Callable[[], None]):
        super().__init__()
        self._back = back
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(title)
        self.setCentralWidget(sheet)
        self.resize(900, 700)

    def let_go(self) -> Any:
        """Return the sheet, and be gone."""
        self._back = lambda: None
        sheet = self.takeCentralWidget()
        self.hide()
        return sheet

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Give the figure back."""
        self._back()
        event.accept()


def _numbers(rectangle: Any) -> tuple[int, int, int, int]:
    return rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height()


def _tab_text(figure: Figure) -> str:
    return figure.title if len(figure.title) <= 32 else f"{figure.title[:30]}…"
