"""What stands around the data of a panel: axes, ticks, labels, title, legend, colour bar."""

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

_TICK = 0.35  # ems, as the next ones
_PAD = 0.3
_LABEL_PAD = 0.3
_BEYOND = 2.4  # labels and titles may be this much longer than the axes
_BAR = 1.1
_BAR_GAP = 0.9


def furnish(axes: Axes, palette: Palette) -> None:
    """Give axes their colours and plain ticks, all of them explicitly: no setting of the user changes a plot."""
    axes.set_autoscale_on(False)
    axes.set_axisbelow(True)
    axes.minorticks_off()
    for side in axes.spines.values():
        side.set(edgecolor=palette.ink, visible=True, zorder=0.9)
    axes.patch.set(facecolor=palette.face, edgecolor="none", alpha=1.0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticks.RoomyLocator(10.0))
        axis.set_major_formatter(ticks.PlainFormatter())


def dress(axes: Axes, palette: Palette, sizes: Sizes) -> None:
    """Give ticks their sizes."""
    axes.tick_params(
        which="major", direction="out", length=_TICK * sizes.text, pad=_PAD * sizes.text, width=0.55 * sizes.line,
        color=palette.ink, labelcolor=palette.ink, labelsize=sizes.text, labelfontfamily=text_layout.FONT,
        top=False, labeltop=False, labelrotation=0,
    )  # fmt: skip
    for side in axes.spines.values():
        side.set_linewidth(0.55 * sizes.line)
    for axis in (axes.xaxis, axes.yaxis):
        locator: Any = axis.get_major_locator()
        locator.size = sizes.text


class Furniture:
    """Around one panel; `has_legend` is false where one legend stands for several panels."""

    def __init__(self, axes: Axes, palette: Palette):
        figure: Any = axes.get_figure(root=True)
        self.axes = axes
        self.figure: Figure = figure
        self.palette = palette
        self.points = Affine2D().scale(1.0 / 72.0) + self.figure.dpi_scale_trans
        self.title = Text(
            ha="center", va="bottom", linespacing=text_layout.LINE_HEIGHT, transform=self.points, **text_layout.PLAIN
        )
        self.figure.add_artist(self.title)
        self.bar: ColourBar | None = None
        self.has_legend = True
        self._room = 0.0
        self._strip: list[Artist] = []
        furnish(axes, palette)
        axes.grid(visible=True, which="major", color=palette.grid, linestyle="solid", alpha=1.0)

    def dress(self, sizes: Sizes, *, empty: bool) -> None:
        """Set sizes and colours; axes without data have no numbers."""
        dress(self.axes, self.palette, sizes)
        shown = not empty
        self.axes.tick_params(
            grid_linewidth=0.45 * sizes.line, bottom=shown, labelbottom=shown, left=shown, labelleft=shown,
            right=False, labelright=False,
        )  # fmt: skip
        if self.bar is not None:
            self.bar.dress(sizes)

    def margins(self, panel: Panel, view: Extent, box: tuple[float, float], sizes: Sizes) -> Margins:
        """Return the room needed around axes of `box` points that show the rectangle `view`."""
        em, line = sizes.text, text_layout.LINE_HEIGHT * sizes.text
        outside = (_TICK + _PAD) * em
        rows_x, rows_y = (
            text_layout.rows(text_layout.fit(label, room + _BEYOND * em, em, lines=2))
            for label, room in zip((panel.x_label, panel.y_label), box, strict=True)
        )
        values_y = ticks.fitting(view.bottom, view.top, length=box[1], size=em, upright=True)
        values_x = ticks.fitting(view.left, view.right, length=box[0], size=em, upright=False)
        numbers = np.ceil(2.0 * ticks.widest(values_y, em) / em) / 2.0 * em
        overhang = 0.5 * ticks.widest(values_x, em) + 0.4 * em
        bar = self.bar.width(box[1], sizes) if self.bar is not None else 0.0
        above = legend.strip(panel, box[0], sizes).height if self.has_legend else 0.0
        title = _title(panel, box[0], sizes)
        return Margins(
            left=outside + numbers + rows_y * line + (_LABEL_PAD + 0.5) * em,
            right=max(overhang, bar),
            bottom=outside + em + rows_x * line + (_LABEL_PAD + 0.4) * em,
            top=above + text_layout.rows(title) * text_layout.LINE_HEIGHT * sizes.title + 0.8 * em,
        )

    def place(self, panel: Panel, rect: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Put the axes and all around them at `rect`; `canvas` is its width and height, points."""
        self._room = rect.width
        self.axes.set_position(_fractions(rect, canvas))
        beyond = _BEYOND * sizes.text
        how: dict[str, Any] = {"fontsize": sizes.text, "color": self.palette.ink, "labelpad": _LABEL_PAD * sizes.text}
        self.axes.set_xlabel(
            text_layout.fit(panel.x_label, rect.width + beyond, sizes.text, lines=2), **how, **text_layout.PLAIN
        )
        self.axes.set_ylabel(
            text_layout.fit(panel.y_label, rect.height + beyond, sizes.text, lines=2), **how, **text_layout.PLAIN
        )
        above = legend.strip(panel, rect.width, sizes).height if self.has_legend else 0.0
        self.title.set(
            text=_title(panel, rect.width, sizes),
            x=rect.left + rect.width / 2.0,
            y=rect.bottom + rect.height + above + 0.35 * sizes.text,
            fontsize=sizes.title,
            color=self.palette.ink,
        )
        if self.bar is not None:
            self.bar.place(rect, canvas, sizes)

    def retitled(self, panel: Panel, sizes: Sizes) -> str:
        """Return another title as it would stand over the axes."""
        return _title(panel, self._room, sizes)

    def draw_legend(self, panel: Panel, rect: Rect, sizes: Sizes, looks: dict[str, Line2D]) -> None:
        """Draw the strip above the axes anew."""
        for artist in self._strip:
            artist.remove()
        self._strip = []
        if self.has_legend:
            fitted = legend.strip(panel, rect.width, sizes)
            how = {"points": self.points, "colour": self.palette.ink}
            self._strip = legend.draw(self.figure, fitted, rect, looks, **how)

    def show_bar(self, label: str, norm: Normalize | None) -> None:
        """Put up a colour bar, or take it down (`norm` None)."""
        if norm is None and self.bar is not None:
            self.bar.axes.remove()
            self.bar = None
        elif norm is not None:
            if self.bar is None:
                self.bar = ColourBar(self.figure, self.palette)
            self.bar.show(label, norm)

    def remove(self) -> None:
        """Take everything off the figure."""
        self.show_bar("", None)
        for artist in (self.title, *self._strip, self.axes):
            artist.remove()


def _title(panel: Panel, room: float, sizes: Sizes) -> str:
    return text_layout.fit(panel.title, room + _BEYOND * sizes.text, sizes.title, lines=2)


def _fractions(rect: Rect, canvas: tuple[float, float]) -> tuple[float, float, float, float]:
    width, height = canvas
    return rect.left / width, rect.bottom / height, rect.width / width, rect.height / height


class ColourBar:
    """The scale of a map, right of its axes."""

    def __init__(self, figure: Figure, palette: Palette):
        self.palette = palette
        self.axes = figure.add_axes((0.0, 0.0, 0.1, 0.1))
        self.axes.set_navigate(False)
        furnish(self.axes, palette)
        self.axes.tick_params(bottom=False, labelbottom=False, left=False, labelleft=False, right=True, labelright=True)
        self.axes.yaxis.set_label_position("right")
        self.ramp = AxesImage(self.axes, cmap=colormaps[meshes.COLOURS], origin="lower", interpolation="nearest")
        self.ramp.set_data(np.linspace(0.0, 1.0, 256)[:, np.newaxis])
        self.axes.add_artist(self.ramp)
        self.label = ""

    def show(self, label: str, norm: Normalize) -> None:
        """Show these limits."""
        self.label = label
        low, high = norm.vmin or 0.0, norm.vmax or 0.0
        self.ramp.set_extent((0.0, 1.0, low, high))
        self.axes.set(xlim=(0.0, 1.0), ylim=(low, high))

    def dress(self, sizes: Sizes) -> None:
        """Set sizes and colours."""
        dress(self.axes, self.palette, sizes)

    def width(self, height: float, sizes: Sizes) -> float:
        """Return the room needed right of axes `height` points high."""
        low, high = self.axes.get_ylim()
        em = sizes.text
        values = ticks.fitting(low, high, length=height, size=em, upright=True)
        rows = text_layout.rows(text_layout.fit(self.label, height, em, lines=2))
        numbers = np.ceil(2.0 * ticks.widest(values, em) / em) / 2.0
        return (_BAR_GAP + _BAR + _TICK + _PAD + numbers + rows * text_layout.LINE_HEIGHT + 0.6) * em

    def place(self, beside: Rect, canvas: tuple[float, float], sizes: Sizes) -> None:
        """Stand at the right of the axes."""
        em = sizes.text
        rect = Rect(beside.left + beside.width + _BAR_GAP * em, beside.bottom, _BAR * em, beside.height)
        self.axes.set_position(_fractions(rect, canvas))
        text = text_layout.fit(self.label, rect.height, em, lines=2)
        how: dict[str, Any] = {"fontsize": em, "color": self.palette.ink, "labelpad": _LABEL_PAD * em}
        self.axes.set_ylabel(text, **how, **text_layout.PLAIN)
