"""Appearance of the window and its dialogs: size of type, and light or dark colours."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from xafs_workers.frontends.screen.type_sizes import LARGE_BUTTON_POINTS, LARGE_POINTS, LARGE_STYLE
from xafs_workers.render.matplotlib.style import Style
from xafs_workers.render.palette import DARK, LIGHT, Palette

DARK_LIGHTNESS = 128
"""Lightness of a window's background, of 255, below which it is dark."""


class Appearance:
    """Size of type and colours of all widgets of the program.

    The program's font and palette reach tabs, tools, menus and dialogs, also those of Qt.

    Attributes
    ----------
    is_large, is_dark
        Whether type can be read at four metres, and whether lines are light on a dark background.
    """

    def __init__(self) -> None:
        self._font, self._palette = QFont(QApplication.font()), QPalette(QApplication.palette())
        self.is_large, self.is_dark = False, is_dark_palette(self._palette)

    @property
    def style(self) -> Style:
        """Style of figures."""
        return replace(LARGE_STYLE if self.is_large else Style(), dark=self.is_dark)

    @property
    def points(self) -> int:
        """Font size of what is read from afar, points."""
        return LARGE_POINTS if self.is_large else self._font.pointSize()

    def apply(self, *, is_large: bool, is_dark: bool) -> None:
        """Use a size of type and colours in all widgets from now on."""
        self.is_large, self.is_dark = is_large, is_dark
        font = QFont(self._font)
        if is_large:
            font.setPointSize(LARGE_BUTTON_POINTS)
        QApplication.setFont(font)
        is_usual = is_dark == is_dark_palette(self._palette)
        QApplication.setPalette(self._palette if is_usual else _build_palette(DARK if is_dark else LIGHT))

    def restore(self) -> None:
        """Use the font and the colours of the desktop again."""
        QApplication.setFont(self._font)
        QApplication.setPalette(self._palette)


def is_dark_palette(palette: QPalette) -> bool:
    """Check whether widgets have a dark background."""
    return palette.window().color().lightness() < DARK_LIGHTNESS


def _build_palette(colours: Palette) -> QPalette:
    """Build the palette of widgets from the colours of figures."""
    palette, role = QPalette(QColor(colours.face), QColor(colours.face)), QPalette.ColorRole
    for name, colour in {
        role.WindowText: colours.foreground,
        role.Text: colours.foreground,
        role.ButtonText: colours.foreground,
        role.ToolTipText: colours.foreground,
        role.BrightText: colours.foreground,
        role.Base: colours.background,
        role.ToolTipBase: colours.background,
        role.AlternateBase: colours.face,
        role.PlaceholderText: colours.muted,
        role.Highlight: colours.series[0],
        role.Link: colours.series[0],
        role.HighlightedText: colours.background,
    }.items():
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.muted))
    return palette
