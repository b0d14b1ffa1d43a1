"""One panel: its artists kept from figure to figure, its limits, and what of it must be drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from xafs_workers.figures.model import Line, Mark, Mesh, Panel, Trace
from xafs_workers.render import limits
from xafs_workers.render.items import Key, items_of
from xafs_workers.render.limits import Extent, Span
from xafs_workers.render.matplotlib import text_layout
from xafs_workers.render.matplotlib.artists import Kept, KeptLine, KeptMark, KeptText, KeptTrace
from xafs_workers.render.matplotlib.decorations import Furniture
from xafs_workers.render.matplotlib.layout import Margins, Rect
from xafs_workers.render.matplotlib.meshes import KeptMesh
from xafs_workers.render.matplotlib.style import Palette, Sizes, look

K = TypeVar("K")

_COLOUR_HEADROOM = 0.1
_MOST_STAGGERED = 4


def frame(panel: Panel) -> tuple[Any, ...]:
    """Return which items a panel has, how they look and what stands around them: all but arrays, places and title."""
    return (
        (panel.x_label, panel.y_label, panel.legend, panel.y_inverted),
        (panel.row, panel.column, panel.row_span, panel.column_span),
        tuple((trace.key, trace.label, trace.series, trace.style) for trace in panel.traces),
        tuple((mesh.key, mesh.label) for mesh in panel.meshes),
        tuple(item.key for item in (*panel.lines, *panel.marks, *panel.texts)),
    )


class Stale(NamedTuple):
    """What must be drawn again.

    Attributes
    ----------
    ground
        The axes, their labels or their limits; then everything is.
    first
        Position in the drawing order of the first changed artist, None if none changed.
    """

    ground: bool
    first: int | None


class PanelView:
    """A panel on its axes; `update` must be called before anything is drawn.

    Parameters
    ----------
    live
        Artists are left out when the canvas is drawn, to be drawn over it; limits grow with headroom.
    """

    def __init__(self, figure: Figure, panel: Panel, palette: Palette, *, live: bool):
        self.axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), label=panel.key)
        self.furniture = Furniture(self.axes, palette)
        self.palette = palette
        self.live = live
        self.panel = panel
        self.order: list[Artist] = []
        self._kept: dict[Key, Kept] = {}
        self._norm = Normalize(0.0, 1.0)
        self._values: Span | None = None
        self._spans: tuple[Span, Span] | None = None
        self._set: tuple[Any, Any] | None = None
        self._asked: Any = None

    @property
    def zoomed(self) -> bool:
        """Whether someone else than this view has set the limits."""
        return self._set is not None and self._set != (self.axes.get_xlim(), self.axes.get_ylim())

    @property
    def empty(self) -> bool:
        """Whether there is nothing to put numbers on the axes for."""
        return self._spans is None

    @property
    def view(self) -> Extent:
        """The rectangle on view."""
        return Extent(*sorted(self.axes.get_xlim()), *sorted(self.axes.get_ylim()))

    @property
    def looks(self) -> dict[str, Line2D]:
        """The line of each trace, by key."""
        return {kept.trace.key: kept.line for kept in self._each(KeptTrace)}

    def update(self, panel: Panel) -> Stale:
        """Bring the artists up to date with the model."""
        if panel is self.panel and self._set is not None:
            return Stale(False, None)
        old, self.panel = self.panel, panel
        changed = self._sync(panel)
        ground = self._set is None or frame(old) != frame(panel)
        ground |= self._colour()
        ground |= self._scale()
        self._reorder()
        return Stale(ground, self._first(changed))

    def release(self) -> None:
        """Forget the limits, the user's too, and fit the data without headroom."""
        self._spans = self._set = self._values = self._asked = None
        self._colour()
        self._scale()
        self._reorder()

    def margins(self, box: tuple[float, float], sizes: Sizes) -> Margins:
        """Return the room needed around axes of `box` points."""
        return self.furniture.margins(self.panel, self.view, box, sizes)

    def place(self, rect: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Put the panel at `rect`, points, and give everything its size and colour."""
        self._stagger(rect.width, sizes)
        self._dress(sizes, rect.width)
        self.furniture.place(self.panel, rect, canvas, sizes)
        self.furniture.draw_legend(self.panel, rect, sizes, self.looks)

    def remove(self) -> None:
        """Take the panel off the figure."""
        for kept in self._kept.values():
            kept.remove()
        self.furniture.remove()

    def _each(self, kind: type[K]) -> Iterator[K]:
        return (kept for kept in self._kept.values() if isinstance(kept, kind))

    def _sync(self, panel: Panel) -> set[Key]:
        """Make, update and remove artists; return the keys of those that changed."""
        items = dict(items_of(panel))
        before, changed = self._kept, set[Key]()
        self._kept = {}
        for key, item in items.items():
            kept = before.pop(key, None)
            if kept is None:
                kept = self._made(item)
                changed.add(key)
            elif kept.update(item):
                changed.add(key)
            self._kept[key] = kept
        for kept in before.values():
            kept.remove()
        return changed

    def _made(self, item: Any) -> Kept:
        match item:
            case Mesh():
                return KeptMesh(self.axes, item, self._norm)
            case Line():
                return KeptLine(self.axes, item)
            case Trace():
                return KeptTrace(self.axes, item)
            case Mark():
                return KeptMark(self.axes, item)
            case _:
                return KeptText(self.axes, item)

    def _colour(self) -> bool:
        """Fit the colours to the measured pixels; tell whether the colour bar must be drawn again."""
        maps = list(self._each(KeptMesh))
        had = self.furniture.bar is not None
        if not maps:
            self.furniture.show_bar("", None)
            return had
        known = [kept.values for kept in maps if kept.values is not None]
        low = min((span[0] for span in known), default=0.0)
        high = max((span[1] for span in known), default=1.0)
        now = self._values if self.live and known else None
        values = limits.grown(now, low, high, margin=0.0, headroom=_COLOUR_HEADROOM)
        changed = values != self._values
        self._values = values if known else None
        if changed or not had:
            with self._norm.callbacks.blocked():  # both at once: in between, the limits may be crossed
                self._norm.vmin, self._norm.vmax = values
            self._norm.callbacks.process("changed")
            for kept in maps:
                kept.recolour()
        self.furniture.show_bar(maps[0].mesh.label, self._norm)
        return changed or not had

    def _scale(self) -> bool:
        """Fit the limits to the data, unless the user has chosen others; tell whether they changed."""
        if self.zoomed:
            return False
        before = self._spans, self._set
        extent = limits.union([kept.extent for kept in self._kept.values() if kept.extent is not None])
        extent = extent or self._extent_of_lines()
        self._spans = self._fitted(extent) if extent is not None else None
        x, y = self._spans or ((0.0, 1.0), (0.0, 1.0))
        asked = x, y[::-1] if self.panel.y_inverted else y
        if asked == self._asked:  # as a rule; setting limits costs as much as drawing a curve
            return before[0] != self._spans
        self._asked = asked
        self.axes.set_xlim(*asked[0])
        self.axes.set_ylim(*asked[1])
        self._set = (self.axes.get_xlim(), self.axes.get_ylim())
        return before != (self._spans, self._set)

    def _fitted(self, extent: Extent) -> tuple[Span, Span]:
        filled = any(self._each(KeptMesh))
        margins = (0.0, 0.0) if filled else (limits.MARGIN_X, limits.MARGIN_Y)
        x, y = (self._spans if self.live else None) or (None, None)
        return (
            limits.grown(x, extent.left, extent.right, margin=margins[0], headroom=limits.HEADROOM_X),
            limits.grown(y, extent.bottom, extent.top, margin=margins[1], headroom=limits.HEADROOM_Y),
        )

    def _extent_of_lines(self) -> Extent | None:
        """Return where the vertical lines stand; they count only when there is nothing else."""
        at = np.array([line.x for line in self.panel.lines])
        extent = limits.of_points(at, np.zeros_like(at))
        return extent._replace(top=1.0) if extent is not None else None

    def _reorder(self) -> None:
        order = [artist for kept in self._kept.values() for artist in kept.artists]
        if order != self.order:
            for position, artist in enumerate(order):
                artist.set(zorder=1.0 + 1e-3 * position, animated=self.live)
        self.order = order

    def _first(self, changed: set[Key]) -> int | None:
        position = 0
        for key, kept in self._kept.items():
            if key in changed:
                return position + (kept.first if isinstance(kept, KeptTrace) else 0)
            position += len(kept.artists)
        return None

    def _dress(self, sizes: Sizes, room: float) -> None:
        lines = sum(1 for kept in self._each(KeptTrace) if kept.trace.style != "points")
        alone = lines == 1 and self.panel.legend == "none"
        for kept in self._kept.values():
            if isinstance(kept, KeptTrace):
                kept.dress(look(self.palette, kept.trace.series, alone=alone), sizes)
            elif isinstance(kept, KeptText):
                kept.dress(self.palette, sizes, room)
            elif isinstance(kept, KeptMark | KeptLine):
                kept.dress(self.palette, sizes)
        self.furniture.dress(sizes, empty=self.empty)

    def _stagger(self, room: float, sizes: Sizes) -> None:
        """Lower the label of a line that would run into that of a neighbour on its left."""
        left, right, *_ = self.view
        scale, height = room / (right - left), 1.2 * sizes.small
        ends: list[tuple[float, float]] = []
        for kept in sorted((k for k in self._each(KeptLine) if k.label), key=lambda k: k.x):
            near = [end for x, end in ends if (kept.x - x) * scale < height]
            kept.drop = max(near, default=0.0) if len(near) < _MOST_STAGGERED else 0.0
            ends.append((kept.x, kept.drop + text_layout.width(kept.label, sizes.small) + sizes.small))
