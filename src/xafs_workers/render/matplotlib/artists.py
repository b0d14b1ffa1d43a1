"""What is drawn inside a panel, kept from one update to the next: traces, marks, vertical lines, notes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.text import Text as TextArtist

from xafs_workers.figures.model import Array, Line, Mark, Text, Trace
from xafs_workers.render import limits
from xafs_workers.render.limits import Extent
from xafs_workers.render.matplotlib import text_layout
from xafs_workers.render.matplotlib.style import Palette, SeriesStyle, Sizes

_OFFSET_POINTS: dict[str, Any] = {"xytext": (0.0, 0.0), "textcoords": "offset points"}
PIECE_LENGTH = 256
"""Steps of a line that are drawn as one; dashes begin anew with each piece."""
_CROSS_SIZE = 1.26  # of the type size: 160 square points at 10 points


class ItemArtist(Protocol):
    """Artists of one item of a panel."""

    artists: list[Artist]
    extent: Extent | None

    def update(self, item: Any, /) -> bool:
        """Bring the artists up to date; tell whether any pixel may have changed."""
        ...

    def remove(self) -> None:
        """Take the artists off the axes."""
        ...


class _ArtistGroup:
    """Artists on one pair of axes."""

    def __init__(self, axes: Axes):
        self.axes = axes
        self.artists: list[Artist] = []
        self.extent: Extent | None = None

    def remove(self) -> None:
        """Take the artists off the axes."""
        for artist in self.artists:
            artist.remove()
        self.artists = []


class TraceArtist(_ArtistGroup):
    """A trace and its line, in pieces: of a curve that grows only the last piece is drawn again.

    Attributes
    ----------
    first_changed
        Position of the first artist that the last update changed.
    """

    def __init__(self, axes: Axes, trace: Trace):
        super().__init__(axes)
        self.pieces: list[Line2D] = []
        self.trace = trace
        self.first_changed = 0
        self._line_properties: dict[str, Any] = {}
        self._marker_size = 1.0
        self._set_arrays(trace, 0)

    @property
    def line(self) -> Line2D:
        """The first piece, which looks like all others."""
        return self.pieces[0]

    def update(self, trace: Trace) -> bool:
        """Take new arrays; the very same ones change nothing."""
        old, self.trace = self.trace, trace
        if trace is old or (trace.x is old.x and trace.y is old.y):
            return False
        self._set_arrays(trace, _count_equal_pieces(old, trace))
        return True

    def apply_style(self, look: SeriesStyle, sizes: Sizes) -> None:
        """Give the line its colour, dashes, marker and widths."""
        self._line_properties = {
            "color": look.colour,
            "linestyle": look.dashes if self.trace.style != "points" else "none",
            "linewidth": sizes.line,
            "marker": "o" if self.trace.style == "line" else look.marker,
            "markeredgewidth": 0.0,
        }
        self._marker_size = sizes.marker
        for piece in self.pieces:
            piece.set(**self._line_properties)
        self._update_markers()

    def _set_arrays(self, trace: Trace, same: int) -> None:
        """Take arrays whose first pieces are the same as before."""
        count = max(1, -(-(len(trace.x) - 1) // PIECE_LENGTH))
        while len(self.pieces) > count:
            self.pieces.pop().remove()
        while len(self.pieces) < count:
            piece = Line2D(
                [], [], solid_capstyle="round", **self._line_properties
            )  # ends as joints: pieces meet unseen
            self.axes.add_artist(piece)
            self.pieces.append(piece)
        self.artists = list(self.pieces)
        self.first_changed = same
        for number in range(same, count):
            part = slice(number * PIECE_LENGTH, (number + 1) * PIECE_LENGTH + 1)
            self.pieces[number].set_data(trace.x[part], trace.y[part])
        self.extent = limits.compute_extent(trace.x, trace.y)
        self._update_markers()

    def _update_markers(self) -> None:
        """Show the markers; of a line only those of lone points, which would not be seen otherwise."""
        count = len(self.trace.x)
        if self.trace.style == "line":
            size, lone = 0.6 * self._marker_size, _find_lone_points(self.trace.x, self.trace.y)
        else:
            crowd = min(1.0, max(0.5, (80.0 / max(count, 1)) ** 0.5))
            size, lone = crowd * (self._marker_size if self.trace.style == "points" else 0.8 * self._marker_size), None
        for number, piece in enumerate(self.pieces):
            which = _select_marked_points(number, lone)
            if piece.get_markersize() != size or piece.get_markevery() != which:
                piece.set(markevery=which, markersize=size)
                self.first_changed = min(self.first_changed, number)


def _count_equal_pieces(old: Trace, new: Trace) -> int:
    """Return how many pieces at the beginning are whole and the same."""
    count = max(0, min(len(old.x), len(new.x)) - 1) // PIECE_LENGTH
    length = count * PIECE_LENGTH + 1
    same = count and all(
        np.array_equal(before[:length], after[:length], equal_nan=True)
        for before, after in ((old.x, new.x), (old.y, new.y))
    )
    return count if same else 0


def _select_marked_points(number: int, lone: list[int] | None) -> Any:
    """Return which points of a piece have a marker: all, or the lone ones; a point of two pieces has it in one."""
    if lone is None:
        return None if number == 0 else (1, 1)
    begin = number * PIECE_LENGTH + (number > 0)
    return [at - number * PIECE_LENGTH for at in lone if begin <= at <= (number + 1) * PIECE_LENGTH]


def _find_lone_points(x: Array, y: Array) -> list[int]:
    """Return the indices of finite points between gaps."""
    good = np.concatenate(([False], np.isfinite(x) & np.isfinite(y), [False]))
    return np.flatnonzero(good[1:-1] & ~good[:-2] & ~good[2:]).tolist()


class MarkArtist(_ArtistGroup):
    """A cross, with its label beside it."""

    def __init__(self, axes: Axes, mark: Mark):
        super().__init__(axes)
        self.cross = Line2D([], [], marker="x", linestyle="none")
        self.note = Annotation("", (0.0, 0.0), **_OFFSET_POINTS, **text_layout.PLAIN_TEXT)
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
        self.note.set(text=text_layout.sanitize(mark.label), visible=bool(mark.label))
        self.extent = limits.compute_extent(np.array([mark.x]), np.array([mark.y]))
        return True

    def apply_style(self, palette: Palette, sizes: Sizes) -> None:
        """Give the cross its colour and size."""
        self.cross.set(color=palette.mark, markersize=_CROSS_SIZE * sizes.text, markeredgewidth=1.2 * sizes.line)
        self.note.set(color=palette.mark, fontsize=sizes.text, x=0.9 * sizes.text, y=0.4 * sizes.text)


class LineArtist(_ArtistGroup):
    """A vertical line over the whole height, with its label along it."""

    def __init__(self, axes: Axes, line: Line):
        super().__init__(axes)
        across = axes.get_xaxis_transform()
        self.rule = Line2D([], [], marker="none", transform=across)
        self.note = Annotation(
            "",
            (0.0, 1.0),
            xycoords=across,
            rotation=90,
            va="top",
            ha="right",
            **_OFFSET_POINTS,
            **text_layout.PLAIN_TEXT,
        )
        for artist in (self.rule, self.note):
            axes.add_artist(artist)
        self.artists = [self.rule, self.note]
        self.line: Line | None = None
        self.x = line.x
        self.label = ""
        self.label_offset = 0.0
        self.update(line)

    def update(self, line: Line) -> bool:
        """Move the line."""
        if line == self.line:
            return False
        self.line = line
        self.rule.set_data([line.x, line.x], [0.0, 1.0])
        self.note.xy = (line.x, 1.0)
        self.x, self.label = line.x, text_layout.sanitize(line.label)
        self.note.set(text=self.label, visible=bool(self.label) and bool(np.isfinite(line.x)))
        return True

    def apply_style(self, palette: Palette, sizes: Sizes) -> None:
        """Give the line its colour and width, and its label its distance from the top."""
        self.rule.set(color=palette.muted, linewidth=0.7 * sizes.line, linestyle=(0, (4.0, 2.5)))
        self.note.set(
            color=palette.muted, fontsize=sizes.small, x=-0.2 * sizes.text, y=-0.4 * sizes.text - self.label_offset
        )


class NoteArtist(_ArtistGroup):
    """A note at a place in the axes."""

    def __init__(self, axes: Axes, text: Text):
        super().__init__(axes)
        self.note = TextArtist(
            transform=axes.transAxes, va="center", linespacing=text_layout.LINE_HEIGHT, **text_layout.PLAIN_TEXT
        )
        axes.add_artist(self.note)
        self.artists = [self.note]
        self.text: Text | None = None
        self._axes_width = 200.0
        self._font_size = 10.0
        self.update(text)

    def update(self, text: Text) -> bool:
        """Change the words or their place."""
        if text == self.text:
            return False
        self.text = text
        self._write_text(text)
        return True

    def apply_style(self, palette: Palette, sizes: Sizes, room: float) -> None:
        """Give the note its colour and size; `room` is the width of the axes, points."""
        self._axes_width, self._font_size = room - sizes.text, sizes.text
        self.note.set(color=palette.muted, fontsize=sizes.text)
        if self.text is not None:
            self._write_text(self.text)

    def _write_text(self, text: Text) -> None:
        side = "left" if text.x < 0.3 else "right" if text.x > 0.7 else "center"
        reach = {"left": 1.0 - text.x, "right": text.x, "center": 2.0 * min(text.x, 1.0 - text.x)}[side]
        room = max(reach, 0.2) * self._axes_width
        rows = [text_layout.fit_text(row, room, self._font_size, lines=3) for row in text.text.splitlines()[:8]]
        self.note.set(text="\n".join(rows), x=text.x, y=text.y, ha=side, multialignment=side)
