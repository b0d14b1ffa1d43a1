"""Sizes of type in the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from xafs_workers.render.matplotlib.style import Style

LARGE_STYLE = Style(scale=2.4, has_adaptive_type=False)
LARGE_POINTS = 24
"""Capitals of 24 points are 6 mm high: five minutes of arc at four metres, the smallest that a good eye can read."""
LARGE_BUTTON_POINTS = 14
"""Font size of tabs, buttons and menus with large type; their user is nearer to the screen."""


def set_point_size(widget: QWidget, points: int) -> None:
    """Set the font size of a widget in points."""
    font = widget.font()
    font.setPointSize(points)
    widget.setFont(font)
