"""View of one panel: a Bokeh plot whose models are reused from update to update."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from bokeh.models import (
    BasicTickFormatter,
    ColorBar,
    DataRange1d,
    GlyphRenderer,
    Legend,
    LegendItem,
    LinearColorMapper,
    LogAxis,
    Title,
)
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Line, Mark, Mesh, Panel, Text, Trace
from xafs_workers.render import limits
from xafs_workers.render.bokeh.meshes import PALETTE_NAME, MeshRenderer
from xafs_workers.render.bokeh.style import Style
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
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"

_COLOUR_HEADROOM = 0.1
_MAX_LEGEND_COLUMNS = 12
_NARROW_TITLE = 32
"""Longest line of a title in a narrow plot, characters."""
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
    crowded
        Whether the plot is narrow, with room for fewer tick labels.
    is_growing
        Whether more points are to come, for which the axis of x may have room.
    plot
        Bokeh model of the plot. Its ranges follow the limits until the user zooms, and are never sent to the server.
    """

    def __init__(self, panel: Panel, style: Style, *, crowded: bool = False, is_growing: bool = True):
        self.panel, self._style, self._crowded = panel, style, crowded
        self._item_renderers: dict[ItemKey, ItemRenderer] = {}
        self._mapper = LinearColorMapper(palette=PALETTE_NAME, low=0.0, high=1.0, nan_color="rgba(0, 0, 0, 0)")
        self._value_interval: limits.Interval | None = None
        self._legend: Legend | None = None
        self._legend_entries: tuple[Any, ...] = ()
        self._bar_model: ColorBar | None = None
        self._has_data = False
        self._is_growing, self._extents = is_growing, ExtentCache()
        self.plot = self._create_plot(panel)
        self._corners = CornerPoints(self.plot)
        self._sync_renderers(panel)

    def update(self, panel: Panel, *, is_growing: bool = True) -> None:
        """Show a newer state of the panel."""
        if panel is self.panel and is_growing == self._is_growing:
            return
        self.panel, self._is_growing = panel, is_growing
        self._set_texts(panel)
        self._sync_renderers(panel)

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
            min_border_right=18,
            syncable=False,
        )
        plot.toolbar.update(logo=None, autohide=True, syncable=False)
        add_fraction_ranges(plot)
        self._apply_style(plot, filled=filled)
        self._set_texts(panel, plot)
        return plot

    def _apply_style(self, plot: Plot, *, filled: bool) -> None:
        style, palette = self._style, self._style.palette
        for axis in plot.axis:
            axis.update(
                axis_label_text_font=FONT,
                axis_label_text_font_style="normal",
                axis_label_text_font_size=style.text_size,
                axis_label_text_color=palette.foreground,
                major_label_text_font=FONT,
                major_label_text_font_size=style.text_size,
                major_label_text_color=palette.foreground,
                axis_line_color=palette.foreground,
                major_tick_line_color=palette.foreground,
                minor_tick_line_color=None,
            )
            if not isinstance(axis, LogAxis):
                axis.formatter = BasicTickFormatter(power_limit_high=7)
            axis.ticker.desired_num_ticks = 3 if style.large or self._crowded else 6
        for grid in plot.grid:
            grid.grid_line_color = None if filled else palette.grid
        title: Any = plot.title
        title.update(
            text_font=FONT,
            text_font_style="normal",
            text_font_size=style.title_size,
            text_color=palette.foreground,
            align="center",
        )

    def _set_texts(self, panel: Panel, plot: Plot | None = None) -> None:
        plot = plot or self.plot
        for model, name, text in (
            (plot.title, "text", self._wrap_title(panel.title)),
            (plot.xaxis[0], "axis_label", panel.x_label),
            (plot.yaxis[0], "axis_label", panel.y_label),
        ):
            current = getattr(model, name)
            if (current if isinstance(current, str) else getattr(current, "text", "")) != text:
                setattr(model, name, to_plain_text(text))
        if plot.y_range.flipped != panel.y_inverted:
            plot.y_range.flipped = panel.y_inverted
        face = self._style.palette.warning_face if panel.has_warning else self._style.palette.face
        if plot.background_fill_color != face:
            plot.background_fill_color = face

    def _wrap_title(self, title: str) -> str:
        """Wrap a title that is longer than a narrow plot, so that it is not cut."""
        return "\n".join(wrap(title, _NARROW_TITLE)) if self._style.narrow else title

    def _sync_renderers(self, panel: Panel) -> None:
        """Create, update and remove the renderers of the panel's items."""
        before, self._item_renderers = self._item_renderers, {}
        for key, item in iter_items(panel):
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
        self._corners.update(fit_limits(panel, self._extents.measure(panel), is_growing=self._is_growing))
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
            self._bar_model = self._create_colour_bar()
            self.plot.add_layout(self._bar_model, "right")
            self.plot.add_layout(self._create_bar_label(maps[0].mesh.label), "right")

    def _create_colour_bar(self) -> ColorBar:
        style, palette = self._style, self._style.palette
        return ColorBar(
            color_mapper=self._mapper,
            width=14,
            background_fill_color=palette.background,
            bar_line_color=palette.foreground,
            major_label_text_font=FONT,
            major_label_text_font_size=style.small_size,
            major_label_text_color=palette.foreground,
        )

    def _create_bar_label(self, label: str) -> Title:
        """Create the label of the colour bar; Bokeh would put the bar's own title below it."""
        style = self._style
        return Title(
            text=to_plain_text(label),
            align="center",
            text_font=FONT,
            text_font_style="normal",
            text_font_size=style.text_size,
            text_color=style.palette.foreground,
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
        longest = max((len(label) for label, _ in shown), default=1)
        columns = max(1, (30 if self._style.narrow else 60) // (longest + 4))
        self._legend.update(
            items=items, ncols=min(_MAX_LEGEND_COLUMNS, columns, max(1, len(items))), visible=bool(items)
        )

    def _create_legend(self) -> Legend:
        style, palette = self._style, self._style.palette
        return Legend(
            orientation="horizontal",
            location="center",
            click_policy="hide",
            label_text_font=FONT,
            label_text_font_size=style.small_size,
            label_text_color=palette.foreground,
            background_fill_color=palette.background,
            inactive_fill_color=palette.background,
            inactive_fill_alpha=0.7,
            border_line_color=None,
            margin=0,
            padding=2,
            spacing=8,
            label_standoff=4,
            glyph_width=24,
        )
