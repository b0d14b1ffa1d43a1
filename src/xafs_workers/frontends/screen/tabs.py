"""The tabs: a sheet for each figure on show, some of them in windows of their own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QTabWidget

from xafs_workers.frontends.screen.detached_window import DetachedWindow
from xafs_workers.frontends.screen.figure_tab import FigureTab, FigureTabCallbacks
from xafs_workers.frontends.tab_policy import compute_tab_changes
from xafs_workers.render.matplotlib.style import Style

MAX_LABEL_LENGTH = 32
"""A tab's text has at most so many characters."""


class FigureTabs(QTabWidget):
    """Sheets by the ids of their figures.

    Attributes
    ----------
    figure_tabs
        All of them, in tabs and in windows.
    detached_windows
        The windows of those that have one.
    closed_figures
        Ids of the figures that the user closed.
    """

    def __init__(self, callbacks: FigureTabCallbacks, style: Style):
        super().__init__(documentMode=True, tabsClosable=True, movable=True, usesScrollButtons=True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._callbacks, self._style, self._points = callbacks, style, 0
        self.figure_tabs: dict[str, FigureTab] = {}
        self.detached_windows: dict[str, DetachedWindow] = {}
        self.closed_figures: set[str] = set()
        self.tabCloseRequested.connect(lambda index: self.close_tab(self.widget(index)))

    def arrange(self, on_show: Sequence[str]) -> bool:
        """Make and drop sheets; return whether there is a new one, which is then in front."""
        self.closed_figures &= set(on_show)
        change = compute_tab_changes(on_show, tuple(self.figure_tabs), self.closed_figures)
        for figure in change.removed:
            self._remove_tab(figure)
        for figure in change.added:
            sheet = FigureTab(figure, self._callbacks, self._style)
            self._set_type_size(sheet)
            self.figure_tabs[figure] = sheet
            self.addTab(sheet, "")
        if change.front is not None:
            self.setCurrentWidget(self.figure_tabs[change.front])
        return change.front is not None

    def get_current(self) -> FigureTab | None:
        """Return the sheet in front."""
        sheet = self.currentWidget()
        return sheet if isinstance(sheet, FigureTab) else None

    def close_tab(self, sheet: object) -> None:
        """Put a sheet away, for as long as its figure lives."""
        if isinstance(sheet, FigureTab):
            self.closed_figures.add(sheet.figure_id)
            self._remove_tab(sheet.figure_id)

    def close_all_tabs(self) -> None:
        """Put all tabs away; the figures that have windows of their own stay."""
        for figure, sheet in tuple(self.figure_tabs.items()):
            if figure not in self.detached_windows:
                self.close_tab(sheet)

    def move_figure(self, figure: str) -> None:
        """Give a figure a window of its own, or take it back into the tabs."""
        if figure in self.detached_windows:
            self.attach(figure)
        elif figure in self.figure_tabs:
            self.detach(figure)

    def detach(self, figure: str) -> None:
        """Give a figure a window of its own, a little aside."""
        sheet = self.figure_tabs[figure]
        title = self.tabToolTip(self.indexOf(sheet))
        corner = self.window().geometry().topLeft() + QPoint(40, 40) * (len(self.detached_windows) + 1)
        window = DetachedWindow(sheet, title, lambda: self.attach(figure))
        window.move(corner)
        self.detached_windows[figure] = window
        window.show()

    def attach(self, figure: str) -> None:
        """Take a figure back; where the tabs were closed meanwhile, it is put away."""
        window = self.detached_windows.pop(figure)
        sheet, title = window.release_tab(), window.windowTitle()
        if not self.window().isVisible():
            self.close_tab(sheet)
            return
        self.addTab(sheet, "")
        self.set_title(figure, title)
        self.setCurrentWidget(sheet)

    def set_title(self, figure: str, title: str) -> None:
        """Name a figure's tab or window."""
        index = self.indexOf(self.figure_tabs[figure])
        if index < 0:
            self.detached_windows[figure].setWindowTitle(title)
        elif self.tabToolTip(index) != title or not self.tabText(index):
            text = title if len(title) <= MAX_LABEL_LENGTH else f"{title[: MAX_LABEL_LENGTH - 2]}…"
            self.setTabText(index, text.replace("&", "&&"))
            self.setTabToolTip(index, title)

    def restyle(self, style: Style, points: int) -> None:
        """Draw all with other sizes from now on, and write with type of so many points."""
        self._style, self._points = style, points
        font = self.tabBar().font()
        font.setPointSize(points)
        self.tabBar().setFont(font)
        for sheet in self.figure_tabs.values():
            sheet.restyle(style)
            self._set_type_size(sheet)

    def _set_type_size(self, sheet: FigureTab) -> None:
        if self._points:
            sheet.toolbar.resize_type(self._points)

    def _remove_tab(self, figure: str) -> None:
        window = self.detached_windows.pop(figure, None)
        if window is not None:
            window.release_tab()
        sheet = self.figure_tabs.pop(figure)
        index = self.indexOf(sheet)
        if index >= 0:
            self.removeTab(index)
        sheet.close()
        sheet.setParent(None)
        sheet.deleteLater()
