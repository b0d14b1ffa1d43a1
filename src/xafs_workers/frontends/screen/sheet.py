"""One figure in the window: its canvas, its toolbar, and what the mouse does there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from matplotlib.backends.backend_qt import NavigationToolbar2QT
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure as Drawn
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.matplotlib.drawing import Change, Drawing
from xafs_workers.render.matplotlib.style import Style

Place = Callable[[Panel, float, float], None]


class Toolbar(NavigationToolbar2QT):
    """Matplotlib's toolbar, whose home follows the data again and whose cursor text is ours."""

    def __init__(self, canvas: FigureCanvasQTAgg, parent: QWidget, home: Callable[[], object]):
        self._follow = home
        super().__init__(canvas, parent, coordinates=False)

    def home(self, *args: Any) -> None:
        """Show all the data."""
        self._follow()


class Sheet(QWidget):
    """A figure on show.

    Parameters
    ----------
    on_move, on_click
        Called with (panel, x, y) in data coordinates; a drag or a zoom is no click.
    """

    def __init__(self, style: Style, on_move: Place, on_click: Place):
        super().__init__()
        self._on_move, self._on_click = on_move, on_click
        self.canvas = FigureCanvasQTAgg(Drawn())
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.drawing = Drawing(self.canvas, style)
        self.toolbar = Toolbar(self.canvas, self, self.drawing.reset_view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.canvas)
        self._pressed: tuple[float, float] | None = None
        self.seconds = 0.0
        self.canvas.mpl_connect("motion_notify_event", self._moved)
        self.canvas.mpl_connect("button_press_event", self._press)
        self.canvas.mpl_connect("button_release_event", self._release)

    def show_figure(self, figure: Figure) -> Change:
        """Bring the canvas up to date; `seconds` is what that took."""
        began = time.perf_counter()
        change = self.drawing.show(figure)
        self.seconds = time.perf_counter() - began
        return change

    def restyle(self, style: Style) -> None:
        """Draw with other sizes from now on."""
        model = self.drawing.model
        self.canvas.figure.clear()
        self.drawing = Drawing(self.canvas, style)
        self.toolbar._follow = self.drawing.reset_view  # noqa: SLF001 - our own subclass
        if model is not None:
            self.drawing.show(model)

    def _moved(self, event: Any) -> None:
        panel = self.drawing.panel_of(event.inaxes)
        if panel is not None:
            self._on_move(panel, float(event.xdata), float(event.ydata))

    def _press(self, event: Any) -> None:
        if event.dblclick and not self.toolbar.mode:
            self._pressed = None
            self.drawing.reset_view()
        elif event.button == 1:
            self._pressed = (event.x, event.y)

    def _release(self, event: Any) -> None:
        pressed, self._pressed = self._pressed, None
        panel = self.drawing.panel_of(event.inaxes)
        if pressed is None or panel is None or event.button != 1 or self.toolbar.mode:
            return
        if abs(event.x - pressed[0]) + abs(event.y - pressed[1]) <= 4:
            self._on_click(panel, float(event.xdata), float(event.ydata))
