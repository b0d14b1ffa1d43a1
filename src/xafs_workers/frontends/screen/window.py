"""Main window with tabs of figures and a status line; it never raises itself and never takes the keyboard focus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QStackedWidget, QToolButton

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.figures.views import FoundScan
from xafs_workers.frontends.click_position import build_click
from xafs_workers.frontends.readout import format_scan_readout
from xafs_workers.frontends.screen.actions import WindowActions
from xafs_workers.frontends.screen.appearance import Appearance
from xafs_workers.frontends.screen.detached_window import DetachedWindow
from xafs_workers.frontends.screen.exports import copy_numbers, copy_picture, save_numbers
from xafs_workers.frontends.screen.figure_tab import FigureTab, FigureTabCallbacks
from xafs_workers.frontends.screen.focus_ring import FocusRing
from xafs_workers.frontends.screen.frame_pacer import FramePacer
from xafs_workers.frontends.screen.history_dialog import HistoryCallbacks, HistoryDialog
from xafs_workers.frontends.screen.keys_dialog import KeysDialog
from xafs_workers.frontends.screen.shown_figures import ShownFigures
from xafs_workers.frontends.screen.status_line import StatusLine
from xafs_workers.frontends.screen.tabs import FigureTabs
from xafs_workers.frontends.screen.type_sizes import set_point_size
from xafs_workers.frontends.screen.window_placement import WindowPlacement
from xafs_workers.frontends.status import STALE_AFTER, Feed, build_status
from xafs_workers.frontends.tab_policy import find_new_result
from xafs_workers.frontends.table import list_origins
from xafs_workers.render.matplotlib.drawing import Redraw

REFRESH_INTERVAL = 250
"""Time between updates of the status line, ms; figures are drawn when the board changes."""
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
    dark
        Whether to start with light lines on a dark background; None: as the desktop has it.
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
    dark: bool | None = None


class Window(QMainWindow):
    """Main window of the on-screen plot manager.

    Attributes
    ----------
    board_changed
        Signal that there is a newer board; any thread may emit it.
    frame_seconds
        Duration of the last frame, None before the first.
    commands
        Actions and options of all views.
    """

    board_changed = Signal()

    def __init__(self, callbacks: WindowCallbacks):
        super().__init__()
        self._callbacks = callbacks
        self.appearance = Appearance()
        self._figures = ShownFigures(lambda: self.commands.options)
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
            self.appearance.style,
        )
        self.tabs.currentChanged.connect(lambda _: self._draw_visible())
        self.status_line = StatusLine()
        self.setStatusBar(self.status_line)
        self._empty_label = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        for page in (self._empty_label, self.tabs):
            self._pages.addWidget(page)
        self.setCentralWidget(self._pages)
        self.commands = WindowActions(self, self._redraw, self._build_handlers())
        self._add_menu_button()
        self._timer = QTimer(self, interval=REFRESH_INTERVAL)
        self._timer.timeout.connect(self.refresh)
        self.placement = WindowPlacement(self, callbacks.geometry_file)
        FocusRing(self)
        self._connect_appearance()

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
        before, feed = self._figures.feed, self._callbacks.read_feed()
        self._figures.feed = feed
        if feed.history is not before.history:
            self._mark_stale(self._figures.recalled)
        if feed.board is not before.board and feed.board.version != self._version:
            self._version = feed.board.version
            self._arrange()
        self._pages.setCurrentWidget(self.tabs if self.tabs.count() else self._empty_label)
        self._draw_visible()
        return feed

    def _connect_appearance(self) -> None:
        """Let the commands of the look act, after it is as the settings ask for."""
        for name, is_on in (("large", self._callbacks.large), ("dark", self._callbacks.dark)):
            action = self.commands.by_name[name]
            action.setChecked(self.appearance.is_dark if is_on is None else is_on)
            action.toggled.connect(self._update_appearance)
        self._update_appearance()

    def _update_appearance(self) -> None:
        """Use the size of type and the colours that the commands are switched to."""
        is_large, is_dark = (self.commands.by_name[name].isChecked() for name in ("large", "dark"))
        self.appearance.apply(is_large=is_large, is_dark=is_dark)
        self.tabs.restyle(self.appearance.style)
        self.status_line.resize_type(self.appearance.points, is_large=is_large)
        set_point_size(self._empty_label, 2 * self.appearance.points)
        self._draw_visible()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Close the tabs and hide the window, which is shown again with the next scan."""
        self.placement.save()
        self.tabs.close_all_tabs()
        event.ignore()
        self.hide()

    def _arrange(self) -> None:
        on_show = self._figures.list_on_show(self.tabs.closed_figures)
        new = self.tabs.arrange(tuple(on_show))
        self._show_result(find_new_result(scan for _, scan in on_show.values()))
        for figure, tab in self.tabs.figure_tabs.items():
            if tab.version < 0:
                self.tabs.set_title(figure, self._figures.make(*on_show[figure]).title)
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
        live, front = self._figures.find_live_view(result), self.tabs.get_current()
        is_wide = front is not None and front.drawing.is_wide
        return live if live is not None and is_wide and live in self.tabs.figure_tabs else result

    def _draw_visible(self) -> None:
        """Draw the visible figures that are out of date."""
        stale = {figure: tab for figure, tab in self.tabs.figure_tabs.items() if tab.version != self._version}
        if not stale:
            return
        on_show = self._figures.list_on_show(self.tabs.closed_figures)
        began, changes = time.perf_counter(), list[Redraw]()
        for figure, tab in stale.items():
            if tab.is_on_screen and figure in on_show:
                model = self._figures.make(*on_show[figure], is_wide=tab.drawing.is_wide)
                changes.append(tab.show_figure(model, self._version))
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
                self.tabs.set_title(scan.figure_id, self._figures.make(board, scan).title)
        for figure in self._closed_since.keys() - self.tabs.figure_tabs.keys():
            del self._closed_since[figure]

    def _update_status(self, feed: Feed) -> None:
        status = build_status(feed, self._callbacks.clock(), stale_after=self._callbacks.stale_after)
        self.status_line.show_status(status)
        text = f"{status.connection} …" if status.waiting else EMPTY_TEXT
        if self._empty_label.text() != text:
            self._empty_label.setText(text)

    def _format_readout(self, figure: str, panel: Panel, x: float, y: float) -> str:
        return format_scan_readout(self._figures.find_scan(figure), panel, x, y, self._callbacks.find_edge_energy)

    def _on_click(self, figure: str, panel: Panel, x: float, y: float) -> None:
        scan, tab = self._figures.find_scan(figure), self.tabs.figure_tabs.get(figure)
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
        for dialog in self.findChildren(HistoryDialog):
            dialog.close()  # its list is of the time when it was opened
        callbacks = HistoryCallbacks(self._figures.make_past, self.recall_figure, self.commands.choose_overlay)
        dialog = HistoryDialog(self, self._figures.list_history(), callbacks)
        dialog.show()
        return dialog

    def recall_figure(self, figure: str) -> None:
        """Show the figure of an ended scan in a tab."""
        self._callbacks.request_results(figure)
        self._figures.recalled.add(figure)
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
        found = self._figures.find(tab.figure_id)
        if found is not None:
            act(tab, self._figures.make_unmarked(*found), list_origins(*found))

    def _close_front(self) -> None:
        """Close the active window of a single figure, which returns the figure to the tabs; else the tab in front."""
        active = QApplication.activeWindow()
        if isinstance(active, DetachedWindow):
            active.close()
        else:
            self.tabs.close_tab(self.tabs.get_current())

    def _build_handlers(self) -> dict[str, Callable[[], object]]:
        """Build the functions that carry out the commands."""
        on_front = self._act_on_front
        return {
            "whole": lambda: on_front(lambda tab: tab.drawing.reset_view()),
            "history": self.show_history,
            "picture": lambda: on_front(copy_picture),
            "numbers": lambda: on_front(partial(self._export, copy_numbers)),
            "csv": lambda: on_front(partial(self._export, save_numbers)),
            "help": lambda: KeysDialog(self).show(),
            "next": lambda: self.tabs.step(1),
            "back": lambda: self.tabs.step(-1),
            "close_figure": self._close_front,
            "detach": lambda: on_front(lambda tab: self.tabs.move_figure(tab.figure_id)),
            "enlarge": lambda: on_front(lambda tab: tab.drawing.zoom(0.5)),
            "reduce": lambda: on_front(lambda tab: tab.drawing.zoom(2.0)),
            "left": lambda: on_front(lambda tab: tab.drawing.shift(-0.25)),
            "right": lambda: on_front(lambda tab: tab.drawing.shift(0.25)),
            "menu": lambda: self.menu_button.showMenu(),
            "quit": lambda: QGuiApplication.exit(0),
        }

    def _add_menu_button(self) -> None:
        button = self.menu_button = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup, autoRaise=True)
        button.setText("☰")
        button.setToolTip("What is shown, and all keys")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMenu(self.commands.build_menu())
        self.status_line.addPermanentWidget(button)
