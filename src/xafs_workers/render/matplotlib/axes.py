"""View of one panel: its reused artists, its limits, and which parts of it must be drawn again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from matplotlib.artist import Artist
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from xafs_workers.figures.model import Line, Mark, Mesh, Panel, Trace
from xafs_workers.render import limits, panel_limits
from xafs_workers.render.items import ItemKey, iter_items
from xafs_workers.render.limits import Extent, Interval
from xafs_workers.render.matplotlib import text_layout
from xafs_workers.render.matplotlib.artists import ItemArtist, LineArtist, MarkArtist, NoteArtist, TraceArtist
from xafs_workers.render.matplotlib.decorations import Decorations
from xafs_workers.render.matplotlib.layout import Margins, Rect
from xafs_workers.render.matplotlib.legend import LegendStrip
from xafs_workers.render.matplotlib.meshes import MeshArtist
from xafs_workers.render.matplotlib.style import Palette, Sizes, choose_series_style

K = TypeVar("K")

_COLOUR_HEADROOM = 0.1
_MAX_STAGGERED = 4
_MIN_SCALED_LENGTH = 8.0
"""Shortest axis of a map that is drawn to scale, in units of the font size."""


def build_signature(panel: Panel) -> tuple[Any, ...]:
    """Build a key of a panel's layout: its labels, items and their styles, without data and title."""
    return _build_axes_signature(panel), panel.legend, _list_trace_styles(panel)


def _build_axes_signature(panel: Panel) -> tuple[Any, ...]:
    return (
        (panel.x_label, panel.y_label, panel.y_inverted, panel.has_warning),
        (panel.row, panel.column, panel.row_span, panel.column_span),
        tuple((mesh.key, mesh.label) for mesh in panel.meshes),
        tuple(item.key for item in (*panel.lines, *panel.marks, *panel.texts)),
    )


def _list_trace_styles(panel: Panel) -> tuple[Any, ...]:
    return tuple((trace.key, trace.entry, trace.series, trace.style, trace.is_faded) for trace in panel.traces)


def _scale_interval(ends: tuple[float, float], factor: float) -> tuple[float, float]:
    middle, half = (ends[0] + ends[1]) / 2.0, factor * (ends[1] - ends[0]) / 2.0
    return middle - half, middle + half


def _has_only_new_traces(old: Panel, new: Panel) -> bool:
    """Check whether the traces of the old panel come first in the new one, unchanged but for their data.

    Only then can the new ones be drawn over the old ones. A panel without a legend draws a curve that is alone
    differently.
    """
    before, after = _list_trace_styles(old), _list_trace_styles(new)
    return before == after[: len(before)] and (len(before) == len(after) or new.legend != "none")


class StaleParts(NamedTuple):
    """Parts of a panel that must be drawn again.

    Attributes
    ----------
    has_stale_background
        Whether the axes, their labels or their limits changed, so that the whole panel must be drawn again.
    first_artist
        Index in the drawing order of the first changed artist, None if none changed.
    has_stale_legend
        Whether traces were added, so that the legend must be drawn again, but not the axes.
    has_other_layout
        Whether labels or items were replaced, so that margins no longer needed are given up.
    """

    has_stale_background: bool
    first_artist: int | None
    has_stale_legend: bool = False
    has_other_layout: bool = False


class PanelView:
    """A panel on its axes. Call `update` before anything is drawn.

    Parameters
    ----------
    live
        Whether the panel is updated on a screen: the artists are then drawn separately, over the saved canvas, and the
        limits grow with headroom until the measurement has ended.
    """

    def __init__(self, figure: Figure, panel: Panel, palette: Palette, *, live: bool):
        self.axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), label=panel.key)
        self.decorations = Decorations(self.axes, palette, is_log=panel.y_scale == "log")
        self.palette = palette
        self.live = self._is_growing = live
        self.panel = panel
        self.drawing_order: list[Artist] = []
        self._item_artists: dict[ItemKey, ItemArtist] = {}
        self._norm = Normalize(0.0, 1.0)
        self._value_interval: Interval | None = None
        self._data_limits: tuple[Interval, Interval] | None = None
        self._applied_limits: tuple[Any, Any] | None = None
        self._requested_limits: Any = None
        self._changed_at = 0
        self._placed: tuple[Rect, Sizes] | None = None

    @property
    def is_zoomed(self) -> bool:
        """Whether the limits are no longer those that this view has set, because the user zoomed."""
        return self._applied_limits is not None and self._applied_limits != (self.axes.get_xlim(), self.axes.get_ylim())

    @property
    def _is_log(self) -> bool:
        return self.panel.y_scale == "log"

    @property
    def is_empty(self) -> bool:
        """Whether the panel has no data, so that its axes have no tick labels."""
        return self._data_limits is None

    @property
    def visible_extent(self) -> Extent:
        """Visible rectangle, in data coordinates."""
        return Extent(*sorted(self.axes.get_xlim()), *sorted(self.axes.get_ylim()))

    @property
    def trace_lines(self) -> dict[str, Line2D]:
        """Lines of the traces by trace key."""
        return {artist.trace.key: artist.line for artist in self._select_artists(TraceArtist)}

    def update(self, panel: Panel, *, is_growing: bool) -> StaleParts:
        """Update the artists to a newer state of the panel; return what must be drawn again.

        Parameters
        ----------
        is_growing
            Whether more points are to come, for which the limits have headroom.
        """
        if panel is self.panel and self._applied_limits is not None and is_growing == self._is_growing:
            return StaleParts(False, None)
        self._is_growing = is_growing
        old, self.panel = self.panel, panel
        self.axes.patch.set_facecolor(self.palette.warning_face if panel.has_warning else self.palette.face)
        changed = self._sync_artists(panel)
        is_new = self._applied_limits is None or _build_axes_signature(old) != _build_axes_signature(panel)
        is_new |= not _has_only_new_traces(old, panel)
        is_stale = is_new
        is_stale |= self._update_colours()
        is_stale |= self._update_limits()
        self._update_order()
        has_stale_legend = old.legend != panel.legend or len(old.traces) != len(panel.traces)
        return StaleParts(is_stale, self._find_first_changed(changed), has_stale_legend, is_new)

    def reset_limits(self) -> None:
        """Fit the limits to the data without headroom, and discard the limits that the user chose."""
        self._data_limits = self._applied_limits = self._value_interval = self._requested_limits = None
        self._update_colours()
        self._update_limits()
        self._update_order()

    def zoom(self, factor: float) -> None:
        """Show a range of x, and of a map also of y, that is `factor` times as long, around its middle."""
        self.axes.set_xlim(*_scale_interval(self.axes.get_xlim(), factor))
        if self.panel.meshes:
            self.axes.set_ylim(*_scale_interval(self.axes.get_ylim(), factor))

    def shift(self, part: float) -> None:
        """Show a range of x that lies so many times its length further to the right."""
        left, right = self.axes.get_xlim()
        self.axes.set_xlim(left + part * (right - left), right + part * (right - left))

    def compute_margins(self, box: tuple[float, float], sizes: Sizes) -> Margins:
        """Compute the margins around axes of size `box`, in points."""
        return self.decorations.compute_margins(self.panel, self.visible_extent, box, sizes)

    def fit_rect(self, rect: Rect, sizes: Sizes) -> Rect:
        """Return the rectangle of the axes within `rect` (points): smaller, and in its middle, for a map to scale."""
        if not self.panel.is_to_scale or self.is_empty:
            return rect
        smallest = _MIN_SCALED_LENGTH * sizes.text
        width, height = limits.fit_to_scale(self.visible_extent, rect.width, rect.height, smallest)
        left, bottom = rect.left + (rect.width - width) / 2.0, rect.bottom + (rect.height - height) / 2.0
        return Rect(left, bottom, width, height)

    def has_whole_texts(self, rect: Rect, sizes: Sizes) -> bool:
        """Check whether labels and notes are whole in axes at `rect`."""
        notes = all(note.is_whole(rect.width, rect.height, sizes.text) for note in self._select_artists(NoteArtist))
        return notes and self.decorations.has_whole_labels(self.panel, rect, sizes)

    def place(self, rect: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Place the panel at `rect` (in points) and set all sizes and colours."""
        self._placed = rect, sizes
        self._arrange_line_labels(rect, sizes)
        self._apply_style(sizes, (rect.width, rect.height))
        self.decorations.place(self.panel, rect, canvas, sizes)

    def move_line_labels(self, stale: StaleParts) -> StaleParts:
        """Place the labels of vertical lines where the lines are now; return the parts with the changed labels."""
        lines = list(self._select_artists(LineArtist))
        if self._placed is None or not lines:
            return stale
        before = [line.label_state for line in lines]
        rect, sizes = self._placed
        self._arrange_line_labels(rect, sizes)
        for line in lines:
            line.apply_style(self.palette, sizes)
        if before == [line.label_state for line in lines]:
            return stale
        first = len(self.drawing_order) - len(lines)  # labels are drawn last
        return stale._replace(first_artist=first if stale.first_artist is None else stale.first_artist)

    def draw_legend(self, rect: Rect, sizes: Sizes) -> LegendStrip | None:
        """Create the artists of the panel's own legend above `rect`; return None where they are unchanged."""
        return self.decorations.draw_legend(self.panel, rect, sizes, self.trace_lines)

    def remove(self) -> None:
        """Remove the panel from the figure."""
        for artist in self._item_artists.values():
            artist.remove()
        self.decorations.remove()

    def _select_artists(self, kind: type[K]) -> Iterator[K]:
        return (artist for artist in self._item_artists.values() if isinstance(artist, kind))

    def _sync_artists(self, panel: Panel) -> set[ItemKey]:
        """Create, update and remove artists; return the keys of the items that changed."""
        items = dict(iter_items(panel))
        before, changed = self._item_artists, set[ItemKey]()
        self._item_artists = {}
        for key, item in items.items():
            artist = before.pop(key, None)
            if artist is None:
                artist = self._create_artist(item)
                changed.add(key)
            elif artist.update(item):
                changed.add(key)
            self._item_artists[key] = artist
        for artist in before.values():
            artist.remove()
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
        """Fit the colour limits to the measured values; return whether the colour bar must be drawn again."""
        maps = list(self._select_artists(MeshArtist))
        had = self.decorations.colour_bar is not None
        if not maps:
            self.decorations.update_bar("", None)
            return had
        known = [mesh.value_interval for mesh in maps if mesh.value_interval is not None]
        low = min((span[0] for span in known), default=0.0)
        high = max((span[1] for span in known), default=1.0)
        now = self._value_interval if self._is_growing and known else None
        values = limits.expand_interval(now, low, high, margin=0.0, headroom=_COLOUR_HEADROOM)
        changed = values != self._value_interval
        self._value_interval = values if known else None
        if changed or not had:
            with self._norm.callbacks.blocked():  # set both at once: between the two steps, low could be above high
                self._norm.vmin, self._norm.vmax = values
            self._norm.callbacks.process("changed")
            for mesh in maps:
                mesh.update_colours()
        self.decorations.update_bar(maps[0].mesh.label, self._norm)
        return changed or not had

    def _update_limits(self) -> bool:
        """Fit the limits to the data unless the user has chosen others; return whether they changed."""
        if self.is_zoomed:
            return False
        before = self._data_limits, self._applied_limits
        extents = [artist.extent for artist in self._item_artists.values() if artist.extent is not None]
        extent = limits.merge_extents(extents)
        extent = extent or panel_limits.compute_line_extent(self.panel)
        self._data_limits = self._fit_limits(extent) if extent is not None else None
        x, y = self._data_limits or panel_limits.fit_limits(self.panel, None, is_growing=self._is_growing)
        requested = x, y[::-1] if self.panel.y_inverted else y
        if requested == self._requested_limits:  # the usual case; setting limits takes as long as drawing a curve
            return before[0] != self._data_limits
        self._requested_limits = requested
        self.axes.set_xlim(*requested[0])
        self.axes.set_ylim(*requested[1])
        self._applied_limits = (self.axes.get_xlim(), self.axes.get_ylim())
        self._changed_at = max((len(trace.x) for trace in self.panel.traces), default=0)
        return before != (self._data_limits, self._applied_limits)

    def _fit_limits(self, extent: Extent) -> tuple[Interval, Interval]:
        filled = any(self._select_artists(MeshArtist))
        margins = panel_limits.choose_margins(self.panel)
        x, y = (self._data_limits if self._is_growing else None) or (None, None)
        points = max((len(trace.x) for trace in self.panel.traces), default=0)
        can_shrink = filled or limits.has_enough_points(points)
        headroom = limits.choose_headroom(points, points - self._changed_at)
        growth: dict[str, Any] = {"headroom": headroom, "can_shrink": can_shrink}
        left, right = panel_limits.add_expected_range(self.panel, extent, is_growing=self._is_growing)
        bottom, top = extent.bottom, extent.top
        if self._is_log:
            bottom, top = panel_limits.compute_decades(bottom, top)
            y = None if y is None else (math.log10(y[0]), math.log10(y[1]))
        fitted = limits.expand_interval(y, bottom, top, margin=margins[1], **growth)
        return (
            limits.expand_interval(x, left, right, margin=margins[0], **growth),
            self._to_shown(fitted, y) if self._is_log else fitted,
        )

    def _to_shown(self, decades: Interval, before: Interval | None) -> Interval:
        """Return limits from their logarithms; unchanged ones are exactly those that are shown."""
        if decades == before and self._data_limits is not None:
            return self._data_limits[1]
        return 10.0 ** decades[0], 10.0 ** decades[1]

    def _update_order(self) -> None:
        labels = [artist.note for artist in self._select_artists(LineArtist)]
        order = [one for artist in self._item_artists.values() for one in artist.artists if one not in labels]
        order += labels  # over curves and marks, which would make them unreadable
        if order != self.drawing_order:
            for position, artist in enumerate(order):
                artist.set(zorder=1.0 + 1e-3 * position, animated=self.live)
        self.drawing_order = order

    def _find_first_changed(self, changed: set[ItemKey]) -> int | None:
        """Find the place in the drawing order of the first artist that an update changed."""
        position = 0
        for key, artist in self._item_artists.items():
            if key in changed:
                return position + (artist.first_changed if isinstance(artist, TraceArtist) else 0)
            position += len(artist.artists) - isinstance(artist, LineArtist)  # labels of lines are drawn last
        return None

    def _find_widest_marker(self, room: tuple[float, float]) -> float:
        """Find the largest size of markers that the frame of axes of a width and height (points) does not cut."""
        margins = panel_limits.choose_margins(self.panel)
        gaps = [length * margin / (1.0 + 2.0 * margin) for length, margin in zip(room, margins, strict=True)]
        return 2.0 * min(gaps) or math.inf  # a map fills its axes

    def _apply_style(self, sizes: Sizes, room: tuple[float, float]) -> None:
        sizes = replace(sizes, marker=min(sizes.marker, self._find_widest_marker(room)))
        lines = sum(1 for artist in self._select_artists(TraceArtist) if artist.trace.style != "points")
        alone = lines == 1 and self.panel.legend == "none"
        for artist in self._item_artists.values():
            if isinstance(artist, TraceArtist):
                trace = artist.trace
                style = choose_series_style(self.palette, trace.series, is_alone=alone, is_faded=trace.is_faded)
                artist.apply_style(style, sizes)
            elif isinstance(artist, NoteArtist):
                artist.apply_style(self.palette, sizes, room)
            elif isinstance(artist, MarkArtist):
                artist.apply_style(self.palette, sizes, room)
            elif isinstance(artist, LineArtist):
                artist.apply_style(self.palette, sizes)
        self.decorations.apply_sizes(sizes, empty=self.is_empty)

    def _arrange_line_labels(self, rect: Rect, sizes: Sizes) -> None:
        """Lower the label of a vertical line that would overlap the label of a line on its left."""
        left, right, *_ = self.visible_extent
        scale, height = rect.width / (right - left), 1.2 * sizes.small
        ends: list[tuple[float, float]] = []
        for line in sorted(self._select_artists(LineArtist), key=lambda one: one.x):
            if not line.label:
                line.place_label(0.0, 0.0, sizes.small)
                continue
            near = [end for x, end in ends if (line.x - x) * scale < height]
            offset = max(near, default=0.0) if len(near) < _MAX_STAGGERED else 0.0
            line.place_label(offset, rect.height, sizes.small)
            ends.append((line.x, line.label_offset + text_layout.measure_width(line.label, sizes.small) + sizes.small))
