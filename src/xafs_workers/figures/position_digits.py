"""Number of decimals with which positions along a scan are written."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

import numpy as np

from xafs_workers.figures.model import Array

UNKNOWN_DIGITS = 3
"""Decimals of a position where no distance of points is known."""


def count_digits(spacing: float, span: float) -> int:
    """Count the decimals of a position: those of a tenth of the distance of points, or of a thousandth of the range."""
    resolution = max(abs(spacing) / 10.0, abs(span) / 1000.0)
    return max(0, -floor(log10(resolution))) if resolution > 0.0 else UNKNOWN_DIGITS


def format_position(position: float, x: Sequence[float] | Array) -> str:
    """Format a position that was found in points at `x`, shape (n,), in any order."""
    measured = np.asarray(x, dtype=np.float64)
    measured = measured[np.isfinite(measured)]
    span = float(np.ptp(measured)) if measured.size else 0.0
    return f"{position:.{count_digits(span / max(1, measured.size - 1), span)}f}"
