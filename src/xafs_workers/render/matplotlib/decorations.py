"""Decorations around the data of a panel: axes, ticks, labels, title, legend and colour bar."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from xafs_workers.figures.model import Panel
from xafs_workers.render.limits import Extent
from xafs_workers.render.matplotlib import legend, meshes, text_layout, ticks
from xafs_workers.render.matplotlib.layout import Margins, Rect
from xafs_workers.render.matplotlib.style import Palette, Sizes

_TICK_LENGTH = 0.35  # ems, like the constants below
_TICK_PAD = 0.3
_LABEL_PAD = 0.3
_TEXT_OVERHANG = 0.8  # by which labels and titles may be longer than the axes; less than any margin
_MAX_TITLE_ROWS = 6
_BAR_WIDTH = 1.1
_BAR_GAP = 0.9


def configure_axes(axes: Axes, palette: Palette, *, is_log: bool = False) -> None:
    """Set the colours and ticks of axes explicitly, so that the user's matplotlib settings have no effect."""
    axes.set_autoscale_on(False)
    if is_log:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_axisbelow(True)
    axes.minorticks_off()
    for side in axes.spines.values():
        side.set(edgecolor=palette.foreground, visible=True, zorder=0.9)
    axes.patch.set(facecolor=palette.face, edgecolor="none", alpha=1.0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticks.FittingLocator(10.0))
        axis.set_major_formatter(ticks.PlainFormatter())
    if is_log:
        axes.yaxis.set_major_locator(ticks.FittingLogLocator(10.0))
        axes.yaxis.set_major_formatter(ticks.LogFormatter())


def apply_tick_sizes(axes: Axes, palette: Palette, sizes: Sizes) -> None:
    """Set the sizes of ticks, tick labels and frame."""
    axes.tick_params(
        which="major",
        direction="out",
        length=_TICK_LENGTH * sizes.text,
        pad=_TICK_PAD * sizes.text,
        width=0.55 * sizes.line,
        color=palette.foreground,
        labelcolor=palette.foreground,
        labelsize=sizes.text,
        labelfontfamily=text_layout.FONT,
        top=False,
        labeltop=False,
        labelrotation=0,
    )
    for side in axes.spines.values():
        side.set_linewidth(0.55 * sizes.line)
    for axis in (axes.xaxis, axes.yaxis):
        locator: Any = axis.get_major_locator()
        locator.size = sizes.text


class Decorations:
    """Title, axis labels, legend and colour bar of one panel.

    Attributes
    ----------
    has_legend
        Whether the panel has its own legend; False if one legend is shared by several panels.
    """

    def __init__(self, axes: Axes, palette: Palette, *, is_log: bool = False):
        figure: Any = axes.get_figure(root=True)
        self.axes = axes
        self.figure: Figure = figure
        self.palette = palette
        self.point_transform = Affine2D().scale(1.0 / 72.0) + self.figure.dpi_scale_trans
        self.title = Text(
            ha="center",
            va="bottom",
            linespacing=text_layout.LINE_HEIGHT,
            transform=self.point_transform,
            **text_layout.PLAIN_TEXT,
        )
        self.figure.add_artist(self.title)
        self.colour_bar: ColourBar | None = None
        self.has_legend = True
        self._axes_width = 0.0
        self._legend_artists: list[Artist] = []
        self._applied_sizes: Any = None
        self._legend_content: Any = None
        configure_axes(axes, palette, is_log=is_log)
        axes.grid(visible=True, which="major", color=palette.grid, linestyle="solid", alpha=1.0)

    def apply_sizes(self, sizes: Sizes, *, empty: bool) -> None:
        """Set sizes and colours, where they changed; the axes of an empty panel have no tick labels."""
        if self._applied_sizes == (sizes, empty, self.colour_bar):
            return
        self._applied_sizes = (sizes, empty, self.colour_bar)
        apply_tick_sizes(self.axes, self.palette, sizes)
        shown = not empty
        self.axes.tick_params(
            grid_linewidth=0.45 * sizes.line,
            bottom=shown,
            labelbottom=shown,
            left=shown,
            labelleft=shown,
            right=False,
            labelright=False,
        )
        if self.colour_bar is not None:
            self.colour_bar.apply_sizes(sizes)

    def compute_margins(self, panel: Panel, view: Extent, box: tuple[float, float], sizes: Sizes) -> Margins:
        """Compute the margins around axes of size `box` (in points) that show the rectangle `view`."""
        em, line = sizes.text, text_layout.LINE_HEIGHT * sizes.text
        outside = (_TICK_LENGTH + _TICK_PAD) * em
        rows_x, rows_y = (
            text_layout.count_rows(text_layout.fit_text(label, room + _TEXT_OVERHANG * em, em, lines=2))
            for label, room in zip((panel.x_label, panel.y_label), box, strict=True)
        )
        is_log = panel.y_scale == "log"
        values_y = (
            ticks.compute_log_ticks(view.bottom, view.top, length=box[1], size=em)
            if is_log
            else ticks.compute_ticks(view.bottom, view.top, length=box[1], size=em, is_vertical=True)
        )
        values_x = ticks.compute_ticks(view.left, view.right, length=box[0], size=em, is_vertical=False)
        numbers = np.ceil(2.0 * ticks.measure_widest_label(values_y, em, is_log=is_log) / em) / 2.0 * em
        overhang = 0.5 * ticks.measure_widest_label(values_x, em) + 0.4 * em
        bar = self.colour_bar.measure_width(box[1], sizes) if self.colour_bar is not None else 0.0
        above = legend.build_strip(panel, box[0], sizes).height if self.has_legend else 0.0
        title = _format_title(panel, box[0], sizes)
        return Margins(
            left=outside + numbers + rows_y * line + (_LABEL_PAD + 0.5) * em,
            right=max(overhang, bar),
            bottom=outside + em + rows_x * line + (_LABEL_PAD + 0.4) * em,
            top=above + text_layout.count_rows(title) * text_layout.LINE_HEIGHT * sizes.title + 0.8 * em,
        )

    def has_whole_labels(self, panel: Panel, rect: Rect, sizes: Sizes) -> bool:
        """Check whether the labels of the axes and of the colour bar are whole beside axes at `rect`."""
        em, beyond = sizes.text, _TEXT_OVERHANG * sizes.text
        found = [(panel.x_label, rect.width + beyond), (panel.y_label, rect.height + beyond)]
        if self.colour_bar is not None:
            found.append((self.colour_bar.label, rect.height))
        return all(text_layout.is_whole(label, room, em, lines=2) for label, room in found)

    def needs_smaller_title(self, panel: Panel, sizes: Sizes, least: float, width: float | None = None) -> bool:
        """Check whether the title needs more than two lines, but would be whole at the smaller font size `least`.

        The axes have a width in points, by default that of the last layout.
        """
        room = (self._axes_width if width is None else width) + _TEXT_OVERHANG * sizes.text
        if least >= sizes.title or text_layout.is_whole(panel.title, room, sizes.title, lines=2):
            return False
        return text_layout.is_whole(panel.title, room, least, lines=_MAX_TITLE_ROWS)

    def place(self, panel: Panel, rect: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Place the axes and their decorations at `rect` on a canvas of given width and height, in points."""
        self._axes_width = rect.width
        self.axes.set_position(_to_fractions(rect, canvas))
        beyond = _TEXT_OVERHANG * sizes.text
        text_style: dict[str, Any] = {
            "fontsize": sizes.text,
            "color": self.palette.foreground,
            "labelpad": _LABEL_PAD * sizes.text,
        }
        self.axes.set_xlabel(
            text_layout.fit_text(panel.x_label, rect.width + beyond, sizes.text, lines=2),
            **text_style,
            **text_layout.PLAIN_TEXT,
        )
        self.axes.set_ylabel(
            text_layout.fit_text(panel.y_label, rect.height + beyond, sizes.text, lines=2),
            **text_style,
            **text_layout.PLAIN_TEXT,
        )
        above = legend.build_strip(panel, rect.width, sizes).height if self.has_legend else 0.0
        self.title.set(
            text=_format_title(panel, rect.width, sizes),
            x=rect.left + rect.width / 2.0,
            y=rect.bottom + rect.height + above + 0.35 * sizes.text,
            fontsize=sizes.title,
            color=self.palette.foreground,
        )
        if self.colour_bar is not None:
            self.colour_bar.place(rect, canvas, sizes)

    def list_artists(self) -> list[Artist]:
        """List the artists of the panel but for its data, in drawing order: axes, colour bar, title and legend."""
        bar = [self.colour_bar.axes] if self.colour_bar is not None else []
        return [self.axes, *bar, *self.list_legend_artists(), self.title]

    def list_legend_artists(self) -> list[Artist]:
        """List the artists of the panel's own legend."""
        return sorted(self._legend_artists, key=lambda artist: artist.get_zorder())

    def format_title(self, panel: Panel, sizes: Sizes) -> str:
        """Return the panel's title, fitted to the width of the axes."""
        return _format_title(panel, self._axes_width, sizes)

    def draw_legend(
        self, panel: Panel, rect: Rect, sizes: Sizes, trace_lines: dict[str, Line2D]
    ) -> legend.LegendStrip | None:
        """Create the artists of the legend above the axes again; return None where they are unchanged."""
        content = (self.has_legend, panel.legend, _list_legend_entries(panel), rect, sizes)
        if content == self._legend_content:
            return None
        self._legend_content = content
        for artist in self._legend_artists:
            artist.remove()
        self._legend_artists = []
        if not self.has_legend:
            return None
        strip = legend.build_strip(panel, rect.width, sizes)
        options = {"points": self.point_transform, "colour": self.palette.foreground}
        self._legend_artists = legend.draw_strip(self.figure, strip, rect, trace_lines, **options)
        return strip if strip.entries else None

    def update_bar(self, label: str, norm: Normalize | None) -> None:
        """Show a colour bar with a label, or remove it if `norm` is None."""
        if norm is None and self.colour_bar is not None:
            self.colour_bar.axes.remove()
            self.colour_bar = None
        elif norm is not None:
            if self.colour_bar is None:
                self.colour_bar = ColourBar(self.figure, self.palette)
            self.colour_bar.update(label, norm)

    def remove(self) -> None:
        """Remove the axes and their decorations from the figure."""
        self.update_bar("", None)
        for artist in (self.title, *self._legend_artists, self.axes):
            artist.remove()


def _list_legend_entries(panel: Panel) -> tuple[Any, ...]:
    return tuple((trace.key, trace.entry, trace.series, trace.style) for trace in panel.traces)


def _format_title(panel: Panel, room: float, sizes: Sizes) -> str:
    """Fit a title into two lines; if it is too long, into more if it is whole then."""
    room += _TEXT_OVERHANG * sizes.text
    shown = text_layout.fit_text(panel.title, room, sizes.title, lines=2)
    if text_layout.ELLIPSIS in shown and text_layout.is_whole(panel.title, room, sizes.title, lines=_MAX_TITLE_ROWS):
        return text_layout.fit_text(panel.title, room, sizes.title, lines=_MAX_TITLE_ROWS)
    return shown


def _to_fractions(rect: Rect, canvas: tuple[float, float]) -> tuple[float, float, float, float]:
    width, height = canvas
    return rect.left / width, rect.bottom / height, rect.width / width, rect.height / height


class ColourBar:
    """Colour scale of a map, on the right of its axes."""

    def __init__(self, figure: Figure, palette: Palette):
        self.palette = palette
        self.axes = figure.add_axes((0.0, 0.0, 0.1, 0.1))
        self.axes.set_navigate(False)
        configure_axes(self.axes, palette)
        self.axes.tick_params(bottom=False, labelbottom=False, left=False, labelleft=False, right=True, labelright=True)
        self.axes.yaxis.set_label_position("right")
        self.image = AxesImage(self.axes, cmap=colormaps[meshes.COLORMAP], origin="lower", interpolation="nearest")
        self.image.set_data(np.linspace(0.0, 1.0, 256)[:, np.newaxis])
        self.axes.add_artist(self.image)
        self.label = ""

    def update(self, label: str, norm: Normalize) -> None:
        """Show a label and the colour limits."""
        self.label = label
        low, high = norm.vmin or 0.0, norm.vmax or 0.0
        self.image.set_extent((0.0, 1.0, low, high))
        self.axes.set(xlim=(0.0, 1.0), ylim=(low, high))

    def apply_sizes(self, sizes: Sizes) -> None:
        """Set the sizes and colours of the ticks."""
        apply_tick_sizes(self.axes, self.palette, sizes)

    def measure_width(self, height: float, sizes: Sizes) -> float:
        """Return the width that the bar needs beside axes `height` points high, in points."""
        low, high = self.axes.get_ylim()
        em = sizes.text
        values = ticks.compute_ticks(low, high, length=height, size=em, is_vertical=True)
        rows = text_layout.count_rows(text_layout.fit_text(self.label, height, em, lines=2))
        numbers = np.ceil(2.0 * ticks.measure_widest_label(values, em) / em) / 2.0
        return (_BAR_GAP + _BAR_WIDTH + _TICK_LENGTH + _TICK_PAD + numbers + rows * text_layout.LINE_HEIGHT + 0.6) * em

    def place(self, beside: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Place the bar on the right of the axes at `beside`."""
        em = sizes.text
        rect = Rect(beside.left + beside.width + _BAR_GAP * em, beside.bottom, _BAR_WIDTH * em, beside.height)
        self.axes.set_position(_to_fractions(rect, canvas))
        text = text_layout.fit_text(self.label, rect.height, em, lines=2)
        text_style: dict[str, Any] = {"fontsize": em, "color": self.palette.foreground, "labelpad": _LABEL_PAD * em}
        self.axes.set_ylabel(text, **text_style, **text_layout.PLAIN_TEXT)
