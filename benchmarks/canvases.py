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

    def window_canvas(self, size: Size) -> FigureCanvasAgg:
        """Create a canvas with an empty figure: without a window there is only one kind."""
        return self.canvas(size)

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

        from xafs_workers.frontends.screen.canvas import FigureCanvas

        self._application = QApplication.instance() or QApplication([])
        self._make: Callable[[Figure], Any] = FigureCanvasQTAgg
        self._make_own: Callable[[Figure], Any] = FigureCanvas
        self._open: list[Any] = []

    def canvas(self, size: Size) -> FigureCanvasAgg:
        """Create a canvas of matplotlib in a shown window."""
        return self._show(self._make(Figure(figsize=size, dpi=DPI)), size)

    def window_canvas(self, size: Size) -> FigureCanvasAgg:
        """Create a canvas as in the window of this project, shown."""
        return self._show(self._make_own(Figure(figsize=size, dpi=DPI)), size)

    def _show(self, canvas: Any, size: Size) -> FigureCanvasAgg:
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
