"""A trace drawn piece by piece, so that another point costs the drawing of the last piece, however long the trace."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from xafs_workers.figures.model import Array, Trace
from xafs_workers.render.matplotlib import limits
from xafs_workers.render.matplotlib.kept import Base
from xafs_workers.render.matplotlib.style import Look, Sizes

PIECE = 128
"""Points of a piece; the next begins with the last of them."""

_WHOLE = 1 << 62


class KeptTrace(Base):
    """A trace and its lines.

    Parameters
    ----------
    live
        Solid lines are drawn in pieces; dashes would begin anew in each.

    Attributes
    ----------
    line
        The first piece: the legend shows what it looks like.
    """

    def __init__(self, axes: Axes, trace: Trace, *, live: bool):
        super().__init__(axes)
        self.line = Line2D([], [], solid_capstyle="round", solid_joinstyle="round")
        axes.add_artist(self.line)
        self.artists = [self.line]
        self.trace = trace
        self._live, self._piece = live, _WHOLE
        self._size = self._drawn_size = 1.0
        self._take(trace, 0)

    def update(self, trace: Trace) -> bool:
        """Take new arrays; the very same ones change nothing."""
        old, self.trace = self.trace, trace
        if trace.x is old.x and trace.y is old.y:
            return False
        self._take(trace, _alike(old, trace) if self._piece < _WHOLE else 0)
        return True

    def dress(self, look: Look, sizes: Sizes) -> None:
        """Give the line its colour, dashes, marker and widths."""
        drawn = self.trace.style != "points"
        self.line.set(
            color=look.colour,
            linestyle=look.dashes if drawn else "none",
            linewidth=sizes.line,
            marker="o" if self.trace.style == "line" else look.marker,
            markeredgewidth=0.0,
        )
        self._size = sizes.marker
        self._piece = PIECE if self._live and (look.dashes == "solid" or not drawn) else _WHOLE
        self._take(self.trace, 0)

    def _take(self, trace: Trace, alike: int) -> None:
        """Draw the trace, of which so many points from the first on are those of the last time."""
        self.extent = limits.of_points(trace.x, trace.y)
        size = self._marker_size(trace)
        if size != self._drawn_size:
            alike, self._drawn_size = 0, size
        count = max(1, -(-(len(trace.x) - 1) // self._piece))
        self._cut_to(count)
        # The last point counts as changed: alone it had a marker, and what follows may have taken that.
        self.changed_from = min(max(alike - 2, 0) // self._piece, count - 1)
        marked = self._marked(trace)
        for number in range(self.changed_from, count):
            self._draw_piece(trace, number, count, marked)

    def _draw_piece(self, trace: Trace, number: int, count: int, marked: Array | None) -> None:
        line: Any = self.artists[number]
        if number:
            line.update_from(self.line)
        begin = number * self._piece
        end = len(trace.x) if number == count - 1 else begin + self._piece
        every = (
            slice(0, end - begin) if marked is None else (marked[(marked >= begin) & (marked < end)] - begin).tolist()
        )
        piece = slice(begin, end + 1)
        line.set_data(trace.x[piece], trace.y[piece])
        line.set(markevery=every, markersize=self._drawn_size)

    def _cut_to(self, count: int) -> None:
        while len(self.artists) > count:
            self.artists.pop().remove()
        while len(self.artists) < count:
            self.artists.append(self.axes.add_artist(Line2D([], [])))

    def _marker_size(self, trace: Trace) -> float:
        """Return the size of the markers: smaller in a crowd."""
        if trace.style == "line":
            return 0.6 * self._size
        crowd = min(1.0, max(0.5, (80.0 / max(len(trace.x), 1)) ** 0.5))
        return crowd * (self._size if trace.style == "points" else 0.8 * self._size)

    def _marked(self, trace: Trace) -> Array | None:
        """Return which points have markers, None for all; of a line only lone points, which would not be seen."""
        return _lone(trace.x, trace.y) if trace.style == "line" else None


def _lone(x: Array, y: Array) -> Array:
    """Return the indices of finite points between gaps."""
    good = np.concatenate(([False], np.isfinite(x) & np.isfinite(y), [False]))
    return np.flatnonzero(good[1:-1] & ~good[:-2] & ~good[2:])


def _alike(old: Trace, new: Trace) -> int:
    """Return how many points from the first on are the same, bit by bit or both a gap; 0 unless all old ones are."""
    n = len(old.x)
    if n > len(new.x):
        return 0
    alike = np.array_equal(old.x, new.x[:n], equal_nan=True) and np.array_equal(old.y, new.y[:n], equal_nan=True)
    return n if alike else 0
