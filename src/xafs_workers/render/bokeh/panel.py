"""View of one panel: a Bokeh plot whose models are reused from update to update."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bokeh.models import (
    BasicTickFormatter,
    ColorBar,
    DataRange1d,
    FixedTicker,
    GlyphRenderer,
    Legend,
    LegendItem,
    LinearAxis,
    LinearColorMapper,
    LogAxis,
    NoOverlap,
)
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Line, Mark, Mesh, Panel, Text, Trace
from xafs_workers.render import limits
from xafs_workers.render.bokeh.meshes import PALETTE_NAME, MeshRenderer
from xafs_workers.render.bokeh.room import LEFT_BORDER, RIGHT_BORDER, Room
from xafs_workers.render.bokeh.style import FONT, Style
from xafs_workers.render.bokeh.traces import (
    CornerPoints,
    ItemRenderer,
    LineRenderer,
    MarkRenderer,
    NoteRenderer,
    TraceRenderer,
    add_fraction_ranges,
)
from xafs_workers.render.bokeh.words import to_plain_text
from xafs_workers.render.items import ItemKey, iter_items
from xafs_workers.render.panel_limits import ExtentCache, fit_limits

TOOLS = "pan,box_zoom,wheel_zoom,reset,save"

_COLOUR_HEADROOM = 0.1
_TICK_DISTANCE = 6
"""Smallest distance of two tick labels, pixels; one that is nearer is left out."""
_RENDERER_TYPES: dict[type, type[Any]] = {
    Trace: TraceRenderer,
    Mark: MarkRenderer,
    Line: LineRenderer,
    Text: NoteRenderer,
}


class PanelView:
    """Bokeh plot of a panel.

    Attributes
    ----------
    panel
        Panel that the plot shows.
    is_growing
        Whether more points are to come, for which the axis of x may have room.
    plot
        Bokeh model of the plot. Its ranges follow the limits until the user zooms, and are never sent to the server.
    """

    def __init__(self, panel: Panel, style: Style, *, is_growing: bool = True):
        self.panel, self._style, self._room = panel, style, Room(style, has_bar=bool(panel.meshes))
        self._item_renderers: dict[ItemKey, ItemRenderer] = {}
        self._mapper = LinearColorMapper(palette=PALETTE_NAME, low=0.0, high=1.0, nan_color="rgba(0, 0, 0, 0)")
        self._value_interval: limits.Interval | None = None
        self._legend: Legend | None = None
        self._legend_entries: tuple[Any, ...] = ()
        self._bar_model: ColorBar | None = None
        self._bar_label: LinearAxis | None = None
        self._has_data = False
        self._is_growing, self._extents = is_growing, ExtentCache()
        self._legend_labels: list[str] = []
        self.plot = self._create_plot(panel)
        self._corners = CornerPoints(self.plot)
        self._set_texts(panel)
        self._sync_renderers(panel)

    def update(self, panel: Panel, *, is_growing: bool = True) -> None:
        """Show a newer state of the panel."""
        if panel is self.panel and is_growing == self._is_growing:
            return
        self.panel, self._is_growing = panel, is_growing
        self._room = replace(self._room, has_bar=bool(panel.meshes))
        self._set_texts(panel)
        self._sync_renderers(panel)

    def fit(self, width: int, height: int) -> None:
        """Fit the plot with its texts and ticks into a size in pixels."""
        room = replace(self._room, width=width, height=height)
        if room != self._room:
            self._room = room
            self._arrange_legend()
            self._set_texts(self.panel)
            self._sync_renderers(self.panel)  # notes are wrapped
        self._fit_frame()

    def _fit_frame(self) -> None:
        """Set the height of the plot and its borders; the axes of a map to scale are as large as the map."""
        plot, room, panel = self.plot, self._room, self.panel
        borders, height = [LEFT_BORDER, RIGHT_BORDER], room.height
        if panel.is_to_scale:
            frame_height = room.estimate_frame_height(room.wrap_title(panel.title))
            *borders, height = room.fit_scale(self._aspect, frame_height)
        if (plot.min_border_left, plot.min_border_right) != (*borders,):
            plot.update(min_border_left=borders[0], min_border_right=borders[1])
        if plot.height != height:
            plot.height = height

    @property
    def _aspect(self) -> float:
        """Width of what the axes show divided by its height, in units of the data."""
        (left, right), (bottom, top) = self._corners.limits
        return (right - left) / (top - bottom)

    @property
    def sources(self) -> dict[str, Any]:
        """Data sources of the traces by trace key."""
        return {renderer.trace.key: renderer.source for renderer in self._iter_traces()}

    def _create_plot(self, panel: Panel) -> Plot:
        filled = bool(panel.meshes)
        palette = self._style.palette
        plot = Plot(
            name=panel.key,
            tools=TOOLS,
            active_drag=None if self._style.narrow else "box_zoom",
            active_scroll=None,
            x_range=DataRange1d(range_padding=0.0, syncable=False),
            y_range=DataRange1d(range_padding=0.0, flipped=panel.y_inverted, syncable=False),
            y_axis_type=panel.y_scale,
            sizing_mode="stretch_width",
            match_aspect=panel.is_to_scale,
            background_fill_color=palette.face,
            border_fill_color=palette.background,
            outline_line_color=palette.foreground,
            syncable=False,
        )
        plot.toolbar.update(logo=None, autohide=True, syncable=False)
        add_fraction_ranges(plot)
        self._apply_style(plot, filled=filled)
        return plot

    def _apply_style(self, plot: Plot, *, filled: bool) -> None:
        style, palette = self._style, self._style.palette
        for axis in plot.axis:
            axis.update(
                major_label_policy=NoOverlap(min_distance=_TICK_DISTANCE),
                axis_label_text_font=FONT,
                axis_label_text_font_style="normal",
                axis_label_text_font_size=f"{style.text_size}px",
                axis_label_text_color=palette.foreground,
                major_label_text_font=FONT,
                major_label_text_font_size=f"{style.text_size}px",
                major_label_text_color=palette.foreground,
                axis_line_color=palette.foreground,
                major_tick_line_color=palette.foreground,
                minor_tick_line_color=None,
            )
            if not isinstance(axis, LogAxis):
                axis.formatter = BasicTickFormatter(power_limit_high=7)
        for grid in plot.grid:
            grid.grid_line_color = None if filled else palette.grid
        title: Any = plot.title
        title.update(
            text_font=FONT,
            text_font_style="normal",
            text_font_size=f"{style.title_size}px",
            text_color=palette.foreground,
            align="center",
        )

    def _set_texts(self, panel: Panel) -> None:
        plot, room = self.plot, self._room
        title = room.wrap_title(panel.title)
        height = room.estimate_frame_height(title, self._legend_rows)
        if panel.is_to_scale:
            height = min(height, room.limit_height(room.frame_width / self._aspect))
        bar = next((mesh.label for mesh in panel.meshes), "")
        for model, name, text in (
            (plot.title, "text", title),
            (plot.xaxis[0], "axis_label", room.wrap_label(panel.x_label, room.frame_width)),
            (plot.yaxis[0], "axis_label", room.wrap_label(panel.y_label, height)),
            (self._bar_label, "axis_label", room.wrap_label(bar, room.frame_width if self._style.narrow else height)),
        ):
            if model is None:
                continue
            current = getattr(model, name)
            if (current if isinstance(current, str) else getattr(current, "text", "")) != text:
                setattr(model, name, to_plain_text(text))
        for axis, count in ((plot.xaxis[0], room.x_ticks), (plot.yaxis[0], room.count_y_ticks(height))):
            if axis.ticker.desired_num_ticks != count:
                axis.ticker.desired_num_ticks = count
        if plot.y_range.flipped != panel.y_inverted:
            plot.y_range.flipped = panel.y_inverted
        face = self._style.palette.warning_face if panel.has_warning else self._style.palette.face
        if plot.background_fill_color != face:
            plot.background_fill_color = face

    def _sync_renderers(self, panel: Panel) -> None:
        """Create, update and remove the renderers of the panel's items."""
        before, self._item_renderers = self._item_renderers, {}
        for key, item in iter_items(panel):
            if isinstance(item, Text):
                item = replace(item, text=self._room.wrap_note(item.text))
            renderer = before.pop(key, None)
            if renderer is None:
                renderer = (
                    MeshRenderer(self.plot, item, self._mapper)
                    if isinstance(item, Mesh)
                    else self._create_renderer(item)
                )
            else:
                renderer.update(item)
            self._item_renderers[key] = renderer
        for renderer in before.values():
            renderer.remove()
        self._update_colours(panel)
        self._update_legend(panel)
        before = self._aspect
        self._corners.update(fit_limits(panel, self._extents.measure(panel), is_growing=self._is_growing))
        if panel.is_to_scale and self._aspect != before:
            self._set_texts(panel)
        self._fit_frame()
        self._update_axes(panel)

    @property
    def axis_limits(self) -> tuple[limits.Interval, limits.Interval]:
        """Limits of x and y that the page shows unless the user zooms."""
        return self._corners.limits

    def _update_axes(self, panel: Panel) -> None:
        """Hide the axes and the grid while there are no data."""
        if self._has_data:
            return
        self._has_data = bool(panel.meshes or panel.marks) or not all(
            renderer.is_empty for renderer in self._iter_traces()
        )
        for part in (*self.plot.axis, *self.plot.grid):
            if part.visible != self._has_data:
                part.visible = self._has_data

    def _create_renderer(self, item: Any) -> ItemRenderer:
        return _RENDERER_TYPES[type(item)](self.plot, item, self._style)

    def _iter_traces(self) -> Iterator[TraceRenderer]:
        return (renderer for renderer in self._item_renderers.values() if isinstance(renderer, TraceRenderer))

    def _list_entries(self) -> list[tuple[str, list[GlyphRenderer]]]:
        """List the legend entries, each with the glyphs of all the traces that it names."""
        entries: list[tuple[str, list[GlyphRenderer]]] = []
        for one in self._iter_traces():
            if one.trace.entry:
                entries.append((one.trace.entry, list(one.renderers)))
            elif one.trace.label and entries:
                entries[-1][1].extend(one.renderers)
        return entries

    def _update_colours(self, panel: Panel) -> None:
        """Fit the colour limits to the measured values."""
        maps = [renderer for renderer in self._item_renderers.values() if isinstance(renderer, MeshRenderer)]
        known = [span for renderer in maps if (span := renderer.value_interval) is not None]
        if known:
            low, high = min(span[0] for span in known), max(span[1] for span in known)
            values = limits.expand_interval(self._value_interval, low, high, margin=0.0, headroom=_COLOUR_HEADROOM)
            if values != self._value_interval:
                self._value_interval = values
                self._mapper.update(low=values[0], high=values[1])
                for renderer in maps:
                    renderer.update_colours()
        if maps and self._bar_model is None:
            place = "below" if self._style.narrow else "right"
            self._bar_model = self._create_colour_bar()
            self.plot.add_layout(self._bar_model, place)
            self._bar_label = self._create_bar_label()
            self.plot.add_layout(self._bar_label, place)
            self._set_texts(panel)

    def _create_colour_bar(self) -> ColorBar:
        style, palette = self._style, self._style.palette
        shape = {"orientation": "horizontal", "height": 14} if style.narrow else {"width": 14}
        return ColorBar(
            **shape,
            color_mapper=self._mapper,
            background_fill_color=palette.background,
            bar_line_color=palette.foreground,
            major_label_text_font=FONT,
            major_label_text_font_size=f"{style.small_size}px",
            major_label_text_color=palette.foreground,
        )

    def _create_bar_label(self) -> LinearAxis:
        """Create the label of the colour bar: an axis without ticks, which Bokeh centres beside the bar."""
        style = self._style
        return LinearAxis(
            ticker=FixedTicker(ticks=[]),
            axis_line_color=None,
            axis_label_text_font=FONT,
            axis_label_text_font_style="normal",
            axis_label_text_font_size=f"{style.text_size}px",
            axis_label_text_color=style.palette.foreground,
            axis_label_standoff=2,
        )

    def _update_legend(self, panel: Panel) -> None:
        """Update the legend; a click on an entry hides its trace."""
        shown = self._list_entries() if panel.legend != "none" else []
        entries = tuple((label, tuple(map(id, renderers))) for label, renderers in shown)
        if entries == self._legend_entries:
            return
        self._legend_entries = entries
        items = [LegendItem(label={"value": label}, renderers=renderers) for label, renderers in shown]
        if self._legend is None:
            self._legend = self._create_legend()
            self.plot.add_layout(self._legend, "above")
        self._legend_labels = [label for label, _ in shown]
        self._legend.update(items=items, visible=bool(items))
        self._arrange_legend()

    def _arrange_legend(self) -> None:
        """Set the number of columns of the legend, and the size of its type."""
        columns = max(1, min(len(self._legend_labels), self._room.count_legend_columns(self._legend_labels)))
        size = f"{self._room.fit_legend_size(self._legend_labels)}px"
        if self._legend is not None and (self._legend.ncols, self._legend.label_text_font_size) != (columns, size):
            self._legend.update(ncols=columns, label_text_font_size=size)

    @property
    def _legend_rows(self) -> int:
        """Number of rows of the legend."""
        return -(-len(self._legend_labels) // self._room.count_legend_columns(self._legend_labels))

    def _create_legend(self) -> Legend:
        style, palette = self._style, self._style.palette
        return Legend(
            orientation="horizontal",
            location="bottom_center",
            click_policy="hide",
            label_text_font=FONT,
            label_text_font_size=f"{style.small_size}px",
            label_text_color=palette.foreground,
            background_fill_color=None,  # else it covers a part of the frame's line
            inactive_fill_color=palette.background,
            inactive_fill_alpha=0.7,
            border_line_color=None,
            margin=0,
            padding=2,
            spacing=8,
            label_standoff=4,
            glyph_width=24,
        )
