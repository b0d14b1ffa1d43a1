"""Sizes and colours of plots in a web page."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.render.palette import DARK, DASH_PATTERNS, LIGHT, Palette

FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"
MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle")

LARGE_SCALE = 1.8
"""Size of large type in units of the usual one."""


@dataclass(frozen=True, slots=True)
class Style:
    """Appearance of plots.

    Attributes
    ----------
    dark
        Whether lines are light on a dark background.
    large
        Whether texts are large enough to be read from a distance.
    narrow
        Whether the panels are in one column, as on a phone.
    height
        Total height of the plots, pixels.
    width
        Width of the plots, pixels; 0 if it is not known, and figures keep their own grids.
    """

    dark: bool = False
    large: bool = False
    narrow: bool = False
    height: int = 640
    width: int = 0

    @property
    def palette(self) -> Palette:
        """Colours of the plots."""
        return DARK if self.dark else LIGHT

    @property
    def text_size(self) -> int:
        """Font size of tick labels and axis labels, pixels."""
        return self._choose_size(13, 18, 24)

    @property
    def small_size(self) -> int:
        """Font size of legends and notes, pixels."""
        return self._choose_size(12, 15, 20)

    @property
    def title_size(self) -> int:
        """Font size of panel titles, pixels."""
        return self._choose_size(15, 19, 26)

    def _choose_size(self, usual: int, narrow: int, large: int) -> int:
        """Choose a font size; large type on a phone is smaller, so that labels have room."""
        return usual if not self.large else narrow if self.narrow else large

    @property
    def line_width(self) -> float:
        """Width of curves, pixels."""
        return 3.5 if self.large else 1.8

    @property
    def marker_size(self) -> float:
        """Size of markers, pixels."""
        return 13.0 if self.large else 7.0


def compute_dashes(series: int, width: float) -> list[int]:
    """Return the dash pattern of a series in pixels, empty for a solid line."""
    return [max(1, round(part * width)) for part in DASH_PATTERNS[series % len(DASH_PATTERNS)]]
