"""A window that holds one figure."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

from xafs_workers.frontends.screen.figure_tab import Sheet


class LooseWindow(QMainWindow):
    """A figure in a window of its own; closing it gives the figure back to the tabs."""

    def __init__(self, sheet: Sheet, title: str, back: Callable[[], None]):
        super().__init__()
        self._back: Callable[[], None] | None = back
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(title)
        self.resize(sheet.size())
        self.setCentralWidget(sheet)
        sheet.show()  # taken from a tab, it is hidden
        sheet.told_loose(True)

    def let_go(self) -> Sheet:
        """Return the sheet, and be gone."""
        self._back = None
        sheet = self.takeCentralWidget()
        assert isinstance(sheet, Sheet)  # noqa: S101 - the constructor put it there
        sheet.told_loose(False)
        self.hide()
        self.deleteLater()
        return sheet

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Give the figure back."""
        if self._back is not None:
            self._back()
        event.accept()
