"""One panel: a plot whose parts are kept from figure to figure."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bokeh.models import BasicTickFormatter, ColorBar, DataRange1d, Legend, LegendItem, LinearColorMapper, Title
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Line, Mark, Mesh, Panel, Text, Trace
from xafs_workers.render import limits
from xafs_workers.render.bokeh.meshes import COLOURS, KeptMesh
from xafs_workers.render.bokeh.style import Style
from xafs_workers.render.bokeh.traces import Blank, Kept, KeptLine, KeptMark, KeptText, KeptTrace, add_fractions
from xafs_workers.render.bokeh.words import plain
from xafs_workers.render.items import Key, items_of

TOOLS = "pan,box_zoom,wheel_zoom,reset,save"
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"

_COLOUR_HEADROOM = 0.1
_MOST_COLUMNS = 12
_KINDS: dict[type, type[Any]] = {Trace: KeptTrace, Mark: KeptMark, Line: KeptLine, Text: KeptText}


class PanelView:
    """A panel as a plot.

    Attributes
    ----------
    panel
        What it shows.
    crowded
        Whether it is narrow: fewer numbers fit below it.
    plot
        Its model; the ranges follow the data until somebody zooms, and are never sent back to the server.
    """

    def __init__(self, panel: Panel, style: Style, *, crowded: bool = False):
        self.panel, self._style, self._crowded = panel, style, crowded
        self._kept: dict[Key, Kept] = {}
        self._mapper = LinearColorMapper(palette=COLOURS, low=0.0, high=1.0, nan_color="rgba(0, 0, 0, 0)")
        self._values: limits.Span | None = None
        self._legend: Legend | None = None
        self._entries: tuple[Any, ...] = ()
        self._bar: ColorBar | None = None
        self._blank: Blank | None = None
        self._seen = False
        self.plot = self._made(panel)
        self._sync(panel)

    def update(self, panel: Panel) -> None:
        """Bring the plot up to date with the model."""
        if panel is self.panel:
            return
        self.panel = panel
        self._name(panel)
        self._sync(panel)

    @property
    def sources(self) -> dict[str, Any]:
        """The columns of each trace, by key."""
        return {kept.trace.key: kept.source for kept in self._traces()}

    def _made(self, panel: Panel) -> Plot:
        filled = bool(panel.meshes)
        padding = 0.0 if filled else limits.MARGIN_X
        palette = self._style.palette
        plot = Plot(
            name=panel.key,
            tools=TOOLS,
            active_drag=None if self._style.narrow else "box_zoom",
            active_scroll=None,
            x_range=DataRange1d(range_padding=padding, syncable=False),
            y_range=DataRange1d(
                range_padding=0.0 if filled else limits.MARGIN_Y, flipped=panel.y_inverted, syncable=False
            ),
            sizing_mode="stretch_width",
            background_fill_color=palette.face,
            border_fill_color=palette.paper,
            outline_line_color=palette.ink,
            min_border_right=18,
            syncable=False,
        )
        plot.toolbar.update(logo=None, autohide=True, syncable=False)
        add_fractions(plot)
        self._dress(plot, filled=filled)
        self._name(panel, plot)
        return plot

    def _dress(self, plot: Plot, *, filled: bool) -> None:
        style, palette = self._style, self._style.palette
        for axis in plot.axis:
            axis.update(
                axis_label_text_font=FONT, axis_label_text_font_style="normal", axis_label_text_font_size=style.text,
                axis_label_text_color=palette.ink, major_label_text_font=FONT, major_label_text_font_size=style.text,
                major_label_text_color=palette.ink, axis_line_color=palette.ink, major_tick_line_color=palette.ink,
                minor_tick_line_color=None, formatter=BasicTickFormatter(power_limit_high=7),
            )  # fmt: skip
            axis.ticker.desired_num_ticks = 3 if style.large or self._crowded else 6
        for grid in plot.grid:
            grid.grid_line_color = None if filled else palette.grid
        title: Any = plot.title
        title.update(
            text_font=FONT, text_font_style="normal", text_font_size=style.title, text_color=palette.ink, align="center"
        )

    def _name(self, panel: Panel, plot: Plot | None = None) -> None:
        plot = plot or self.plot
        for model, name, text in (
            (plot.title, "text", panel.title),
            (plot.xaxis[0], "axis_label", panel.x_label),
            (plot.yaxis[0], "axis_label", panel.y_label),
        ):
            now = getattr(model, name)
            if (now if isinstance(now, str) else getattr(now, "text", "")) != text:
                setattr(model, name, plain(text))
        if plot.y_range.flipped != panel.y_inverted:
            plot.y_range.flipped = panel.y_inverted

    def _sync(self, panel: Panel) -> None:
        """Make, update and remove what stands for the items."""
        before, self._kept = self._kept, {}
        for key, item in items_of(panel):
            kept = before.pop(key, None)
            if kept is None:
                kept = KeptMesh(self.plot, item, self._mapper) if isinstance(item, Mesh) else self._new(item)
            else:
                kept.update(item)
            self._kept[key] = kept
        for kept in before.values():
            kept.remove()
        self._colour(panel)
        self._list(panel)
        self._fill(panel)

    def _fill(self, panel: Panel) -> None:
        """Give axes without data no numbers, and limits all the same."""
        if self._seen:
            return
        self._seen = bool(panel.meshes or panel.marks) or not all(kept.empty for kept in self._traces())
        if not self._seen and self._blank is None:
            self._blank = Blank(self.plot, tuple(line.x for line in panel.lines))
        elif self._seen and self._blank is not None:
            self._blank.remove()
            self._blank = None
        for part in (*self.plot.axis, *self.plot.grid):
            if part.visible != self._seen:
                part.visible = self._seen

    def _new(self, item: Any) -> Kept:
        return _KINDS[type(item)](self.plot, item, self._style)

    def _traces(self) -> Iterator[KeptTrace]:
        return (kept for kept in self._kept.values() if isinstance(kept, KeptTrace))

    def _colour(self, panel: Panel) -> None:
        """Fit the colours to the measured pixels."""
        maps = [kept for kept in self._kept.values() if isinstance(kept, KeptMesh)]
        known = [span for kept in maps if (span := kept.values) is not None]
        if known:
            low, high = min(span[0] for span in known), max(span[1] for span in known)
            values = limits.grown(self._values, low, high, margin=0.0, headroom=_COLOUR_HEADROOM)
            if values != self._values:
                self._values = values
                self._mapper.update(low=values[0], high=values[1])
                for kept in maps:
                    kept.recolour()
        if maps and self._bar is None:
            self._bar = self._colour_bar()
            self.plot.add_layout(self._bar, "right")
            self.plot.add_layout(self._beside_the_bar(maps[0].mesh.label), "right")

    def _colour_bar(self) -> ColorBar:
        style, palette = self._style, self._style.palette
        return ColorBar(
            color_mapper=self._mapper, width=14, background_fill_color=palette.paper, bar_line_color=palette.ink,
            major_label_text_font=FONT, major_label_text_font_size=style.small, major_label_text_color=palette.ink,
        )  # fmt: skip

    def _beside_the_bar(self, label: str) -> Title:
        """Return the label of the bar; its own title would stand at its foot."""
        style = self._style
        return Title(
            text=plain(label), align="center", text_font=FONT, text_font_style="normal",
            text_font_size=style.text, text_color=style.palette.ink,
        )  # fmt: skip

    def _list(self, panel: Panel) -> None:
        """Bring the legend up to date; a click on an entry hides its trace."""
        traces = [kept for kept in self._traces() if kept.trace.label] if panel.legend != "none" else []
        entries = tuple((kept.trace.label, tuple(id(one) for one in kept.renderers)) for kept in traces)
        if entries == self._entries:
            return
        self._entries = entries
        items = [LegendItem(label={"value": kept.trace.label}, renderers=kept.renderers) for kept in traces]
        if self._legend is None:
            self._legend = self._new_legend()
            self.plot.add_layout(self._legend, "above")
        longest = max((len(kept.trace.label) for kept in traces), default=1)
        columns = max(1, (30 if self._style.narrow else 60) // (longest + 4))
        self._legend.update(items=items, ncols=min(_MOST_COLUMNS, columns, max(1, len(items))), visible=bool(items))

    def _new_legend(self) -> Legend:
        style, palette = self._style, self._style.palette
        return Legend(
            orientation="horizontal", location="center", click_policy="hide", label_text_font=FONT,
            label_text_font_size=style.small, label_text_color=palette.ink, background_fill_color=palette.paper,
            inactive_fill_color=palette.paper, inactive_fill_alpha=0.7, border_line_color=None, margin=0, padding=2,
            spacing=8, label_standoff=4, glyph_width=24,
        )  # fmt: skip
