"""Room of a plot in a page: how its titles are wrapped, and how many legend entries and ticks fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from xafs_workers.render.bokeh.style import Style

CHARACTER_WIDTH = 0.58
"""Width of a character in units of the font size; a page measures texts, the worker only estimates them."""

USUAL_WIDTH, USUAL_HEIGHT = 700, 480
"""Size of a plot where that of the page is not known, pixels."""

LEFT_BORDER, RIGHT_BORDER = 5, 18
"""Least room to the left and right of the axes, pixels."""

NOTE_PADDING = 4
"""Room between a note and its border, pixels."""

_LEFT_TEXTS, _BOTTOM_TEXTS, _BAR_TEXTS, _LOW_BAR_TEXTS = 6.0, 4.5, 6.5, 4.5
"""Room of labels beside and below the axes, of a colour bar beside and of one below, in units of the font size."""
_MIN_FRAME = 9.0
"""Least height of the axes of a map to scale, in units of the font size."""
_LEGEND_GLYPH = 44
"""Room of a legend entry beside its text, pixels."""
_MIN_LEGEND_SIZE = 10
"""Smallest font size of a legend, pixels."""
_TICK_LABEL = 6.0
"""Longest usual label of a tick, characters."""
_MAX_TICKS, _MIN_X_TICKS, _MIN_Y_TICKS = 6, 3, 2
"""Numbers of ticks that are asked for: with 2 an axis of x may have one label, and no scale can be read from that."""
_MIN_LINE = 8
"""Shortest line of a wrapped text, characters."""
_PART_GAP, _NO_BREAK = " " * 3, "\xa0"
"""Gap between the parts of a title, such as name and number, and a space at which no line is broken."""


@dataclass(frozen=True, slots=True)
class Room:
    """Room of one plot.

    Attributes
    ----------
    width, height
        Size of the plot with its labels, pixels.
    has_bar
        Whether there is a colour bar: beside the axes, in a narrow page below them.
    """

    style: Style
    width: int = USUAL_WIDTH
    height: int = USUAL_HEIGHT
    has_bar: bool = False

    @property
    def frame_width(self) -> float:
        """Width of the axes, pixels."""
        return self.width - self.style.text_size * _LEFT_TEXTS - self._right_border

    @property
    def _right_border(self) -> float:
        """Room to the right of the axes, pixels."""
        has_bar_beside = self.has_bar and not self.style.narrow
        return RIGHT_BORDER + (self.style.text_size * _BAR_TEXTS if has_bar_beside else 0.0)

    def estimate_frame_height(self, title: str, legend_rows: int = 0) -> float:
        """Return the height of the axes below a wrapped title and a legend, pixels."""
        style = self.style
        titles = 1.3 * style.title_size * (title.count("\n") + 1) if title else 0.0
        below = _BOTTOM_TEXTS + (_LOW_BAR_TEXTS if self.has_bar and style.narrow else 0.0)
        return self.height - below * style.text_size - titles - 2.2 * style.small_size * legend_rows

    def fit_scale(self, aspect: float, frame_height: float) -> tuple[int, int, int]:
        """Return the borders to the left and right of a map to scale and the height of its plot, pixels.

        Parameters
        ----------
        aspect
            Width of the map divided by its height.
        frame_height
            Height of the axes where they take all the room, pixels.
        """
        width, height = max(self.frame_width, 1.0), max(frame_height, 1.0)
        border = 0.5 * max(0.0, width - height * aspect)
        lower = max(0.0, height - self.limit_height(width / aspect))
        left, right = self.style.text_size * _LEFT_TEXTS, self._right_border
        return int(left + border), int(right + border), int(self.height - lower)

    def limit_height(self, height: float) -> float:
        """Return the height of the axes of a map to scale: that of the map, but with room for a label beside it."""
        return max(height, _MIN_FRAME * self.style.text_size)

    def wrap_title(self, title: str) -> str:
        """Wrap a title that is longer than the axes and, but on a phone, the borders beside them are wide."""
        borders = 0 if self.style.narrow else 2 * RIGHT_BORDER
        return _wrap_text(title, self.frame_width + borders, self.style.title_size)

    def wrap_note(self, note: str) -> str:
        """Wrap the lines of a note that are longer than the axes are wide."""
        width = self.frame_width - 2 * NOTE_PADDING
        return "\n".join(_wrap_text(line, width, self.style.small_size) for line in note.splitlines())

    def wrap_label(self, label: str, length: float) -> str:
        """Wrap the label of an axis of some length in pixels."""
        return _wrap_text(label, length, self.style.text_size)

    def fit_legend_size(self, labels: Iterable[str]) -> int:
        """Return the font size at which the longest entry of a legend is no wider than the plot, pixels."""
        longest = max(map(len, labels), default=1)
        fitting = int((self.width - _LEGEND_GLYPH) / (CHARACTER_WIDTH * max(1, longest)))
        return max(_MIN_LEGEND_SIZE, min(self.style.small_size, fitting))

    def count_legend_columns(self, labels: Iterable[str]) -> int:
        """Return the number of legend entries that fit beside one another, at least 1."""
        longest = max(map(len, labels), default=1)
        entry = longest * CHARACTER_WIDTH * self.style.small_size + _LEGEND_GLYPH
        return max(1, int(self.frame_width // entry))

    @property
    def x_ticks(self) -> int:
        """Number of tick labels for which the axis of x has room."""
        size = self.style.text_size
        return _limit_ticks(self.frame_width / (size * (_TICK_LABEL * CHARACTER_WIDTH + 1.8)), _MIN_X_TICKS)

    def count_y_ticks(self, frame_height: float) -> int:
        """Return the number of tick labels for which the axis of y has room."""
        return _limit_ticks(frame_height / (2.5 * self.style.text_size), _MIN_Y_TICKS)


def _limit_ticks(count: float, least: int) -> int:
    return int(max(least, min(_MAX_TICKS, count)))


def _wrap_text(text: str, length: float, size: int) -> str:
    """Wrap a text; one that has parts with wide gaps is broken between them where each part fits."""
    width = max(_MIN_LINE, int(length / (CHARACTER_WIDTH * size)))
    parts = text.split(_PART_GAP)
    if len(parts) > 1 and max(map(len, parts)) <= width:
        text = _PART_GAP.join(part.replace(" ", _NO_BREAK) for part in parts)
    return "\n".join(wrap(text, width)).replace(_NO_BREAK, " ")
