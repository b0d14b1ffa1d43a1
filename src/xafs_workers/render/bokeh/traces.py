"""Bokeh renderers of traces, marks, vertical lines and notes."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from bokeh.models import ColumnDataSource, GlyphRenderer, Label, LinearScale, Range1d, Span
from bokeh.models import glyphs as glyph
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Line, Mark, Text, Trace
from xafs_workers.render.bokeh.columns import to_drawable, update_source
from xafs_workers.render.bokeh.room import NOTE_PADDING
from xafs_workers.render.bokeh.style import FONT, MARKERS, Style, compute_dashes
from xafs_workers.render.bokeh.words import to_plain_text
from xafs_workers.render.limits import Interval
from xafs_workers.render.palette import FADED_WIDTH

FRACTION_RANGE = "fractions"
"""Name of the ranges from 0 to 1 that place notes and labels in a plot."""

_MAX_LARGE_MARKERS = 60
"""Maximum number of points of a line with large markers."""


class ItemRenderer(Protocol):
    """Renderer of one item of a panel."""

    def update(self, item: Any) -> None:
        """Show a newer state of the item."""
        ...

    def remove(self) -> None:
        """Remove the models from the plot."""
        ...


class TraceRenderer:
    """A trace: its data source, and a line, markers or both."""

    def __init__(self, plot: Plot, trace: Trace, style: Style):
        self._plot, self._style = plot, style
        self.trace = trace
        self.source = ColumnDataSource({"x": to_drawable(trace.x), "y": to_drawable(trace.y)}, name=trace.key)
        self.renderers: list[GlyphRenderer] = self._create_glyphs()

    @property
    def is_empty(self) -> bool:
        """Whether the trace has no visible point."""
        return not (np.isfinite(self.source.data["x"]) & np.isfinite(self.source.data["y"])).any()

    def update(self, item: Trace) -> None:
        """Send new and changed points to the page."""
        old, self.trace = self.trace, item
        if (old.series, old.style, old.is_faded) != (item.series, item.style, item.is_faded):
            self.remove()
            self.renderers = self._create_glyphs()
        if item.x is not old.x or item.y is not old.y:
            update_source(self.source, {"x": item.x, "y": item.y})

    def remove(self) -> None:
        """Remove the models from the plot."""
        for renderer in self.renderers:
            self._plot.renderers.remove(renderer)

    def _create_glyphs(self) -> list[GlyphRenderer]:
        trace, style = self.trace, self._style
        palette = style.palette
        colour = palette.faded if trace.is_faded else palette.series[trace.series % len(palette.series)]
        glyphs: list[Any] = []
        if trace.style != "points":
            pattern = [] if trace.is_faded else compute_dashes(trace.series, style.line_width)
            width = style.line_width * (FADED_WIDTH if trace.is_faded else 1.0)
            glyphs.append(glyph.Line(line_color=colour, line_width=width, line_dash=pattern))
        if trace.style != "line":
            size = style.marker_size * (1.0 if trace.style == "points" or len(trace.x) <= _MAX_LARGE_MARKERS else 0.6)
            marker = MARKERS[trace.series % len(MARKERS)]
            glyphs.append(glyph.Scatter(line_color=colour, fill_color=colour, size=size, marker=marker))
        return [add_glyph(self._plot, self.source, one) for one in glyphs]


class CornerPoints:
    """Two invisible points at opposite corners of a plot: its ranges contain them, and nothing else.

    Limits are computed here and not in the page, so that they are those of windows and pictures; a zoomed plot keeps
    its own.
    """

    def __init__(self, plot: Plot):
        self._source = ColumnDataSource({"x": [0.0, 1.0], "y": [0.0, 1.0]})
        renderer: Any = add_glyph(plot, self._source, glyph.Scatter(line_alpha=0.0, fill_alpha=0.0))
        plot.x_range.renderers = plot.y_range.renderers = [renderer]

    @property
    def limits(self) -> tuple[Interval, Interval]:
        """Limits of x and y."""
        (left, right), (bottom, top) = self._source.data["x"], self._source.data["y"]
        return (left, right), (bottom, top)

    def update(self, limits: tuple[Interval, Interval]) -> None:
        """Move the points to other limits."""
        if limits != self.limits:
            self._source.data = {"x": list(limits[0]), "y": list(limits[1])}


class MarkRenderer:
    """A cross at a position."""

    def __init__(self, plot: Plot, mark: Mark, style: Style):
        self._plot = plot
        self._source = ColumnDataSource(_build_columns(mark), name=mark.key)
        colour, width = style.palette.mark, 2.0 * style.line_width
        cross = glyph.Scatter(marker="x", size=2.5 * style.marker_size, line_color=colour, line_width=width)
        self._renderer: Any = add_glyph(plot, self._source, cross)

    def update(self, item: Mark) -> None:
        """Move the cross to its new position."""
        if dict(self._source.data) != _build_columns(item):
            self._source.data = _build_columns(item)

    def remove(self) -> None:
        """Remove the models from the plot."""
        self._plot.renderers.remove(self._renderer)


class LineRenderer:
    """A vertical line and its label."""

    def __init__(self, plot: Plot, line: Line, style: Style):
        self._plot = plot
        self._span = Span(dimension="height", line_color=style.palette.muted, line_dash="dashed", line_width=1.0)
        self._label = Label(
            y=1.0,
            y_units="data",
            y_range_name=FRACTION_RANGE,
            angle=np.pi / 2,
            text_align="right",
            text_baseline="bottom",
            text_font=FONT,
            text_font_size=f"{style.small_size}px",
            text_color=style.palette.foreground,
            text=to_plain_text(line.label),
            x=line.x,
        )
        plot.add_layout(self._span)
        plot.add_layout(self._label)
        self.update(line)

    def update(self, item: Line) -> None:
        """Move the line to its new position."""
        if self._span.location != item.x:
            self._span.location = self._label.x = item.x
        _set_text(self._label, item.label)

    def remove(self) -> None:
        """Remove the models from the plot."""
        for model in (self._span, self._label):
            self._plot.center.remove(model)


class NoteRenderer:
    """A note inside a panel."""

    def __init__(self, plot: Plot, note: Text, style: Style):
        self._plot = plot
        self._label = Label(
            x=note.x,
            y=note.y,
            x_range_name=FRACTION_RANGE,
            y_range_name=FRACTION_RANGE,
            text=to_plain_text(note.text),
            text_align="center",
            text_baseline="middle",
            text_font=FONT,
            text_font_size=f"{style.small_size}px",
            text_color=style.palette.foreground,
            background_fill_color=style.palette.background,
            background_fill_alpha=0.7,
            padding=NOTE_PADDING,
        )
        plot.add_layout(self._label)

    def update(self, item: Text) -> None:
        """Show a new text or position."""
        if (self._label.x, self._label.y) != (item.x, item.y):
            self._label.update(x=item.x, y=item.y)
        _set_text(self._label, item.text)

    def remove(self) -> None:
        """Remove the models from the plot."""
        self._plot.center.remove(self._label)


def add_glyph(plot: Plot, source: ColumnDataSource, shape: Any) -> GlyphRenderer:
    """Add a glyph of the columns x and y to a plot, without the variants for selections, which are not used here."""
    renderer = GlyphRenderer(data_source=source, glyph=shape, nonselection_glyph=None, syncable=False)
    plot.renderers.append(renderer)
    return renderer


def add_fraction_ranges(plot: Plot) -> None:
    """Add the ranges from 0 to 1 for notes and labels to a plot."""
    plot.extra_x_ranges = {FRACTION_RANGE: Range1d(0.0, 1.0, syncable=False)}
    plot.extra_y_ranges = {FRACTION_RANGE: Range1d(0.0, 1.0, syncable=False)}
    plot.extra_y_scales = {FRACTION_RANGE: LinearScale()}  # else that of the plot, which may be logarithmic


def _build_columns(mark: Mark) -> dict[str, list[float]]:
    return {"x": [mark.x], "y": [mark.y]}


def _set_text(label: Label, text: str) -> None:
    current = label.text if isinstance(label.text, str) else label.text.text
    if current != text:
        label.text = to_plain_text(text)
