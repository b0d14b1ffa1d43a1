"""A window that holds one figure."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

from xafs_workers.frontends.screen.figure_tab import FigureTab


class DetachedWindow(QMainWindow):
    """A figure in a window of its own; closing it gives the figure back to the tabs."""

    def __init__(self, sheet: FigureTab, title: str, on_close: Callable[[], None]):
        super().__init__()
        self._on_close: Callable[[], None] | None = on_close
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(title)
        self.resize(sheet.size())
        self.setCentralWidget(sheet)
        sheet.show()  # taken from a tab, it is hidden
        sheet.set_detached(True)

    def release_tab(self) -> FigureTab:
        """Return the sheet, and be gone."""
        self._on_close = None
        sheet = self.takeCentralWidget()
        assert isinstance(sheet, FigureTab)  # noqa: S101 - the constructor put it there
        sheet.set_detached(False)
        self.hide()
        self.deleteLater()
        return sheet

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Give the figure back."""
        if self._on_close is not None:
            self._on_close()
        event.accept()
