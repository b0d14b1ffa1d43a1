"""Tabs of the window: one for each shown figure; some figures are detached into their own windows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QTabBar, QTabWidget

from xafs_workers.frontends.screen.detached_window import DetachedWindow
from xafs_workers.frontends.screen.figure_tab import FigureTab, FigureTabCallbacks
from xafs_workers.frontends.tab_policy import compute_tab_changes
from xafs_workers.render.matplotlib.style import Style

MAX_LABEL_LENGTH = 36
"""Maximum number of characters of a tab's label."""

_LEAST_LABEL_LENGTH = 20
"""Number of average characters of a name that a tab shows before the tabs are scrolled."""
_TAB_PADDING = 16
"""Height of a tab above and below its text, pixels."""


class _RoomyTabBar(QTabBar):
    """Tab bar that is high enough for large type, and scrolls before names are too short to be distinguished.

    Qt's styles cut the lowest pixels of tabs that are not selected, and shorten every name to a few letters.
    """

    def tabSizeHint(self, index: int) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of a tab."""
        size = super().tabSizeHint(index)
        return size.expandedTo(QSize(0, self.fontMetrics().height() + _TAB_PADDING))

    def minimumTabSizeHint(self, index: int) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of a tab when there are so many that their names are shortened."""
        least, full = super().minimumTabSizeHint(index), self.tabSizeHint(index)
        readable = least.width() + _LEAST_LABEL_LENGTH * self.fontMetrics().averageCharWidth()
        return QSize(min(full.width(), readable), full.height())


class FigureTabs(QTabWidget):
    """Tabs and detached windows of the shown figures.

    Attributes
    ----------
    figure_tabs
        Widgets of all figures by figure id, in tabs and in detached windows.
    detached_windows
        Detached windows by figure id.
    closed_figures
        Ids of the figures that the user closed.
    is_picked
        Whether the user selected the tab in front; False again after a new figure.
    """

    def __init__(self, callbacks: FigureTabCallbacks, style: Style):
        super().__init__()
        self.setTabBar(_RoomyTabBar())  # the options below are those of the new bar
        self.setDocumentMode(True)
        self.setTabsClosable(True)
        self.setMovable(True)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)  # by the Tab key, not by a click
        self._callbacks, self._style = callbacks, style
        self.figure_tabs: dict[str, FigureTab] = {}
        self.detached_windows: dict[str, DetachedWindow] = {}
        self.closed_figures: set[str] = set()
        self.is_picked = False
        self.tabBarClicked.connect(self._on_tab_clicked)
        self.currentChanged.connect(lambda index: self._on_tab_clicked(index if self.tabBar().hasFocus() else -1))
        self.tabCloseRequested.connect(lambda index: self.close_tab(self.widget(index)))

    def arrange(self, on_show: Sequence[str]) -> bool:
        """Create and remove tabs for the shown figures; return whether there is a new one, which is then in front."""
        self.closed_figures &= set(on_show)
        change = compute_tab_changes(on_show, tuple(self.figure_tabs), self.closed_figures)
        for figure in change.removed:
            self._remove_tab(figure)
        for figure in change.added:
            tab = FigureTab(figure, self._callbacks, self._style)
            self.figure_tabs[figure] = tab
            self.addTab(tab, "")
        if change.front is not None:
            self.select(change.front)
            self.is_picked = False
        return change.front is not None

    def select(self, figure: str) -> None:
        """Bring the tab of a figure to the front, if it has one."""
        if figure in self.figure_tabs:
            self.setCurrentWidget(self.figure_tabs[figure])

    def step(self, count: int) -> None:
        """Select the tab that is so many further, as a user does; after the last comes the first."""
        if self.count():
            self.setCurrentIndex((self.currentIndex() + count) % self.count())
            self.is_picked = True

    def get_current(self) -> FigureTab | None:
        """Return the tab in front, None if there is no tab."""
        tab = self.currentWidget()
        return tab if isinstance(tab, FigureTab) else None

    def close_tab(self, tab: object) -> None:
        """Close a tab; it stays closed as long as its figure is shown."""
        if isinstance(tab, FigureTab):
            self.closed_figures.add(tab.figure_id)
            self._remove_tab(tab.figure_id)

    def close_all_tabs(self) -> None:
        """Close all tabs; figures in detached windows stay."""
        for figure, tab in tuple(self.figure_tabs.items()):
            if figure not in self.detached_windows:
                self.close_tab(tab)

    def move_figure(self, figure: str) -> None:
        """Move a figure to its own window, or back to the tabs."""
        if figure in self.detached_windows:
            self.attach(figure)
        elif figure in self.figure_tabs:
            self.detach(figure)

    def detach(self, figure: str) -> None:
        """Move a figure to its own window, a little beside the main window."""
        tab = self.figure_tabs[figure]
        title = self.tabToolTip(self.indexOf(tab))
        corner = self.window().geometry().topLeft() + QPoint(40, 40) * (len(self.detached_windows) + 1)
        window = DetachedWindow(tab, title, lambda: self.attach(figure))
        window.move(corner)
        self.detached_windows[figure] = window
        window.show()

    def attach(self, figure: str) -> None:
        """Move a figure back to the tabs; close it if the main window has been closed in the meantime."""
        window = self.detached_windows.pop(figure)
        tab, title = window.release_tab(), window.windowTitle()
        if not self.window().isVisible():
            self.close_tab(tab)
            return
        self.addTab(tab, "")
        self.set_title(figure, title)
        self.setCurrentWidget(tab)

    def set_title(self, figure: str, title: str) -> None:
        """Set the title of a figure's tab or window."""
        index = self.indexOf(self.figure_tabs[figure])
        if index < 0:
            self.detached_windows[figure].setWindowTitle(title)
        elif self.tabToolTip(index) != title or not self.tabText(index):
            self.setTabText(index, _elide_middle(title).replace("&", "&&"))
            self.setTabToolTip(index, title)

    def restyle(self, style: Style) -> None:
        """Set the style of all figures."""
        self._style = style
        for tab in self.figure_tabs.values():
            tab.restyle(style)

    def _on_tab_clicked(self, index: int) -> None:
        self.is_picked = self.is_picked or index >= 0

    def _remove_tab(self, figure: str) -> None:
        window = self.detached_windows.pop(figure, None)
        if window is not None:
            window.release_tab()
        tab = self.figure_tabs.pop(figure)
        index = self.indexOf(tab)
        if index >= 0:
            self.removeTab(index)
        tab.close()
        tab.setParent(None)
        tab.deleteLater()


def _elide_middle(title: str) -> str:
    """Return a title of at most `MAX_LABEL_LENGTH` characters; its end, the number of the scan, stays."""
    title = " ".join(title.split())
    if len(title) <= MAX_LABEL_LENGTH:
        return title
    half = (MAX_LABEL_LENGTH - 1) // 2
    return f"{title[:half]}…{title[-half:]}"
