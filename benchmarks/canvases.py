"""Canvases to draw on: Agg, and QtAgg in a window off screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100
Size = tuple[float, float]

WINDOW: Size = (11.0, 8.0)
"""Of a whole window, inches."""
QUARTER: Size = (5.5, 4.0)


class Agg:
    """Pixels in memory."""

    name = "Agg"

    def canvas(self, size: Size) -> FigureCanvasAgg:
        """Return a canvas with an empty figure."""
        return FigureCanvasAgg(Figure(figsize=size, dpi=DPI))

    def paint(self) -> None:
        """Do nothing: what is drawn is there."""

    def close(self) -> None:
        """Do nothing."""


class QtAgg:
    """Widgets of a Qt window, painted off screen.

    Raises
    ------
    ImportError
        There is no Qt.
    """

    name = "QtAgg"

    def __init__(self) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from PySide6.QtWidgets import QApplication

        self._application = QApplication.instance() or QApplication([])
        self._make: Callable[[Figure], Any] = FigureCanvasQTAgg
        self._open: list[Any] = []

    def canvas(self, size: Size) -> FigureCanvasAgg:
        """Return the canvas of a window on show."""
        canvas = self._make(Figure(figsize=size, dpi=DPI))
        canvas.resize(round(size[0] * DPI), round(size[1] * DPI))
        canvas.show()
        self._open.append(canvas)
        self.paint()
        return canvas

    def paint(self) -> None:
        """Let Qt paint what is due; what is drawn when Qt is idle is painted at the second look."""
        for _ in range(2):
            self._application.processEvents()

    def close(self) -> None:
        """Close the windows."""
        for canvas in self._open:
            canvas.close()
            canvas.deleteLater()
        self._open.clear()
        self.paint()


Backend = Agg | QtAgg
