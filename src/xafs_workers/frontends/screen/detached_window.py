"""Window that contains one figure, detached from the tabs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

from xafs_workers.frontends.screen.figure_tab import FigureTab
from xafs_workers.frontends.screen.focus_ring import FocusRing


class DetachedWindow(QMainWindow):
    """Window of one figure; closing the window returns the figure to the tabs."""

    def __init__(self, tab: FigureTab, title: str, on_close: Callable[[], None]):
        super().__init__()
        self._on_close: Callable[[], None] | None = on_close
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(title)
        self.resize(tab.size())
        self.setCentralWidget(tab)
        tab.show()  # Qt hides a widget that is taken from a tab
        tab.set_detached(True)
        FocusRing(self)

    def release_tab(self) -> FigureTab:
        """Return the figure's tab, and delete the window."""
        self._on_close = None
        tab = self.takeCentralWidget()
        assert isinstance(tab, FigureTab)  # noqa: S101 - set by the constructor
        tab.set_detached(False)
        self.hide()
        self.deleteLater()
        return tab

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Return the figure to the tabs."""
        if self._on_close is not None:
            self._on_close()
        event.accept()
