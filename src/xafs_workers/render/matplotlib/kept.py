"""What is drawn inside a panel, kept from one update to the next: marks, vertical lines, notes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.text import Text as TextArtist

from xafs_workers.figures.model import Line, Mark, Text
from xafs_workers.render.matplotlib import limits, words
from xafs_workers.render.matplotlib.limits import Extent
from xafs_workers.render.matplotlib.style import Palette, Sizes

_OFFSET: dict[str, Any] = {"xytext": (0.0, 0.0), "textcoords": "offset points"}
_CROSS = 1.26  # of the type size: 160 square points at 10 points


class Kept(Protocol):
    """Artists of one item of a panel.

    Attributes
    ----------
    changed_from
        Position of the first artist that the last update changed.
    """

    artists: list[Artist]
    changed_from: int
    extent: Extent | None

    def update(self, item: Any, /) -> bool:
        """Bring the artists up to date; tell whether any pixel may have changed."""
        ...

    def remove(self) -> None:
        """Take the artists off the axes."""
        ...


class Base:
    """Artists on one pair of axes."""

    def __init__(self, axes: Axes):
        self.axes = axes
        self.changed_from = 0
        self.artists: list[Artist] = []
        self.extent: Extent | None = None

    def remove(self) -> None:
        """Take the artists off the axes."""
        for artist in self.artists:
            artist.remove()
        self.artists = []


class KeptMark(Base):
    """A cross, with its label beside it."""

    def __init__(self, axes: Axes, mark: Mark):
        super().__init__(axes)
        self.cross = Line2D([], [], marker="x", linestyle="none")
        self.note = Annotation("", (0.0, 0.0), **_OFFSET, **words.PLAIN)
        for artist in (self.cross, self.note):
            axes.add_artist(artist)
        self.artists = [self.cross, self.note]
        self.mark: Mark | None = None
        self.update(mark)

    def update(self, mark: Mark) -> bool:
        """Move the cross."""
        if mark == self.mark:
            return False
        self.mark = mark
        self.cross.set_data([mark.x], [mark.y])
        self.note.xy = (mark.x, mark.y)
        self.note.set(text=words.clean(mark.label), visible=bool(mark.label))
        self.extent = limits.of_points(np.array([mark.x]), np.array([mark.y]))
        return True

    def dress(self, palette: Palette, sizes: Sizes) -> None:
        """Give the cross its colour and size."""
        self.cross.set(color=palette.mark, markersize=_CROSS * sizes.text, markeredgewidth=1.2 * sizes.line)
        self.note.set(color=palette.mark, fontsize=sizes.text, x=0.9 * sizes.text, y=0.4 * sizes.text)


class KeptLine(Base):
    """A vertical line over the whole height, with its label along it."""

    def __init__(self, axes: Axes, line: Line):
        super().__init__(axes)
        across = axes.get_xaxis_transform()
        self.rule = Line2D([], [], marker="none", transform=across)
        self.note = Annotation(
            "", (0.0, 1.0), xycoords=across, rotation=90, va="top", ha="right", **_OFFSET, **words.PLAIN
        )
        for artist in (self.rule, self.note):
            axes.add_artist(artist)
        self.artists = [self.rule, self.note]
        self.line: Line | None = None
        self.x = line.x
        self.label = ""
        self.drop = 0.0
        self.update(line)

    def update(self, line: Line) -> bool:
        """Move the line."""
        if line == self.line:
            return False
        self.line = line
        self.rule.set_data([line.x, line.x], [0.0, 1.0])
        self.note.xy = (line.x, 1.0)
        self.x, self.label = line.x, words.clean(line.label)
        self.note.set(text=self.label, visible=bool(self.label) and bool(np.isfinite(line.x)))
        return True

    def dress(self, palette: Palette, sizes: Sizes) -> None:
        """Give the line its colour and width, and its label its distance from the top."""
        self.rule.set(color=palette.faint, linewidth=0.7 * sizes.line, linestyle=(0, (4.0, 2.5)))
        self.note.set(color=palette.faint, fontsize=sizes.small, x=-0.2 * sizes.text, y=-0.4 * sizes.text - self.drop)


class KeptText(Base):
    """A note at a place in the axes."""

    def __init__(self, axes: Axes, text: Text):
        super().__init__(axes)
        self.note = TextArtist(transform=axes.transAxes, va="center", linespacing=words.LINE_HEIGHT, **words.PLAIN)
        axes.add_artist(self.note)
        self.artists = [self.note]
        self.text: Text | None = None
        self._room = 200.0
        self._size = 10.0
        self.update(text)

    def update(self, text: Text) -> bool:
        """Change the words or their place."""
        if text == self.text:
            return False
        self.text = text
        self._write(text)
        return True

    def dress(self, palette: Palette, sizes: Sizes, room: float) -> None:
        """Give the note its colour and size; `room` is the width of the axes, points."""
        self._room, self._size = room - sizes.text, sizes.text
        self.note.set(color=palette.faint, fontsize=sizes.text)
        if self.text is not None:
            self._write(self.text)

    def _write(self, text: Text) -> None:
        side = "left" if text.x < 0.3 else "right" if text.x > 0.7 else "center"
        reach = {"left": 1.0 - text.x, "right": text.x, "center": 2.0 * min(text.x, 1.0 - text.x)}[side]
        room = max(reach, 0.2) * self._room
        rows = [words.fit(row, room, self._size, lines=3) for row in text.text.splitlines()[:8]]
        self.note.set(text="\n".join(rows), x=text.x, y=text.y, ha=side, multialignment=side)
