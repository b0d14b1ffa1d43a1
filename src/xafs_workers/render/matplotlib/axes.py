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
from xafs_workers.render.items import ItemKey, iter_items
from xafs_workers.render.limits import Extent, Interval
from xafs_workers.render.matplotlib import text_layout
from xafs_workers.render.matplotlib.artists import ItemArtist, LineArtist, MarkArtist, NoteArtist, TraceArtist
from xafs_workers.render.matplotlib.decorations import Decorations
from xafs_workers.render.matplotlib.layout import Margins, Rect
from xafs_workers.render.matplotlib.meshes import MeshArtist
from xafs_workers.render.matplotlib.style import Palette, Sizes, choose_series_style

K = TypeVar("K")

_COLOUR_HEADROOM = 0.1
_MAX_STAGGERED = 4


def build_signature(panel: Panel) -> tuple[Any, ...]:
    """Return which items a panel has, how they look and what stands around them: all but arrays, places and title."""
    return (
        (panel.x_label, panel.y_label, panel.legend, panel.y_inverted),
        (panel.row, panel.column, panel.row_span, panel.column_span),
        tuple((trace.key, trace.label, trace.series, trace.style) for trace in panel.traces),
        tuple((mesh.key, mesh.label) for mesh in panel.meshes),
        tuple(item.key for item in (*panel.lines, *panel.marks, *panel.texts)),
    )


class StaleParts(NamedTuple):
    """What must be drawn again.

    Attributes
    ----------
    has_stale_background
        The axes, their labels or their limits; then everything is.
    first_artist
        Position in the drawing order of the first changed artist, None if none changed.
    """

    has_stale_background: bool
    first_artist: int | None


class PanelView:
    """A panel on its axes; `update` must be called before anything is drawn.

    Parameters
    ----------
    live
        Artists are left out when the canvas is drawn, to be drawn over it; limits grow with headroom.
    """

    def __init__(self, figure: Figure, panel: Panel, palette: Palette, *, live: bool):
        self.axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), label=panel.key)
        self.decorations = Decorations(self.axes, palette)
        self.palette = palette
        self.live = live
        self.panel = panel
        self.drawing_order: list[Artist] = []
        self._item_artists: dict[ItemKey, ItemArtist] = {}
        self._norm = Normalize(0.0, 1.0)
        self._value_interval: Interval | None = None
        self._data_limits: tuple[Interval, Interval] | None = None
        self._applied_limits: tuple[Any, Any] | None = None
        self._requested_limits: Any = None

    @property
    def is_zoomed(self) -> bool:
        """Whether someone else than this view has set the limits."""
        return self._applied_limits is not None and self._applied_limits != (self.axes.get_xlim(), self.axes.get_ylim())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to put numbers on the axes for."""
        return self._data_limits is None

    @property
    def visible_extent(self) -> Extent:
        """The rectangle on view."""
        return Extent(*sorted(self.axes.get_xlim()), *sorted(self.axes.get_ylim()))

    @property
    def trace_lines(self) -> dict[str, Line2D]:
        """The line of each trace, by key."""
        return {kept.trace.key: kept.line for kept in self._select_artists(TraceArtist)}

    def update(self, panel: Panel) -> StaleParts:
        """Bring the artists up to date with the model."""
        if panel is self.panel and self._applied_limits is not None:
            return StaleParts(False, None)
        old, self.panel = self.panel, panel
        changed = self._sync_artists(panel)
        ground = self._applied_limits is None or build_signature(old) != build_signature(panel)
        ground |= self._update_colours()
        ground |= self._update_limits()
        self._update_order()
        return StaleParts(ground, self._find_first_changed(changed))

    def reset_limits(self) -> None:
        """Forget the limits, the user's too, and fit the data without headroom."""
        self._data_limits = self._applied_limits = self._value_interval = self._requested_limits = None
        self._update_colours()
        self._update_limits()
        self._update_order()

    def compute_margins(self, box: tuple[float, float], sizes: Sizes) -> Margins:
        """Return the room needed around axes of `box` points."""
        return self.decorations.compute_margins(self.panel, self.visible_extent, box, sizes)

    def place(self, rect: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Put the panel at `rect`, points, and give everything its size and colour."""
        self._arrange_line_labels(rect.width, sizes)
        self._apply_style(sizes, rect.width)
        self.decorations.place(self.panel, rect, canvas, sizes)
        self.decorations.draw_legend(self.panel, rect, sizes, self.trace_lines)

    def remove(self) -> None:
        """Take the panel off the figure."""
        for kept in self._item_artists.values():
            kept.remove()
        self.decorations.remove()

    def _select_artists(self, kind: type[K]) -> Iterator[K]:
        return (kept for kept in self._item_artists.values() if isinstance(kept, kind))

    def _sync_artists(self, panel: Panel) -> set[ItemKey]:
        """Make, update and remove artists; return the keys of those that changed."""
        items = dict(iter_items(panel))
        before, changed = self._item_artists, set[ItemKey]()
        self._item_artists = {}
        for key, item in items.items():
            kept = before.pop(key, None)
            if kept is None:
                kept = self._create_artist(item)
                changed.add(key)
            elif kept.update(item):
                changed.add(key)
            self._item_artists[key] = kept
        for kept in before.values():
            kept.remove()
        return changed

    def _create_artist(self, item: Any) -> ItemArtist:
        match item:
            case Mesh():
                return MeshArtist(self.axes, item, self._norm)
            case Line():
                return LineArtist(self.axes, item)
            case Trace():
                return TraceArtist(self.axes, item)
            case Mark():
                return MarkArtist(self.axes, item)
            case _:
                return NoteArtist(self.axes, item)

    def _update_colours(self) -> bool:
        """Fit the colours to the measured pixels; tell whether the colour bar must be drawn again."""
        maps = list(self._select_artists(MeshArtist))
        had = self.decorations.colour_bar is not None
        if not maps:
            self.decorations.update_bar("", None)
            return had
        known = [kept.value_interval for kept in maps if kept.value_interval is not None]
        low = min((span[0] for span in known), default=0.0)
        high = max((span[1] for span in known), default=1.0)
        now = self._value_interval if self.live and known else None
        values = limits.expand_interval(now, low, high, margin=0.0, headroom=_COLOUR_HEADROOM)
        changed = values != self._value_interval
        self._value_interval = values if known else None
        if changed or not had:
            with self._norm.callbacks.blocked():  # both at once: in between, the limits may be crossed
                self._norm.vmin, self._norm.vmax = values
            self._norm.callbacks.process("changed")
            for kept in maps:
                kept.update_colours()
        self.decorations.update_bar(maps[0].mesh.label, self._norm)
        return changed or not had

    def _update_limits(self) -> bool:
        """Fit the limits to the data, unless the user has chosen others; tell whether they changed."""
        if self.is_zoomed:
            return False
        before = self._data_limits, self._applied_limits
        extent = limits.merge_extents([kept.extent for kept in self._item_artists.values() if kept.extent is not None])
        extent = extent or self._compute_line_extent()
        self._data_limits = self._fit_limits(extent) if extent is not None else None
        x, y = self._data_limits or ((0.0, 1.0), (0.0, 1.0))
        asked = x, y[::-1] if self.panel.y_inverted else y
        if asked == self._requested_limits:  # as a rule; setting limits costs as much as drawing a curve
            return before[0] != self._data_limits
        self._requested_limits = asked
        self.axes.set_xlim(*asked[0])
        self.axes.set_ylim(*asked[1])
        self._applied_limits = (self.axes.get_xlim(), self.axes.get_ylim())
        return before != (self._data_limits, self._applied_limits)

    def _fit_limits(self, extent: Extent) -> tuple[Interval, Interval]:
        filled = any(self._select_artists(MeshArtist))
        margins = (0.0, 0.0) if filled else (limits.MARGIN_X, limits.MARGIN_Y)
        x, y = (self._data_limits if self.live else None) or (None, None)
        return (
            limits.expand_interval(x, extent.left, extent.right, margin=margins[0], headroom=limits.HEADROOM_X),
            limits.expand_interval(y, extent.bottom, extent.top, margin=margins[1], headroom=limits.HEADROOM_Y),
        )

    def _compute_line_extent(self) -> Extent | None:
        """Return where the vertical lines stand; they count only when there is nothing else."""
        at = np.array([line.x for line in self.panel.lines])
        extent = limits.compute_extent(at, np.zeros_like(at))
        return extent._replace(top=1.0) if extent is not None else None

    def _update_order(self) -> None:
        order = [artist for kept in self._item_artists.values() for artist in kept.artists]
        if order != self.drawing_order:
            for position, artist in enumerate(order):
                artist.set(zorder=1.0 + 1e-3 * position, animated=self.live)
        self.drawing_order = order

    def _find_first_changed(self, changed: set[ItemKey]) -> int | None:
        position = 0
        for key, kept in self._item_artists.items():
            if key in changed:
                return position + (kept.first_changed if isinstance(kept, TraceArtist) else 0)
            position += len(kept.artists)
        return None

    def _apply_style(self, sizes: Sizes, room: float) -> None:
        lines = sum(1 for kept in self._select_artists(TraceArtist) if kept.trace.style != "points")
        alone = lines == 1 and self.panel.legend == "none"
        for kept in self._item_artists.values():
            if isinstance(kept, TraceArtist):
                kept.apply_style(choose_series_style(self.palette, kept.trace.series, is_alone=alone), sizes)
            elif isinstance(kept, NoteArtist):
                kept.apply_style(self.palette, sizes, room)
            elif isinstance(kept, MarkArtist | LineArtist):
                kept.apply_style(self.palette, sizes)
        self.decorations.apply_sizes(sizes, empty=self.is_empty)

    def _arrange_line_labels(self, room: float, sizes: Sizes) -> None:
        """Lower the label of a line that would run into that of a neighbour on its left."""
        left, right, *_ = self.visible_extent
        scale, height = room / (right - left), 1.2 * sizes.small
        ends: list[tuple[float, float]] = []
        for kept in sorted((k for k in self._select_artists(LineArtist) if k.label), key=lambda k: k.x):
            near = [end for x, end in ends if (kept.x - x) * scale < height]
            kept.label_offset = max(near, default=0.0) if len(near) < _MAX_STAGGERED else 0.0
            ends.append((kept.x, kept.label_offset + text_layout.measure_width(kept.label, sizes.small) + sizes.small))
