"""Place of a window on its monitor: restored at the start, saved when the window was moved, kept visible."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QMainWindow

from xafs_workers.frontends.screen.window_geometry import Rectangle, WindowGeometry, read_geometry, write_geometry

SAVE_DELAY = 1000
"""Time after the last move of a window until its geometry is saved, ms."""


class WindowPlacement(QObject):
    """Place of a window.

    Parameters
    ----------
    window
        Window that is placed at once.
    path
        File in which its geometry is saved, None to save nothing.
    """

    def __init__(self, window: QMainWindow, path: Path | None):
        super().__init__(window)
        self._window, self._path = window, path
        self._timer = QTimer(self, singleShot=True, interval=SAVE_DELAY)
        self._timer.timeout.connect(self.save)
        self._restore()
        window.installEventFilter(self)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.screenRemoved.connect(self.keep_visible)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Save the place some time after a move or a change of size."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize):
            self._timer.start()
        return False

    def save(self) -> None:
        """Save the geometry of the window, if it is visible."""
        window = self._window
        screen = window.screen()
        if self._path is None or screen is None or not window.isVisible() or window.isMinimized():
            return
        where = to_rectangle(window.normalGeometry() if window.isMaximized() else window.geometry())
        monitor = to_rectangle(screen.availableGeometry())
        write_geometry(
            self._path, WindowGeometry.from_window(where, monitor, screen.name(), maximized=window.isMaximized())
        )

    def keep_visible(self, removed: QScreen | None = None) -> None:
        """Move the window to a monitor that is there, if none shows a part of it that can be seen."""
        screens = [screen for screen in QGuiApplication.screens() if screen is not removed]
        where = self._window.frameGeometry()
        if not screens or any(is_visible_on(where, screen.availableGeometry()) for screen in screens):
            return
        monitor = to_rectangle(screens[0].availableGeometry())
        geometry = WindowGeometry.from_window(to_rectangle(self._window.normalGeometry()), monitor)
        self._window.setGeometry(QRect(*geometry.to_rectangle(monitor)))

    def _restore(self) -> None:
        geometry = WindowGeometry() if self._path is None else read_geometry(self._path)
        named = next((screen for screen in QGuiApplication.screens() if screen.name() == geometry.monitor), None)
        screen = named or self._window.screen()
        if screen is not None:
            self._window.setGeometry(QRect(*geometry.to_rectangle(to_rectangle(screen.availableGeometry()))))
        if geometry.maximized:
            self._window.setWindowState(self._window.windowState() | Qt.WindowState.WindowMaximized)


def is_visible_on(window: QRect, monitor: QRect) -> bool:
    """Check whether a monitor shows enough of a window to work with it: a quarter."""
    seen = window.intersected(monitor)
    return 4 * seen.width() * seen.height() >= window.width() * window.height()


def to_rectangle(rectangle: QRect) -> Rectangle:
    """Convert a rectangle of Qt."""
    return rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height()
