"""Main window with tabs of figures and a status line; it never raises itself and never takes the keyboard focus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QStackedWidget, QToolButton

from xafs_workers.figures.figure_builder import list_shown_scans
from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.view_options import PREVIOUS
from xafs_workers.figures.views import FoundScan
from xafs_workers.frontends.click_position import build_click
from xafs_workers.frontends.figure_factory import FigureFactory
from xafs_workers.frontends.history import find_board_scan, list_history
from xafs_workers.frontends.readout import format_scan_readout
from xafs_workers.frontends.screen.actions import WindowActions
from xafs_workers.frontends.screen.detached_window import DetachedWindow
from xafs_workers.frontends.screen.exports import copy_numbers, copy_picture, save_numbers
from xafs_workers.frontends.screen.figure_tab import FigureTab, FigureTabCallbacks
from xafs_workers.frontends.screen.frame_pacer import FramePacer
from xafs_workers.frontends.screen.history_dialog import HistoryCallbacks, HistoryDialog
from xafs_workers.frontends.screen.status_line import StatusLine
from xafs_workers.frontends.screen.tabs import FigureTabs
from xafs_workers.frontends.screen.type_sizes import LARGE_BUTTON_POINTS, LARGE_POINTS, LARGE_STYLE, set_point_size
from xafs_workers.frontends.screen.window_geometry import Rectangle, WindowGeometry, read_geometry, write_geometry
from xafs_workers.frontends.side_by_side import find_live_view, find_merge
from xafs_workers.frontends.status import STALE_AFTER, Feed, build_status
from xafs_workers.frontends.tab_policy import find_new_result
from xafs_workers.frontends.table import list_origins
from xafs_workers.render.matplotlib.drawing import Redraw
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

REFRESH_INTERVAL = 250
"""Time between updates of the status line, ms; figures are drawn when the board changes."""
GEOMETRY_SAVE_DELAY = 1000
"""Time after the last move of the window until its geometry is saved, ms."""
TITLE_INTERVAL = 2.0
"""Time between updates of the titles of figures that are not visible, seconds."""
FINAL_TITLE_SECONDS = 60.0
"""Time for which such a title still follows after its scan is closed: the last merge may come late, seconds."""

EMPTY_TEXT = "no figures yet"


@dataclass(frozen=True, slots=True)
class WindowCallbacks:
    """Functions that the window calls, and its settings.

    Attributes
    ----------
    read_feed
        Returns the newest state.
    on_click
        Receives a picked position.
    find_edge_energy
        Returns the energy of (element, edge) in eV, None if it is unknown; it must return quickly.
    geometry_file
        File in which the window's geometry is saved, None to save nothing.
    large
        Whether to start with type that can be read at four metres.
    stale_after
        Age above which the data of a running scan are marked as stale, seconds.
        clock
            Returns the time, POSIX seconds.
    request_results
        Has the scan of a figure of the past reduced.
    """

    read_feed: Callable[[], Feed]
    on_click: Callable[[dict[str, Any]], None]
    find_edge_energy: Callable[[str, str], float | None] = lambda element, edge: None
    geometry_file: Path | None = None
    large: bool = False
    stale_after: float = STALE_AFTER
    clock: Callable[[], float] = time.time
    request_results: Callable[[str], object] = lambda figure: None


class Window(QMainWindow):
    """Main window of the on-screen plot manager.

    Attributes
    ----------
    board_changed
        Signal that there is a newer board; any thread may emit it.
    frame_seconds
        Duration of the last frame, None before the first.
    """

    board_changed = Signal()

    def __init__(self, callbacks: WindowCallbacks):
        super().__init__()
        self._callbacks = callbacks
        self._board, self._figure_factory = Board(), FigureFactory()
        self._feed = Feed(self._board)
        self._recalled: set[str] = set()
        self._version, self._titles_due = -1, 0.0
        self._closed_since: dict[str, float] = {}
        self._last_result: str | None = None
        self.frame_seconds: float | None = None
        self.setWindowTitle("XAFS live plots")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._pacer = FramePacer()
        self._frame_timer = QTimer(self, singleShot=True)
        self._frame_timer.timeout.connect(self._draw_frame)
        self.board_changed.connect(self._schedule_frame)
        self.tabs = FigureTabs(
            FigureTabCallbacks(
                self._format_readout,
                self._on_click,
                lambda figure: self.tabs.move_figure(figure),
                lambda: self._frame_timer.start(0),
            ),
            Style(),
        )
        self.tabs.currentChanged.connect(lambda _: self._draw_visible())
        self.status_line = StatusLine()
        self.setStatusBar(self.status_line)
        self._empty_label = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        for page in (self._empty_label, self.tabs):
            self._pages.addWidget(page)
        self.setCentralWidget(self._pages)
        self._default_points = self.font().pointSize()
        self.actions_by_command = WindowActions(
            self,
            self._redraw,
            {
                "whole": lambda: self._act_on_front(lambda tab: tab.drawing.reset_view()),
                "history": self.show_history,
                "picture": lambda: self._act_on_front(lambda tab: copy_picture(tab)),
                "numbers": lambda: self._act_on_front(partial(self._export, copy_numbers)),
                "csv": lambda: self._act_on_front(partial(self._export, save_numbers)),
            },
        )
        self.large_type_action = self.actions_by_command.by_name["large"]
        self.large_type_action.setCheckable(True)
        self.large_type_action.toggled.connect(self.set_large)
        self._create_menu()
        self._timer = QTimer(self, interval=REFRESH_INTERVAL)
        self._timer.timeout.connect(self.refresh)
        self._geometry_timer = QTimer(self, singleShot=True, interval=GEOMETRY_SAVE_DELAY)
        self._geometry_timer.timeout.connect(self.save_window_geometry)
        self._restore_window_geometry()
        self.large_type_action.setChecked(callbacks.large)

    def start(self) -> None:
        """Show the window without taking the keyboard focus, and refresh it from now on."""
        self.refresh()
        self.show()
        self._timer.start()

    def refresh(self) -> None:
        """Update the tabs, the visible figures and the status line."""
        self._update_status(self._draw_frame())

    def _schedule_frame(self) -> None:
        """Draw the newest board as soon as the pace allows it; later changes until then are part of the same frame."""
        if not self._frame_timer.isActive():
            self._frame_timer.start(ceil(1000 * self._pacer.compute_delay(time.perf_counter())))

    def _draw_frame(self) -> Feed:
        """Update the tabs and the visible figures."""
        before, self._feed = self._feed, self._callbacks.read_feed()
        feed = self._feed
        if feed.history is not before.history:
            self._mark_stale(self._recalled)
        if feed.board is not self._board:
            self._board = feed.board
            if feed.board.version != self._version:
                self._version = feed.board.version
                self._arrange()
        self._pages.setCurrentWidget(self.tabs if self.tabs.count() else self._empty_label)
        self._draw_visible()
        return feed

    def set_large(self, large: bool) -> None:
        """Switch between large type, which can be read at four metres, and normal type."""
        points = LARGE_POINTS if large else self._default_points
        self.tabs.restyle(LARGE_STYLE if large else Style(), LARGE_BUTTON_POINTS if large else self._default_points)
        self.status_line.resize_type(points, is_large=large)
        for widget in (self._menu, self._menu_button):
            set_point_size(widget, LARGE_BUTTON_POINTS if large else self._default_points)
        set_point_size(self._empty_label, 2 * points)
        self._draw_visible()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Close the tabs and hide the window, which is shown again with the next scan."""
        self.save_window_geometry()
        self.tabs.close_all_tabs()
        event.ignore()
        self.hide()

    def moveEvent(self, event: QMoveEvent) -> None:  # noqa: N802 - Qt's name
        """Save the new position after a delay."""
        super().moveEvent(event)
        self._geometry_timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Save the new size after a delay."""
        super().resizeEvent(event)
        self._geometry_timer.start()

    def save_window_geometry(self) -> None:
        """Save the geometry of the window, if it is visible."""
        screen = self.screen()
        if self._callbacks.geometry_file is None or screen is None or not self.isVisible() or self.isMinimized():
            return
        where = _to_rectangle(self.normalGeometry() if self.isMaximized() else self.geometry())
        monitor = _to_rectangle(screen.availableGeometry())
        write_geometry(
            self._callbacks.geometry_file,
            WindowGeometry.from_window(where, monitor, screen.name(), maximized=self.isMaximized()),
        )

    def _arrange(self) -> None:
        on_show = self._list_on_show()
        new = self.tabs.arrange(tuple(on_show))
        self._show_result(find_new_result(scan for _, scan in on_show.values()))
        for figure, tab in self.tabs.figure_tabs.items():
            if tab.version < 0:
                self.tabs.set_title(figure, self._make_figure(*on_show[figure]).title)
        if new and not self.isVisible():
            self.show()

    def _show_result(self, figure: str | None) -> None:
        """Bring the figure of a sequence to the front once, at its end, unless the user selected another."""
        if figure is not None and figure != self._last_result:
            self._last_result = figure
            if not self.tabs.is_picked:
                self.tabs.select(self._find_host(figure))

    def _find_host(self, result: str) -> str:
        """Return the figure that shows a result: in a wide window the live view, with the result beside it."""
        scan, front = self._find_scan(result), self.tabs.get_current()
        live = find_live_view(self._board, scan) if scan is not None else None
        is_wide = front is not None and front.drawing.is_wide
        return live.figure_id if live is not None and is_wide and live.figure_id in self.tabs.figure_tabs else result

    def _draw_visible(self) -> None:
        """Draw the visible figures that are out of date."""
        stale = {figure: tab for figure, tab in self.tabs.figure_tabs.items() if tab.version != self._version}
        if not stale:
            return
        on_show = self._list_on_show()
        began, changes = time.perf_counter(), list[Redraw]()
        for figure, tab in stale.items():
            if tab.is_on_screen and figure in on_show:
                board, scan = on_show[figure]
                model = self._make_figure(board, scan)
                beside = find_merge(board, scan) if tab.drawing.is_wide else None
                whole = model if beside is None else replace(model, beside=self._make_figure(board, beside))
                changes.append(tab.show_figure(whole, self._version))
                self.tabs.set_title(figure, model.title)
        if changes:
            painting = sum(tab.canvas.paint_seconds for tab in stale.values() if tab.is_on_screen)
            ended = time.perf_counter() + painting  # Qt paints when this function has returned, as long as last time
            self.frame_seconds = ended - began
            self._pacer.add_frame(began, ended, is_usual=set(changes) <= {Redraw.BLIT, Redraw.NONE})
        self._update_titles(
            [on_show[figure] for figure, tab in stale.items() if figure in on_show and not tab.is_on_screen]
        )

    def _update_titles(self, scans: list[FoundScan]) -> None:
        """Update the titles of hidden figures, which contain the progress of the scan; the last one after its end."""
        now = self._callbacks.clock()
        if now < self._titles_due:
            return
        self._titles_due = now + TITLE_INTERVAL
        for board, scan in scans:
            if board.is_closed(scan):
                self._closed_since.setdefault(scan.figure_id, now)
            if now - self._closed_since.get(scan.figure_id, now) <= FINAL_TITLE_SECONDS:
                self.tabs.set_title(scan.figure_id, self._make_figure(board, scan).title)
        for figure in self._closed_since.keys() - self.tabs.figure_tabs.keys():
            del self._closed_since[figure]

    def _update_status(self, feed: Feed) -> None:
        status = build_status(feed, self._callbacks.clock(), stale_after=self._callbacks.stale_after)
        self.status_line.show_status(status)
        text = f"{status.connection} …" if status.waiting else EMPTY_TEXT
        if self._empty_label.text() != text:
            self._empty_label.setText(text)

    def _list_on_show(self) -> dict[str, FoundScan]:
        """List the scans with an open figure, and before them those of the past that the user recalled."""
        self._recalled -= self.tabs.closed_figures
        past = {figure: found for figure in self._recalled if (found := self._find_board_scan(figure)) is not None}
        return past | {scan.figure_id: (self._board, scan) for scan in list_shown_scans(self._board)}

    def _find_board_scan(self, figure: str) -> FoundScan | None:
        return find_board_scan((self._board, self._feed.history), figure)

    def _make_figure(self, board: Board, scan: Scan) -> Figure:
        return self._figure_factory.make(
            board, scan, self.actions_by_command.options, self._find_overlay(), self._board
        )

    def _find_overlay(self) -> FoundScan | None:
        overlay = self.actions_by_command.options.overlay
        return None if overlay in ("", PREVIOUS) else self._find_board_scan(overlay)

    def _find_scan(self, figure: str) -> Scan | None:
        found = self._find_board_scan(figure)
        return None if found is None else found[1]

    def _format_readout(self, figure: str, panel: Panel, x: float, y: float) -> str:
        return format_scan_readout(self._find_scan(figure), panel, x, y, self._callbacks.find_edge_energy)

    def _on_click(self, figure: str, panel: Panel, x: float, y: float) -> None:
        scan, tab = self._find_scan(figure), self.tabs.figure_tabs.get(figure)
        click = build_click(scan, panel, x, y) if scan is not None and tab is not None else None
        if click is not None and tab is not None:
            self._callbacks.on_click(click)
            picked = [f"{click['motor']} = {x:.4g}"] + ([f"{click['motor2']} = {y:.4g}"] if "motor2" in click else [])
            tab.toolbar.show_text(f"picked {', '.join(picked)}")

    def _redraw(self) -> None:
        """Draw all figures again, with other options."""
        self._mark_stale(self.tabs.figure_tabs.keys())
        self._draw_visible()

    def _mark_stale(self, figures: Iterable[str]) -> None:
        for figure in figures:
            if figure in self.tabs.figure_tabs:
                self.tabs.figure_tabs[figure].version = -1

    def show_history(self) -> HistoryDialog:
        """Show the list of ended scans."""
        callbacks = HistoryCallbacks(
            self._build_past_figure, self.recall_figure, self.actions_by_command.choose_overlay
        )
        dialog = HistoryDialog(self, list_history((self._board, self._feed.history)), callbacks)
        dialog.show()
        return dialog

    def _build_past_figure(self, figure: str) -> Figure | None:
        found = self._find_board_scan(figure)
        return None if found is None else self._make_figure(*found)

    def recall_figure(self, figure: str) -> None:
        """Show the figure of an ended scan in a tab."""
        self._callbacks.request_results(figure)
        self._recalled.add(figure)
        self.tabs.closed_figures.discard(figure)
        self._arrange()
        self.tabs.select(figure)
        self._draw_visible()

    def _act_on_front(self, act: Callable[[FigureTab], object]) -> None:
        """Act on the figure that the user looks at: of the active window, else that of the tab in front."""
        active = QApplication.activeWindow()
        tab = active.centralWidget() if isinstance(active, DetachedWindow) else self.tabs.get_current()
        if isinstance(tab, FigureTab):
            act(tab)

    def _export(self, act: Callable[[FigureTab, Figure, dict[str, str]], object], tab: FigureTab) -> None:
        """Export the numbers of a figure as it is shown, without marks."""
        found = self._find_board_scan(tab.figure_id)
        if found is not None:
            options = replace(self.actions_by_command.options, has_statistics=False)
            act(tab, self._figure_factory.make(*found, options, self._find_overlay()), list_origins(*found))

    def _create_menu(self) -> None:
        quit_action = QAction("&Quit", self, shortcut=QKeySequence("Ctrl+Q"))
        quit_action.triggered.connect(lambda: QGuiApplication.exit(0))
        self.addAction(quit_action)
        button = self._menu_button = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup, autoRaise=True)
        button.setText("☰")
        button.setToolTip("What is shown, and all keys")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._menu = self.actions_by_command.build_menu(quit_action)
        button.setMenu(self._menu)
        self.status_line.addPermanentWidget(button)

    def _restore_window_geometry(self) -> None:
        geometry = read_geometry(self._callbacks.geometry_file) if self._callbacks.geometry_file else WindowGeometry()
        named = next((screen for screen in QGuiApplication.screens() if screen.name() == geometry.monitor), None)
        screen = named or self.screen()
        if screen is not None:
            self.setGeometry(QRect(*geometry.to_rectangle(_to_rectangle(screen.availableGeometry()))))
        if geometry.maximized:
            self.setWindowState(self.windowState() | Qt.WindowState.WindowMaximized)


def _to_rectangle(rectangle: QRect) -> Rectangle:
    return rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height()
