"""Matplotlib artists of traces, marks, vertical lines and notes, which are reused from update to update."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.text import Text as TextArtist

from xafs_workers.figures.model import Array, Line, Mark, Text, Trace
from xafs_workers.render import limits
from xafs_workers.render.limits import Extent
from xafs_workers.render.matplotlib import text_layout
from xafs_workers.render.matplotlib.style import Palette, SeriesStyle, Sizes

_OFFSET_POINTS: dict[str, Any] = {"xytext": (0.0, 0.0), "textcoords": "offset points"}
PIECE_LENGTH = 256
"""Number of line segments that are drawn as one piece; the dash pattern starts again with each piece."""
_MAX_ROWS = 8  # lines of a note that are shown
_MIN_LABEL = 3.0  # ems; the label of a vertical line that has less room is left out
_LEAST_LABEL = 0.5  # by which its type becomes smaller before it is shortened
HALO_WIDTH = 0.25
"""Width of the blank edge around the label of a vertical line, which may cross curves, in units of the font size."""
_CROSS_SIZE = 1.26  # in units of the font size: 160 square points at 10 points


class ItemArtist(Protocol):
    """Artists of one item of a panel."""

    artists: list[Artist]
    extent: Extent | None

    def update(self, item: Any, /) -> bool:
        """Show a newer state of the item; return whether any pixel may have changed."""
        ...

    def remove(self) -> None:
        """Remove the artists from the axes."""
        ...


class _ArtistGroup:
    """Artists of one item on one pair of axes."""

    def __init__(self, axes: Axes):
        self.axes = axes
        self.artists: list[Artist] = []
        self.extent: Extent | None = None

    def remove(self) -> None:
        """Remove the artists from the axes."""
        for artist in self.artists:
            artist.remove()
        self.artists = []


class TraceArtist(_ArtistGroup):
    """A trace, drawn as a line in pieces: when a curve grows, only its last piece is drawn again.

    Attributes
    ----------
    first_changed
        Index of the first artist that the last update changed.
    """

    def __init__(self, axes: Axes, trace: Trace):
        super().__init__(axes)
        self.pieces: list[Line2D] = []
        self.trace = trace
        self.first_changed = 0
        self._line_properties: dict[str, Any] = {}
        self._applied_style: tuple[SeriesStyle, Sizes] | None = None
        self._marker_size = 1.0
        self._set_arrays(trace, 0)

    @property
    def line(self) -> Line2D:
        """First piece of the line; all pieces have the same style."""
        return self.pieces[0]

    def update(self, trace: Trace) -> bool:
        """Show the arrays of a newer trace; identical array objects change nothing."""
        old, self.trace = self.trace, trace
        if trace is old or (trace.x is old.x and trace.y is old.y):
            return False
        self._set_arrays(trace, _count_equal_pieces(old, trace))
        return True

    def apply_style(self, series_style: SeriesStyle, sizes: Sizes) -> None:
        """Set the colour, dashes, marker and widths of the line; nothing where they are set already."""
        if self._applied_style == (series_style, sizes):
            return
        self._applied_style = (series_style, sizes)
        self._line_properties = {
            "color": series_style.colour,
            "linestyle": series_style.dashes if self.trace.style != "points" else "none",
            "linewidth": sizes.line * series_style.width,
            "marker": "o" if self.trace.style == "line" else series_style.marker,
            "markeredgewidth": 0.0,
        }
        self._marker_size = sizes.marker
        for piece in self.pieces:
            piece.set(**self._line_properties)
        self._update_markers()

    def _set_arrays(self, trace: Trace, same: int) -> None:
        """Set the data of all pieces from number `same` on; the earlier pieces are unchanged."""
        count = max(1, -(-(len(trace.x) - 1) // PIECE_LENGTH))
        while len(self.pieces) > count:
            self.pieces.pop().remove()
        while len(self.pieces) < count:
            piece = Line2D(
                [], [], solid_capstyle="round", **self._line_properties
            )  # caps have the shape of joints, so the seams between pieces are invisible
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
        """Show the markers; a line has markers only on isolated points, which would be invisible otherwise."""
        count = len(self.trace.x)
        if self.trace.style == "line":
            size, isolated = 0.6 * self._marker_size, _find_isolated_points(self.trace.x, self.trace.y)
        else:
            crowd = min(1.0, max(0.5, (80.0 / max(count, 1)) ** 0.5))
            full_size = self._marker_size if self.trace.style == "points" else 0.8 * self._marker_size
            size, isolated = crowd * full_size, None
        for number, piece in enumerate(self.pieces):
            which = _select_marked_points(number, isolated)
            if piece.get_markersize() != size or piece.get_markevery() != which:
                piece.set(markevery=which, markersize=size)
                self.first_changed = min(self.first_changed, number)


def _count_equal_pieces(old: Trace, new: Trace) -> int:
    """Count the complete pieces at the beginning that are equal in both traces."""
    count = max(0, min(len(old.x), len(new.x)) - 1) // PIECE_LENGTH
    length = count * PIECE_LENGTH + 1
    same = count and all(
        np.array_equal(before[:length], after[:length], equal_nan=True)
        for before, after in ((old.x, new.x), (old.y, new.y))
    )
    return count if same else 0


def _select_marked_points(number: int, isolated: list[int] | None) -> Any:
    """Select the points of a piece that have a marker, in the form of matplotlib's `markevery`.

    These are all points, or the isolated ones. A point that belongs to two pieces has its marker in only one of them.
    """
    if isolated is None:
        return None if number == 0 else (1, 1)
    begin = number * PIECE_LENGTH + (number > 0)
    return [at - number * PIECE_LENGTH for at in isolated if begin <= at <= (number + 1) * PIECE_LENGTH]


def _find_isolated_points(x: Array, y: Array) -> list[int]:
    """Return the indices of the finite points that have no finite neighbour."""
    good = np.concatenate(([False], np.isfinite(x) & np.isfinite(y), [False]))
    return np.flatnonzero(good[1:-1] & ~good[:-2] & ~good[2:]).tolist()


class MarkArtist(_ArtistGroup):
    """A cross with a label beside it."""

    def __init__(self, axes: Axes, mark: Mark):
        super().__init__(axes)
        self.cross = Line2D([], [], marker="x", linestyle="none")
        self.note = Annotation("", (0.0, 0.0), **_OFFSET_POINTS, **text_layout.PLAIN_TEXT)
        for artist in (self.cross, self.note):
            axes.add_artist(artist)
        self.artists = [self.cross, self.note]
        self.mark: Mark | None = None
        self._full_size, self._room = 1.0, (200.0, 200.0)
        self.update(mark)

    def update(self, mark: Mark) -> bool:
        """Move the cross and set its label; return whether anything changed."""
        if mark == self.mark:
            return False
        self.mark = mark
        self.cross.set_data([mark.x], [mark.y])
        self.note.xy = (mark.x, mark.y)
        self.note.set(text=text_layout.sanitize(mark.label), visible=bool(mark.label))
        self.extent = limits.compute_extent(np.array([mark.x]), np.array([mark.y]))
        self._fit_cross()
        return True

    def apply_style(self, palette: Palette, sizes: Sizes, room: tuple[float, float]) -> None:
        """Set the colour and size of the cross and its label in axes of a width and height, in points."""
        self._full_size, self._room = _CROSS_SIZE * sizes.text, room
        self._fit_cross()
        self.cross.set(color=palette.mark, markeredgewidth=1.2 * sizes.line)
        self.note.set(color=palette.mark, fontsize=sizes.text, x=0.9 * sizes.text, y=0.4 * sizes.text)

    def _fit_cross(self) -> None:
        """Make the cross so small that the frame of the axes does not cut it, but not smaller than half its size."""
        full, at = self._full_size, np.array(self.cross.get_xydata())
        with np.errstate(invalid="ignore"):  # a logarithmic axis does not show every mark
            place = self.axes.transLimits.transform(self.axes.transScale.transform(at)).ravel()
        gap = min((length * min(x, 1.0 - x) for length, x in zip(self._room, place, strict=True)), default=np.nan)
        size = min(full, max(2.0 * gap, 0.5 * full)) if np.isfinite(gap) else full
        self.cross.set_markersize(size)


class LineArtist(_ArtistGroup):
    """A vertical line over the whole height of the axes, with a label along it.

    Its label follows only when labels are placed: a line may move with each point, and to draw its label takes longer
    than to draw the point.
    """

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
        self._label_factor = 1.0
        self.update(line)

    @property
    def label_state(self) -> tuple[Any, ...]:
        """Text and place of the label as they are drawn."""
        return self.note.get_text(), self.note.get_visible(), self.note.xy, self.label_offset, self._label_factor

    def place_label(self, offset: float, room: float, size: float) -> None:
        """Place the label so many points below the top, in smaller type or shortened for the points left there."""
        self.label_offset = offset
        length = text_layout.measure_width(self.label, size) + size
        self._label_factor = min(1.0, max(0.99 * (room - offset) / length, _LEAST_LABEL))
        size *= self._label_factor
        room -= offset + size
        fitted = text_layout.fit_text(self.label, room, size) if room > _MIN_LABEL * size else ""
        self.note.xy = (self.x, 1.0)
        self.note.set(text=fitted, visible=bool(fitted) and bool(np.isfinite(self.x)))

    def update(self, line: Line) -> bool:
        """Move the line, without its label; return whether anything changed."""
        if line == self.line:
            return False
        self.line = line
        self.rule.set_data([line.x, line.x], [0.0, 1.0])
        self.x, self.label = line.x, text_layout.sanitize(line.label)
        return True

    def apply_style(self, palette: Palette, sizes: Sizes) -> None:
        """Set the colour and width of the line, and the distance of its label from the top."""
        self.rule.set(color=palette.muted, linewidth=0.7 * sizes.line, linestyle=(0, (4.0, 2.5)))
        self.note.set(
            color=palette.muted,
            fontsize=self._label_factor * sizes.small,
            x=-0.2 * sizes.text,
            y=-0.4 * sizes.text - self.label_offset,
            path_effects=[withStroke(linewidth=HALO_WIDTH * sizes.small, foreground=palette.face)],
        )


class NoteArtist(_ArtistGroup):
    """A note at a fixed position in the axes."""

    def __init__(self, axes: Axes, text: Text):
        super().__init__(axes)
        self.note = TextArtist(
            transform=axes.transAxes, va="center", linespacing=text_layout.LINE_HEIGHT, **text_layout.PLAIN_TEXT
        )
        axes.add_artist(self.note)
        self.artists = [self.note]
        self.text: Text | None = None
        self._axes_width, self._axes_height = 200.0, 200.0
        self._font_size = 10.0
        self.update(text)

    def update(self, text: Text) -> bool:
        """Set the text and its position; return whether anything changed."""
        if text == self.text:
            return False
        self.text = text
        self._write_text(text)
        return True

    def apply_style(self, palette: Palette, sizes: Sizes, room: tuple[float, float]) -> None:
        """Set the colour and size of the note for axes of a width and height, in points."""
        self._axes_width, self._axes_height, self._font_size = room[0] - sizes.text, room[1], sizes.text
        self.note.set(color=palette.muted, fontsize=sizes.text)
        if self.text is not None:
            self._write_text(self.text)

    def is_whole(self, width: float, height: float, size: float) -> bool:
        """Check whether the text fits into axes of a width and height at a font size (points), with no word broken."""
        if self.text is None:
            return True
        text = text_layout.sanitize(" ".join(self.text.text.splitlines()[:_MAX_ROWS]))
        return " ".join(_fit_rows(self.text, width - size, height, size)).split() == text.split()

    def _write_text(self, text: Text) -> None:
        side = "left" if text.x < 0.3 else "right" if text.x > 0.7 else "center"
        rows = _fit_rows(text, self._axes_width, self._axes_height, self._font_size)
        half = (0.5 * len(rows) * text_layout.LINE_HEIGHT + 0.3) * self._font_size / self._axes_height
        y = min(max(text.y, half), max(1.0 - half, 0.5))
        self.note.set(text="\n".join(rows), x=text.x, y=y, ha=side, multialignment=side)


def _fit_rows(text: Text, width: float, height: float, size: float) -> list[str]:
    """Fit a note at its position into axes of a width and height, points."""
    reach = 1.0 - text.x if text.x < 0.3 else text.x if text.x > 0.7 else 2.0 * min(text.x, 1.0 - text.x)
    most = max(1, int(height / (text_layout.LINE_HEIGHT * size)))
    room = max(reach, 0.2) * width
    found = [text_layout.fit_text(row, room, size, lines=3) for row in text.text.splitlines()[:_MAX_ROWS]]
    rows = "\n".join(found).split("\n")
    return rows if len(rows) <= most else [*rows[: most - 1], text_layout.ELLIPSIS]
