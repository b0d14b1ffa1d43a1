"""Legend as a strip above the axes, where it covers no data; panels with equal legends share one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Transform

from xafs_workers.figures.model import Panel
from xafs_workers.render.matplotlib import text_layout
from xafs_workers.render.matplotlib.layout import Rect
from xafs_workers.render.matplotlib.style import Sizes

_HANDLE_LENGTH = 2.4  # ems, like the constants below
_HANDLE_GAP = 0.5
_COLUMN_GAP = 1.3
_ROW_HEIGHT = 1.3
_FRAME_GAP = 0.12  # half the width of the frame of the axes, rounded up
_MAX_ROWS = 4


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """Label of a trace and the trace's key; the key is None for the entry that replaces omitted entries."""

    label: str
    key: str | None


@dataclass(frozen=True, slots=True)
class LegendStrip:
    """Legend that is fitted into a width; lengths in points."""

    entries: tuple[LegendEntry, ...]
    columns: int
    column_pitch: float
    font_size: float

    @property
    def rows(self) -> int:
        """Number of rows."""
        return math.ceil(len(self.entries) / self.columns)

    @property
    def height(self) -> float:
        """Height, including the gap below."""
        return (self.rows * _ROW_HEIGHT + 0.3) * self.font_size if self.entries else 0.0


def find_shared_panel(panels: Iterable[Panel]) -> Panel | None:
    """Find the panel whose legend serves most of the panels that have one; None if it serves fewer than two."""
    with_legend = [panel for panel in panels if _collect_signatures(panel)]
    rated = [(sum(is_served(panel, other) for panel in with_legend), other) for other in with_legend]
    served, best = max(rated, key=lambda one: (one[0], len(_collect_signatures(one[1]))), default=(0, None))
    return best if served >= 2 else None


def is_served(panel: Panel, other: Panel) -> bool:
    """Check whether the legend of another panel contains all that the legend of a panel would."""
    return _collect_signatures(panel) <= _collect_signatures(other)


def _collect_signatures(panel: Panel) -> set[tuple[str, int, str]]:
    if panel.legend == "none":
        return set()
    return {(trace.label, trace.series, trace.style) for trace in panel.traces if trace.label}


def build_strip(panel: Panel, room: float, sizes: Sizes) -> LegendStrip:
    """Build the legend of a panel for axes `room` points wide.

    If the entries need more than four rows, those in the middle are omitted.
    """
    size = 0.95 * sizes.text
    entries = [LegendEntry(text_layout.sanitize(trace.entry), trace.key) for trace in panel.traces if trace.entry]
    if panel.legend == "none" or not entries:
        return LegendStrip((), 1, room, size)
    fixed = (_HANDLE_LENGTH + _HANDLE_GAP) * size
    widest = max(text_layout.measure_width(entry.label, size) for entry in entries)
    pitch = min(fixed + widest + _COLUMN_GAP * size, max(room, fixed))
    columns = max(1, min(len(entries), int((room + _COLUMN_GAP * size) / pitch)))
    capacity = columns * _MAX_ROWS
    if len(entries) > capacity:
        first = (capacity - 1) // 2
        entries = [*entries[:first], LegendEntry("…", None), *entries[len(entries) - (capacity - first - 1) :]]
    columns = math.ceil(len(entries) / math.ceil(len(entries) / columns))  # rows of even length
    fitted = tuple(LegendEntry(text_layout.fit_text(entry.label, pitch - fixed, size), entry.key) for entry in entries)
    return LegendStrip(fitted, columns, pitch, size)


def compute_box(strip: LegendStrip, axes: Rect) -> Rect:
    """Compute the rectangle of a legend strip above `axes`, without the frame of the axes."""
    gap = _FRAME_GAP * strip.font_size
    return Rect(axes.left, axes.bottom + axes.height + gap, axes.width, max(strip.height - gap, 0.0))


def draw_strip(
    figure: Figure, strip: LegendStrip, axes: Rect, trace_lines: dict[str, Line2D], **options: Any
) -> list[Artist]:
    """Draw a legend strip above `axes` and return its artists.

    Parameters
    ----------
    trace_lines
        Lines of the traces by trace key; the samples in the legend copy their style.
        options
            ``points``, the transform from points to pixels, and ``colour``, the colour of the texts.
    """
    points: Transform = options["points"]
    size = strip.font_size
    used = strip.columns * strip.column_pitch - _COLUMN_GAP * size
    start = axes.left + max(0.0, (axes.width - used) / 2.0)
    artists: list[Artist] = []
    for index, entry in enumerate(strip.entries):
        row, column = divmod(index, strip.columns)
        x = start + column * strip.column_pitch
        y = axes.bottom + axes.height + (0.8 + (strip.rows - 1 - row) * _ROW_HEIGHT) * size
        if entry.key is not None:
            artists.append(_build_handle(trace_lines[entry.key], (x, x + _HANDLE_LENGTH * size), y, points))
        label = Text(
            x + (_HANDLE_LENGTH + _HANDLE_GAP) * size,
            y,
            entry.label,
            va="center_baseline",
            fontsize=size,
            color=options["colour"],
            transform=points,
            **text_layout.PLAIN_TEXT,
        )
        artists.append(label)
    for artist in artists:
        figure.add_artist(artist)
    return artists


def _build_handle(line: Line2D, span: tuple[float, float], y: float, points: Transform) -> Line2D:
    middle = (span[0] + span[1]) / 2.0
    sample = Line2D([span[0], middle, span[1]], [y, y, y], transform=points)
    sample.update_from(line)
    sample.set(animated=False, transform=points, clip_path=None, clip_box=None)
    sample.set(markevery=[1] if line.get_markevery() is None else [])
    return sample
