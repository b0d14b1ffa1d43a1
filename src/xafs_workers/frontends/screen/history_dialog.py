"""Dialog with the ended scans: thumbnails, search, and buttons that show one or compare with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QKeySequence, QPainter, QPixmap, QShortcut
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from xafs_workers.figures.model import Figure
from xafs_workers.frontends.history import HistoryEntry
from xafs_workers.render.sketch import render_sketch

THUMBNAIL = QSize(120, 80)
FRAME = 'fill="#f2f2f2" stroke="#cfcfcf"'
"""Colours of a thumbnail's frame, which is otherwise set by a page's style."""


@dataclass(frozen=True, slots=True)
class HistoryCallbacks:
    """Functions that the dialog calls.

    Attributes
    ----------
    build_figure
        Builds the figure of an entry, None where it is gone.
    on_show, on_compare
        Receive the id of the figure that is to be shown, or compared with.
    """

    build_figure: Callable[[str], Figure | None]
    on_show: Callable[[str], object]
    on_compare: Callable[[str], object]


class HistoryDialog(QDialog):
    """List of the ended scans, newest first; thumbnails are drawn one after another."""

    def __init__(self, parent: QWidget, entries: list[HistoryEntry], callbacks: HistoryCallbacks):
        super().__init__(parent)
        self.setWindowTitle("History")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        em = self.fontMetrics().height()
        self.resize(QSize(34 * em, 40 * em).boundedTo(self.screen().availableSize() * 0.9))
        self._entries, self._callbacks = entries, callbacks
        self.search = QLineEdit(placeholderText="sample, motor, file or uid", clearButtonEnabled=True)
        self.list = QListWidget()
        self.list.setIconSize(THUMBNAIL)
        self.list.setAlternatingRowColors(True)
        for entry in entries:
            item = QListWidgetItem(f"{entry.title}\n{entry.about}\n{entry.when}", self.list)
            item.setData(Qt.ItemDataRole.UserRole, entry.figure_id)
            item.setIcon(QIcon(QPixmap(THUMBNAIL)))
        self.search.textChanged.connect(self._filter)
        self.list.itemActivated.connect(lambda _: self._act(callbacks.on_show))
        self.search.returnPressed.connect(lambda: self._act(callbacks.on_show))
        down = QShortcut(QKeySequence(Qt.Key.Key_Down), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.list.setFocus)
        show, compare = QPushButton("&Show"), QPushButton("&Compare (grey, behind the present scan)")
        show.clicked.connect(lambda: self._act(callbacks.on_show))
        compare.clicked.connect(lambda: self._act(callbacks.on_compare))
        buttons = QHBoxLayout()
        for button in (show, compare):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.list if entries else QLabel("no ended scans", alignment=Qt.AlignmentFlag.AlignCenter), 1)
        layout.addLayout(buttons)
        if entries:
            self.list.setCurrentRow(0)
        self._next = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._draw_thumbnail)
        self._timer.start(0)

    @property
    def is_drawing(self) -> bool:
        """Whether thumbnails are still to be drawn."""
        return self._timer.isActive()

    def _filter(self, query: str) -> None:
        for row, entry in enumerate(self._entries):
            self.list.item(row).setHidden(not entry.matches(query))
        self.list.setCurrentRow(next((row for row, entry in enumerate(self._entries) if entry.matches(query)), -1))

    def _act(self, act: Callable[[str], object]) -> None:
        item = self.list.currentItem()
        if item is not None:
            act(str(item.data(Qt.ItemDataRole.UserRole)))
            self.close()

    def _draw_thumbnail(self) -> None:
        if self._next >= len(self._entries):
            self._timer.stop()
            return
        figure = self._callbacks.build_figure(self._entries[self._next].figure_id)
        if figure is not None:
            self.list.item(self._next).setIcon(QIcon(_render_thumbnail(figure)))
        self._next += 1


def _render_thumbnail(figure: Figure) -> QPixmap:
    pixmap = QPixmap(THUMBNAIL)
    pixmap.fill(Qt.GlobalColor.white)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(render_sketch(figure).replace('class="frame"', FRAME).encode())).render(painter)
    painter.end()
    return pixmap
