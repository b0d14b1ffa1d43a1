"""The tabs: a sheet for each figure on show, some of them in windows of their own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QTabWidget

from xafs_workers.frontends.screen.detached_window import LooseWindow
from xafs_workers.frontends.screen.figure_tab import Sheet, SheetPorts
from xafs_workers.frontends.tab_policy import tabs_wanted
from xafs_workers.render.matplotlib.style import Style

LONGEST = 32
"""A tab's text has at most so many characters."""


class Tabs(QTabWidget):
    """Sheets by the ids of their figures.

    Attributes
    ----------
    sheets
        All of them, in tabs and in windows.
    loose
        The windows of those that have one.
    put_away
        Ids of the figures that the user closed.
    """

    def __init__(self, ports: SheetPorts, style: Style):
        super().__init__(documentMode=True, tabsClosable=True, movable=True, usesScrollButtons=True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._ports, self._style, self._points = ports, style, 0
        self.sheets: dict[str, Sheet] = {}
        self.loose: dict[str, LooseWindow] = {}
        self.put_away: set[str] = set()
        self.tabCloseRequested.connect(lambda index: self.put(self.widget(index)))

    def arrange(self, on_show: Sequence[str]) -> bool:
        """Make and drop sheets; return whether there is a new one, which is then in front."""
        self.put_away &= set(on_show)
        change = tabs_wanted(on_show, tuple(self.sheets), self.put_away)
        for figure in change.gone:
            self._drop(figure)
        for figure in change.new:
            sheet = Sheet(figure, self._ports, self._style)
            self._size_type(sheet)
            self.sheets[figure] = sheet
            self.addTab(sheet, "")
        if change.front is not None:
            self.setCurrentWidget(self.sheets[change.front])
        return change.front is not None

    def current(self) -> Sheet | None:
        """Return the sheet in front."""
        sheet = self.currentWidget()
        return sheet if isinstance(sheet, Sheet) else None

    def put(self, sheet: object) -> None:
        """Put a sheet away, for as long as its figure lives."""
        if isinstance(sheet, Sheet):
            self.put_away.add(sheet.figure)
            self._drop(sheet.figure)

    def put_all(self) -> None:
        """Put all tabs away; the figures that have windows of their own stay."""
        for figure, sheet in tuple(self.sheets.items()):
            if figure not in self.loose:
                self.put(sheet)

    def change_place(self, figure: str) -> None:
        """Give a figure a window of its own, or take it back into the tabs."""
        if figure in self.loose:
            self.attach(figure)
        elif figure in self.sheets:
            self.detach(figure)

    def detach(self, figure: str) -> None:
        """Give a figure a window of its own, a little aside."""
        sheet = self.sheets[figure]
        title = self.tabToolTip(self.indexOf(sheet))
        corner = self.window().geometry().topLeft() + QPoint(40, 40) * (len(self.loose) + 1)
        window = LooseWindow(sheet, title, lambda: self.attach(figure))
        window.move(corner)
        self.loose[figure] = window
        window.show()

    def attach(self, figure: str) -> None:
        """Take a figure back; where the tabs were closed meanwhile, it is put away."""
        window = self.loose.pop(figure)
        sheet, title = window.let_go(), window.windowTitle()
        if not self.window().isVisible():
            self.put(sheet)
            return
        self.addTab(sheet, "")
        self.entitle(figure, title)
        self.setCurrentWidget(sheet)

    def entitle(self, figure: str, title: str) -> None:
        """Name a figure's tab or window."""
        index = self.indexOf(self.sheets[figure])
        if index < 0:
            self.loose[figure].setWindowTitle(title)
        elif self.tabToolTip(index) != title or not self.tabText(index):
            text = title if len(title) <= LONGEST else f"{title[: LONGEST - 2]}…"
            self.setTabText(index, text.replace("&", "&&"))
            self.setTabToolTip(index, title)

    def restyle(self, style: Style, points: int) -> None:
        """Draw all with other sizes from now on, and write with type of so many points."""
        self._style, self._points = style, points
        font = self.tabBar().font()
        font.setPointSize(points)
        self.tabBar().setFont(font)
        for sheet in self.sheets.values():
            sheet.restyle(style)
            self._size_type(sheet)

    def _size_type(self, sheet: Sheet) -> None:
        if self._points:
            sheet.toolbar.resize_type(self._points)

    def _drop(self, figure: str) -> None:
        window = self.loose.pop(figure, None)
        if window is not None:
            window.let_go()
        sheet = self.sheets.pop(figure)
        index = self.indexOf(sheet)
        if index >= 0:
            self.removeTab(index)
        sheet.close()
        sheet.setParent(None)
        sheet.deleteLater()
