"""Dialog with the list of keys."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QLabel, QScrollArea, QVBoxLayout, QWidget

from xafs_workers.frontends.screen.actions import COMMANDS

OTHER_KEYS = (
    ("Tab, Shift+Tab", "go through tabs, tools and menu"),
    ("Left, Right", "on the tabs: the figure beside"),
    ("Space", "press the tool that has the frame"),
    ("Esc", "close a dialog or menu"),
)
"""Keys that Qt gives to widgets that have the keyboard."""


class KeysDialog(QDialog):
    """List of all keys of the window; arrow keys scroll it."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        keys = [(command.key, command.description) for command in COMMANDS]
        rows = "".join(
            f"<tr><td><b>{escape(key)}</b>&nbsp;&nbsp;</td><td>{escape(what)}</td></tr>"
            for key, what in (*keys, *OTHER_KEYS)
        )
        self.label = QLabel(f"<table cellpadding='3'>{rows}</table>")
        area = QScrollArea()
        area.setWidget(self.label)
        QVBoxLayout(self).addWidget(area)
        self.resize((self.label.sizeHint() + QSize(60, 40)).boundedTo(self.screen().availableSize() * 0.9))
