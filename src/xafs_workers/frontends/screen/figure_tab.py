"""One figure on show: its canvas, its toolbar, and what the mouse does there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from matplotlib.backends.backend_qt import NavigationToolbar2QT
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure as Drawn
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QSizePolicy, QVBoxLayout, QWidget

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.matplotlib.drawing import Change, Drawing
from xafs_workers.render.matplotlib.style import Style

STILL = 4
"""A press and a release no farther apart than this are a click, pixels."""

TOOLS = ("Home", "Back", "Forward", "Pan", "Zoom", "Save")
"""Of matplotlib's toolbar: the layout is ours, so nothing is to be configured."""


@dataclass(frozen=True, slots=True)
class SheetPorts:
    """Whom a sheet tells what its user does.

    Attributes
    ----------
    words
        Takes (figure id, panel, x, y) under the cursor; returns the read-out.
    click
        Takes the same of a click: no drag, no zoom, no double click.
    move
        Takes the id of a figure whose user wants it in a window of its own, or back in the tabs.
    """

    words: Callable[[str, Panel, float, float], str]
    click: Callable[[str, Panel, float, float], None]
    move: Callable[[str], None]


class Toolbar(NavigationToolbar2QT):
    """Matplotlib's toolbar, whose home follows the data again and whose read-out is ours."""

    toolitems: ClassVar = [item for item in NavigationToolbar2QT.toolitems if item[0] in TOOLS]

    def __init__(self, canvas: FigureCanvasQTAgg, parent: QWidget, home: Callable[[], object]):
        self._follow = home
        super().__init__(canvas, parent)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.locLabel.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.locLabel.setMinimumWidth(1)
        self.locLabel.setMargin(8)

    def home(self, *args: Any) -> None:
        """Show all the data, and follow them again."""
        self._follow()

    def set_message(self, s: str) -> None:
        """Leave out matplotlib's own read-out."""

    def tell(self, text: str) -> None:
        """Show the read-out."""
        if self.locLabel.text() != text:
            self.locLabel.setText(text)

    def resize_type(self, points: int) -> None:
        """Set the size of the texts."""
        for widget in (self, self.locLabel):
            font = widget.font()
            font.setPointSize(points)
            widget.setFont(font)


class Sheet(QWidget):
    """A figure on show.

    Attributes
    ----------
    version
        Of the board that is drawn, -1 before the first drawing.
    seconds
        What the last update cost.
    """

    def __init__(self, figure: str, ports: SheetPorts, style: Style):
        super().__init__()
        self.figure, self._ports = figure, ports
        self.version, self.seconds = -1, 0.0
        self.canvas = FigureCanvasQTAgg(Drawn())
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.drawing = Drawing(self.canvas, style)
        self.toolbar = Toolbar(self.canvas, self, self.drawing.reset_view)
        self._mover = QAction(self)
        self._mover.triggered.connect(lambda: ports.move(figure))
        self.toolbar.addAction(self._mover)
        self.told_loose(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.canvas, 1)
        self._pressed: tuple[float, float] | None = None
        self._picked: tuple[Panel, float, float] | None = None
        self._click_due = QTimer(self, singleShot=True)
        self._click_due.timeout.connect(self._click)
        self.canvas.mpl_connect("motion_notify_event", self._moved)
        self.canvas.mpl_connect("figure_leave_event", self._left)
        self.canvas.mpl_connect("button_press_event", self._press)
        self.canvas.mpl_connect("button_release_event", self._release)

    @property
    def seen(self) -> bool:
        """Whether anybody can see it: its tab is in front, its window not minimized."""
        return self.isVisible() and not self.window().isMinimized()

    def show_figure(self, figure: Figure, version: int) -> Change:
        """Bring the canvas up to date."""
        began = time.perf_counter()
        change = self.drawing.show(figure)
        self.seconds = time.perf_counter() - began
        self.version = version
        return change

    def restyle(self, style: Style) -> None:
        """Draw with other sizes the next time."""
        self.drawing.restyle(style)
        self.version = -1

    def told_loose(self, loose: bool) -> None:
        """Say on the button where it would go."""
        self._mover.setText("back to the tabs" if loose else "own window")
        self._mover.setToolTip("Put this figure back" if loose else "Give this figure a window of its own")

    def _moved(self, event: Any) -> None:
        panel = self.drawing.panel_of(event.inaxes)
        self.toolbar.tell("" if panel is None else self._ports.words(self.figure, panel, event.xdata, event.ydata))

    def _left(self, event: Any) -> None:
        self.toolbar.tell("")

    def _press(self, event: Any) -> None:
        self._pressed = (event.x, event.y) if event.button == 1 and not event.dblclick else None
        if event.dblclick:
            self._click_due.stop()
            self.drawing.reset_view()

    def _release(self, event: Any) -> None:
        pressed, self._pressed = self._pressed, None
        panel = self.drawing.panel_of(event.inaxes)
        if pressed is None or panel is None or event.button != 1 or self.toolbar.mode:
            return
        if abs(event.x - pressed[0]) + abs(event.y - pressed[1]) <= STILL:
            self._picked = (panel, float(event.xdata), float(event.ydata))
            self._click_due.start(QApplication.doubleClickInterval())

    def _click(self) -> None:
        """Tell of a click, now that it is not the first half of a double click."""
        if self._picked is not None:
            self._ports.click(self.figure, *self._picked)
