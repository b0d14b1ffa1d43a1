"""Options of a user's view of a figure, the same in the window and in the browser page."""

from __future__ import annotations

from dataclasses import dataclass

PREVIOUS = "previous"
"""Overlay of the scan of the same kind before the one that is shown."""


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Options of a view; the defaults are those of a picture.

    Attributes
    ----------
    has_statistics
        Whether peak, centre of mass, width or middle of a line scan are marked and written.
    overlay
        Scan whose curves are shown thin and grey: `PREVIOUS`, the id of a figure, or '' for none.
    is_log
        Whether y is logarithmic.
    is_derivative
        Whether derivatives are shown in place of curves.
    is_normalized
        Whether mu(E) has an edge step of 1, once the edge is passed.
    separate_channels
        Whether each fluorescence channel is shown in place of their sum.
    """

    has_statistics: bool = True
    overlay: str = ""
    is_log: bool = False
    is_derivative: bool = False
    is_normalized: bool = False
    separate_channels: bool = False
