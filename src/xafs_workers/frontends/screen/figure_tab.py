"""Tab of one figure: its canvas, its toolbar and its mouse events."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar

from matplotlib.backends.backend_qt import NavigationToolbar2QT
from matplotlib.figure import Figure as Drawn
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction, QFontMetrics, QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.frontends.screen.canvas import FigureCanvas
from xafs_workers.render.matplotlib.drawing import Drawing, Redraw
from xafs_workers.render.matplotlib.style import Style

CLICK_TOLERANCE = 4
"""Maximum distance between press and release of a click, pixels."""

ICON_HEIGHT = 1.4
"""Height of icons in units of the height of a line of text."""

TOOL_NAMES = ("Home", "Back", "Forward", "Pan", "Zoom", "Save")
"""Tools of matplotlib's toolbar that are shown; the layout is computed, so the tools that change it are left out."""


@dataclass(frozen=True, slots=True)
class FigureTabCallbacks:
    """Functions that a figure's tab calls on actions of the user.

    Attributes
    ----------
    format_readout
        Returns the read-out for (figure id, panel, x, y) under the cursor.
    on_click
        Receives (figure id, panel, x, y) of a click that is no drag, zoom or double click.
    on_move
        Receives the id of a figure to move to its own window, or back to the tabs.
    on_reveal
        Called when a tab that holds no pixels becomes visible.
    """

    format_readout: Callable[[str, Panel, float, float], str]
    on_click: Callable[[str, Panel, float, float], None]
    on_move: Callable[[str], None]
    on_reveal: Callable[[], object] = lambda: None


class Toolbar(NavigationToolbar2QT):
    """Matplotlib's toolbar with another home action, which follows the data again, and another read-out."""

    toolitems: ClassVar = [item for item in NavigationToolbar2QT.toolitems if item[0] in TOOL_NAMES]

    def __init__(self, canvas: FigureCanvas, parent: QWidget, home: Callable[[], object]):
        self._reset_view = home
        super().__init__(canvas, parent)
        self._icon_files = {str(text): f"{image}.png" for text, _, image, _ in self.toolitems if text and image}
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.locLabel.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.locLabel.setMinimumWidth(1)
        self.locLabel.setMargin(8)

    def home(self, *args: Any) -> None:
        """Show all data, and follow them again."""
        self._reset_view()

    def set_message(self, s: str) -> None:
        """Ignore matplotlib's own read-out."""

    def show_text(self, text: str) -> None:
        """Show a text as the read-out."""
        if self.locLabel.text() != text:
            self.locLabel.setText(text)

    def update_icons(self) -> None:
        """Draw the icons in the size of the type, and in the colour of the texts."""
        side = round(ICON_HEIGHT * QFontMetrics(QApplication.font()).height())  # the toolbar's own follows later
        self.setIconSize(QSize(side, side))
        for action in self.actions():
            if action.text() in self._icon_files:
                action.setIcon(self._icon(self._icon_files[action.text()]))

    def allow_keyboard(self) -> None:
        """Let the Tab key move the keyboard to the buttons."""
        for action in self.actions():
            button = self.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # by the Tab key, not by a click


class FigureTab(QWidget):
    """Tab of a shown figure.

    Attributes
    ----------
    version
        Version of the board that is drawn, -1 if the figure must be drawn.
    update_seconds
        Duration of the last update, seconds.
    """

    def __init__(self, figure: str, callbacks: FigureTabCallbacks, style: Style):
        super().__init__()
        self.figure_id, self._callbacks = figure, callbacks
        self.version, self.update_seconds = -1, 0.0
        self.canvas = FigureCanvas(Drawn())
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.drawing = Drawing(self.canvas, style)
        self.toolbar = Toolbar(self.canvas, self, self.drawing.reset_view)
        self._move_action = QAction(self)
        self._move_action.triggered.connect(lambda: callbacks.on_move(figure))
        self.toolbar.addAction(self._move_action)
        self.set_detached(False)
        self.toolbar.update_icons()
        self.toolbar.allow_keyboard()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.canvas, 1)
        self._press_position: tuple[float, float] | None = None
        self._pending_click: tuple[Panel, float, float] | None = None
        self._click_due = QTimer(self, singleShot=True)
        self._click_due.timeout.connect(self._send_click)
        self._texts_due = QTimer(self, singleShot=True)
        self._texts_due.timeout.connect(self.drawing.show_texts)
        self.canvas.mpl_connect("motion_notify_event", self._on_motion)
        self.canvas.mpl_connect("figure_leave_event", self._on_leave)
        self.canvas.mpl_connect("button_press_event", self._on_press)
        self.canvas.mpl_connect("button_release_event", self._on_release)

    @property
    def is_on_screen(self) -> bool:
        """Whether the figure is visible: its tab is in front and its window is not minimized."""
        return self.isVisible() and not self.window().isMinimized()

    def show_figure(self, figure: Figure, version: int) -> Redraw:
        """Draw a figure at a version of the board; return how much was drawn."""
        began = time.perf_counter()
        change = self.drawing.show(figure)
        self.update_seconds = time.perf_counter() - began
        self.version = version
        self._schedule_texts()
        return change

    def _schedule_texts(self) -> None:
        """Have late texts drawn when they are due, also if no newer figure comes."""
        delay = self.drawing.text_delay
        if delay is None:
            self._texts_due.stop()
        else:
            self._texts_due.start(ceil(1000 * delay))

    def restyle(self, style: Style) -> None:
        """Use another style from the next drawing on."""
        self.drawing.restyle(style)
        self.toolbar.update_icons()
        self.version = -1

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Free the pixels of a tab that is no longer in front; a minimized window keeps them."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._texts_due.stop()
            self.drawing.release_pixels()
            self.canvas.release_pixels()
            self.version = -1

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Have the figure drawn again."""
        super().showEvent(event)
        if self.version < 0:
            self._callbacks.on_reveal()

    def set_detached(self, detached: bool) -> None:
        """Set the text of the button that detaches the figure or returns it to the tabs."""
        self._move_action.setText("back to the tabs" if detached else "own window")
        self._move_action.setToolTip("Put this figure back" if detached else "Give this figure a window of its own")

    def _on_motion(self, event: Any) -> None:
        panel = self.drawing.find_panel(event.inaxes)
        self.toolbar.show_text(
            "" if panel is None else self._callbacks.format_readout(self.figure_id, panel, event.xdata, event.ydata)
        )

    def _on_leave(self, event: Any) -> None:
        self.toolbar.show_text("")

    def _on_press(self, event: Any) -> None:
        self._press_position = (event.x, event.y) if event.button == 1 and not event.dblclick else None
        if event.dblclick:
            self._click_due.stop()
            self.drawing.reset_view()

    def _on_release(self, event: Any) -> None:
        pressed, self._press_position = self._press_position, None
        panel = self.drawing.find_panel(event.inaxes)
        if pressed is None or panel is None or event.button != 1 or self.toolbar.mode:
            return
        if abs(event.x - pressed[0]) + abs(event.y - pressed[1]) <= CLICK_TOLERANCE:
            self._pending_click = (panel, float(event.xdata), float(event.ydata))
            self._click_due.start(QApplication.doubleClickInterval())

    def _send_click(self) -> None:
        """Report a click, once it cannot become a double click."""
        if self._pending_click is not None:
            self._callbacks.on_click(self.figure_id, *self._pending_click)
