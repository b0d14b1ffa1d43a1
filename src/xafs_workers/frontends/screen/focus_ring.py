"""Frame around the tool or the tabs that have the keyboard: Qt's styles do not show it there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QMainWindow, QTabBar, QToolButton, QWidget

WIDTH = 2
"""Width of the frame, pixels."""


class FocusRing(QWidget):
    """Frame in a window, above its other widgets; it takes no click."""

    def __init__(self, window: QMainWindow):
        super().__init__(window)
        self._target: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._follow)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Follow the widget when the window is arranged again."""
        if self._target is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            QTimer.singleShot(0, self, self._place)
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the frame."""
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().highlight(), WIDTH))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        by_key = self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)  # Qt sets it, a click ends it
        is_flat = by_key and isinstance(now, QToolButton | QTabBar) and now.window() is self.window()
        self._target = now if is_flat else None
        self._place()

    def _place(self) -> None:
        target = self._target
        if target is not None and target.hasFocus():
            self.setGeometry(QRect(target.mapTo(self.window(), target.rect().topLeft()), target.size()))
        self.setVisible(target is not None and target.hasFocus())
