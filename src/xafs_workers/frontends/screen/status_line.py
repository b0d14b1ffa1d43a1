"""Status line of the window as Qt widgets."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QStatusBar, QWidget

from xafs_workers.frontends.status import Status

WAITING_STYLE = "color: #1a1a1a; background: #ffd54a;"
STALE_STYLE = "color: white; background: #b00020;"

ONE_ROW = {"connection": (0, 0, 1), "measurement": (0, 1, 1), "progress": (0, 2, 1), "age": (0, 3, 1)}
TWO_ROWS = {"connection": (0, 0, 1), "measurement": (0, 1, 2), "age": (0, 3, 1), "progress": (1, 0, 4)}
"""Row, column and number of columns of each part; where one row is too short, as with large fonts, there are two."""


class ElidedLabel(QLabel):
    """Label that shows its text without the middle where it is too long; the whole text is its tooltip."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint as much of the text as there is room for."""
        room = self.contentsRect().adjusted(self.margin(), 0, -self.margin(), 0)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room.width())
        painter = QPainter(self)
        painter.drawText(room, self.alignment(), shown)
        painter.end()


class StatusLine(QStatusBar):
    """Connection, measurement, progress and age of the data; waiting and stale data have a colour.

    Attributes
    ----------
    labels
        Labels by the field of `Status` that they show.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._is_large = False
        self._places: dict[str, tuple[int, int, int]] = {}
        self.labels = {name: ElidedLabel() if name in ("measurement", "progress") else QLabel() for name in ONE_ROW}
        for name, label in self.labels.items():
            label.setMargin(4)
            if name in ("measurement", "progress"):  # the others must never be cut off
                label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._parts = QWidget()
        self._grid = QGridLayout(self._parts)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setColumnStretch(1, 4)
        self._grid.setColumnStretch(2, 5)
        self._place_labels(ONE_ROW)
        self.addPermanentWidget(self._parts, 1)

    def show_status(self, status: Status) -> None:
        """Show the texts of a status and colour what needs attention."""
        for name, label in self.labels.items():
            text = getattr(status, name)
            if label.text() != text:
                label.setText(text)
                label.setToolTip(text)
        self._choose_rows()
        self._set_colour("connection", WAITING_STYLE if status.waiting else "")
        self._set_colour("age", STALE_STYLE if status.stale else "")

    def resize_type(self, points: int, *, is_large: bool) -> None:
        """Set the font size; large type always has two rows."""
        for label in self.labels.values():
            font = label.font()
            font.setPointSize(points)
            label.setFont(font)
        self._is_large = is_large
        self._choose_rows()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the number of rows for the new width."""
        super().resizeEvent(event)
        self._choose_rows()

    def _choose_rows(self) -> None:
        """Place the labels in one row if it is long enough for all texts, else in two."""
        needed = sum(label.sizeHint().width() + self._grid.horizontalSpacing() for label in self.labels.values())
        self._place_labels(TWO_ROWS if self._is_large or needed > self._parts.width() else ONE_ROW)

    def _place_labels(self, places: dict[str, tuple[int, int, int]]) -> None:
        if places is self._places:
            return
        self._places = places
        for name, (row, column, columns) in places.items():
            self._grid.removeWidget(self.labels[name])
            self._grid.addWidget(self.labels[name], row, column, 1, columns)

    def _set_colour(self, name: str, colour: str) -> None:
        if self.labels[name].styleSheet() != colour:
            self.labels[name].setStyleSheet(colour)
