"""Data classes of figures. They are few on purpose: the set of plots is curated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A curve or a set of points.

    Attributes
    ----------
    key
        Stable name of the trace inside its panel: the renderer updates what it drew under the same key.
    x, y
        Float arrays of one length; NaN is a gap. Arrays are never changed in place: an unchanged trace
        has the same array objects, so a renderer compares them with `is`.
    label
        Legend entry, '' for none.
    series
        Position in the colour and line-style cycle; repetitions differ by both.
    style
        ``line``, ``points`` (markers only) or ``both``.
    is_faded
        Whether the trace is drawn thin and grey: an earlier one of many.
    legend_label
        Legend entry where it differs from the label; '' where the entry of the trace before names this one as well.
    """

    key: str
    x: Array
    y: Array
    label: str = ""
    series: int = 0
    style: Literal["line", "points", "both"] = "line"
    is_faded: bool = False
    legend_label: str | None = None

    @property
    def entry(self) -> str:
        """Legend entry of the trace, '' for none of its own."""
        return self.label if self.legend_label is None else self.legend_label


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A map on a grid.

    Attributes
    ----------
    x, y
        Positions of the columns and rows, 1-D, ascending or descending.
    z
        Values, shape (len(y), len(x)); NaN where not measured.
    label
        Label of the colour bar.
    is_contour
        True for filled contours in place of pixels.
    """

    key: str
    x: Array
    y: Array
    z: Array
    label: str = ""
    is_contour: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked position, such as the result of an alignment."""

    key: str
    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line, such as an emission energy.

    Attributes
    ----------
    is_moving
        Whether it may move with each point: it is then drawn over the curves, which need not be drawn again.
    """

    key: str
    x: float
    label: str = ""
    is_moving: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A note inside a panel, at axes fractions (0 to 1)."""

    key: str
    text: str
    x: float = 0.5
    y: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    row, column, row_span, column_span
        Position and size in the figure's grid.
    x_name, y_name
        Machine names of the axes (a motor, ``energy``), '' for none.
    x_range
        Range of x that the running measurement is to cover, None where it is not known; only a live view shows it.
    legend
        ``full`` or ``none``.
    y_scale
        ``log`` for a logarithmic axis; every y in the panel is then above zero, or NaN.
    is_to_scale
        Whether a millimetre is as long on both axes; only of a map whose axes would not become too narrow.
    has_warning
        True if the background is coloured, because the data may be wrong; a text in the panel states why.
    """

    key: str
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    row: int = 0
    column: int = 0
    row_span: int = 1
    column_span: int = 1
    traces: tuple[Trace, ...] = ()
    meshes: tuple[Mesh, ...] = ()
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()
    texts: tuple[Text, ...] = ()
    legend: Literal["full", "none"] = "none"
    y_inverted: bool = False
    y_scale: Literal["linear", "log"] = "linear"
    has_warning: bool = False
    is_to_scale: bool = False
    x_name: str = ""
    y_name: str = ""
    x_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One window, tab or picture.

    Attributes
    ----------
    id
        Identifier of the figure, stable as long as the figure exists.
    kind
        Kind of the scan that the figure shows.
    rows, columns
        Size of the grid of panels.
    width, height
        Size of a picture of the figure, inches.
    reading_order
        Keys of all panels in the order in which they fill a grid of another shape; empty where the grid is fixed.
    is_finished
        Whether the measurement has ended, so that limits need no headroom.
    caption
        Of what the figure is: sample or file, date and time, short uid.
    beside
        Figure that a wide window shows beside this one; None for none. A picture is without it.
    split
        Number of columns of the left half, where the right half is the figure beside it; 0 where there is no such half.
    """

    id: str
    kind: str
    title: str
    panels: tuple[Panel, ...]
    rows: int = 1
    columns: int = 1
    width: float = 8.0
    height: float = 6.0
    reading_order: tuple[str, ...] = ()
    is_finished: bool = False
    caption: str = ""
    beside: Figure | None = None
    split: int = 0

    def get_panel(self, key: str) -> Panel:
        """Return the panel with this key.

        Raises
        ------
        KeyError
            The figure has no such panel.
        """
        for panel in self.panels:
            if panel.key == key:
                return panel
        raise KeyError(key)
