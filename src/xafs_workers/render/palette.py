"""Colours and dash patterns for all renderers."""

from __future__ import annotations

from dataclasses import dataclass, fields

DASH_PATTERNS: tuple[tuple[float, ...], ...] = (
    (),
    (7.0, 1.6),
    (7.0, 1.5, 1.3, 1.5),
    (3.2, 1.4),
    (1.2, 1.2),
)
"""Lengths of dashes and gaps in units of the line width; empty for a solid line.

Seven colours and five patterns distinguish 35 series.
"""


FADED_WIDTH = 0.5
"""Width of a faded line in units of the usual width."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a figure; `series` is the palette of Okabe and Ito (2008), safe for colour-blind readers."""

    series: tuple[str, ...]
    background: str
    face: str
    grid: str
    foreground: str
    muted: str
    mark: str
    warning_face: str
    faded: str


LIGHT = Palette(
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1a1a1a"),
    background="#ffffff",
    face="#f2f2f2",
    grid="#cfcfcf",
    foreground="#1a1a1a",
    muted="#5a5a5a",
    mark="#007a00",
    warning_face="#ffdcd6",
    faded="#9a9a9a",
)
DARK = Palette(
    series=("#56b4e9", "#e69f00", "#2fd0a0", "#e49ac4", "#f0e442", "#ff7f3f", "#f5f5f5"),
    background="#14161a",
    face="#202329",
    grid="#3c414a",
    foreground="#f0f0f0",
    muted="#b8bcc4",
    mark="#5ee65e",
    warning_face="#4d2020",
    faded="#7d828c",
)


def map_colours(palette: Palette, other: Palette) -> dict[str, str]:
    """Map the colours of a palette to those of another one, as `#rrggbb`."""
    names = [field.name for field in fields(Palette) if field.name != "series"]
    pairs = [(getattr(palette, name), getattr(other, name)) for name in names]
    return dict([*zip(palette.series, other.series, strict=True), *pairs])
