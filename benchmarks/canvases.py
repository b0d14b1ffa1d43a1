"""Canvases of the benchmarks: Agg, and QtAgg in an off-screen window."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100
Size = tuple[float, float]

WINDOW: Size = (11.0, 8.0)
"""Size of a whole window, inches."""
QUARTER: Size = (5.5, 4.0)


class Agg:
    """Backend that draws pixels in memory."""

    name = "Agg"

    def canvas(self, size: Size) -> FigureCanvasAgg:
        """Create a canvas with an empty figure."""
        return FigureCanvasAgg(Figure(figsize=size, dpi=DPI))

    def paint(self) -> None:
        """Do nothing: drawing has painted the pixels already."""

    def close(self) -> None:
        """Do nothing: Agg has no window."""


class QtAgg:
    """Backend that paints the widgets of a Qt window off screen.

    Raises
    ------
    ImportError
        Qt is not installed.
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
        """Create a canvas in a shown window."""
        canvas = self._make(Figure(figsize=size, dpi=DPI))
        canvas.resize(round(size[0] * DPI), round(size[1] * DPI))
        canvas.show()
        self._open.append(canvas)
        self.paint()
        return canvas

    def paint(self) -> None:
        """Let Qt paint pending changes, in two rounds: drawing scheduled for an idle Qt is painted in the second."""
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
