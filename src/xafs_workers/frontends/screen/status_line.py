"""The status line as widgets."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar

from xafs_workers.frontends.screen.status import Status

PARTS = ("connection", "measurement", "progress", "age")
WAITING = "color: #1a1a1a; background: #ffd54a;"
STALE = "color: white; background: #b00020;"


class StatusLine(QStatusBar):
    """Connection, measurement, progress, age of the data; what waits or is stale has a colour.

    Attributes
    ----------
    labels
        By the part of `Status` they show.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.labels = {name: QLabel() for name in PARTS}
        for name, label in self.labels.items():
            label.setMargin(4)
            if name in ("measurement", "progress"):  # the others are always to be read in full
                label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self.addWidget(label, {"measurement": 4, "progress": 5}.get(name, 0))

    def tell(self, status: Status) -> None:
        """Show a status."""
        for name, label in self.labels.items():
            text = getattr(status, name)
            if label.text() != text:
                label.setText(text)
                label.setToolTip(text)
        self._colour("connection", WAITING if status.waiting else "")
        self._colour("age", STALE if status.stale else "")

    def resize_type(self, points: int) -> None:
        """Set the size of the type."""
        for label in self.labels.values():
            font = label.font()
            font.setPointSize(points)
            label.setFont(font)

    def _colour(self, name: str, colour: str) -> None:
        if self.labels[name].styleSheet() != colour:
            self.labels[name].setStyleSheet(colour)
