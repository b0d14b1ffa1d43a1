"""Style of figures: font sizes, line widths, and the looks that distinguish the series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xafs_workers.render.palette import DARK, DASH_PATTERNS, FADED_WIDTH, LIGHT, Palette

FONT = "DejaVu Sans"

_REFERENCE_AREA = 48.0  # square inches: an 8 x 6 picture, in which fonts have their nominal size

DASHES: tuple[Any, ...] = tuple((0, pattern) if pattern else "solid" for pattern in DASH_PATTERNS)
MARKERS = ("o", "s", "^", "D", "v")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Font sizes, line width and marker size on one canvas, in points."""

    text: float
    small: float
    title: float
    heading: float
    line: float
    marker: float


@dataclass(frozen=True, slots=True)
class Style:
    """Appearance of a figure.

    Attributes
    ----------
    font_size, line_width
        Font size and line width in points on a canvas of 8 x 6 inches. Fonts are slightly larger on a larger canvas,
        which is seen from a greater distance or made smaller on a page.
    scale
        Factor for fonts and lines; with 2.4, texts on an office monitor can be read at four metres.
    dark
        Whether lines are light on a dark background.
    has_adaptive_type
        Whether fonts grow with the canvas. False for fonts that must have one size to be read from a distance.
    """

    font_size: float = 10.0
    line_width: float = 1.5
    scale: float = 1.0
    dark: bool = False
    has_adaptive_type: bool = True

    @property
    def palette(self) -> Palette:
        """Colours of the figure."""
        return DARK if self.dark else LIGHT

    def compute_sizes(self, width: float, height: float) -> Sizes:
        """Compute the sizes for a canvas of `width` x `height` inches."""
        growth = min(max((width * height / _REFERENCE_AREA) ** 0.25, 0.8), 2.0) if self.has_adaptive_type else 1.0
        factor = self.scale * growth
        text = round(2.0 * self.font_size * factor) / 2.0
        return Sizes(
            text=text,
            small=0.82 * text,
            title=1.08 * text,
            heading=1.25 * text,
            line=self.line_width * factor,
            marker=0.58 * text,
        )


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """Colour, dash pattern and marker of one series."""

    colour: str
    dashes: Any
    marker: str
    width: float = 1.0


def choose_series_style(
    palette: Palette, series: int, *, is_alone: bool = False, is_faded: bool = False
) -> SeriesStyle:
    """Choose the colour, dashes, marker and relative width of a series.

    A line that is alone in its panel is solid; a faded one is thin and grey.
    """
    if is_faded:
        return SeriesStyle(palette.faded, "solid", MARKERS[0], FADED_WIDTH)
    return SeriesStyle(
        colour=palette.series[series % len(palette.series)],
        dashes="solid" if is_alone else DASHES[series % len(DASHES)],
        marker=MARKERS[series % len(MARKERS)],
    )
