"""Judgement of compared repetitions: which are left out, which differ, and whether the edge moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.reduction.comparison import Fit

MIN_SHIFT, SHIFT_SIGMAS = 0.10, 5.0
"""Smallest shift that is noted, eV, and its smallest ratio to sigma."""

MAX_STEP_CHANGE = 0.10
"""Largest relative change of the edge step that is not noted."""

TREND_REPETITIONS, TREND_SIGMAS = 4, 4.0
"""Smallest number of repetitions for a trend, and the smallest ratio of its slope to its standard error."""

MIN_DRIFT, MIN_WHITE_LINE_TREND = 0.10, 0.02
"""Smallest change over all repetitions that is a trend: of the edge, eV, and of the white line, in edge steps."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Verdict on compared repetitions.

    Attributes
    ----------
    reasons
        Reason why each repetition is left out, '' for none.
    disagreement
        What they differ by where the comparison cannot decide which of them is right, '' for none.
    """

    reasons: tuple[str, ...]
    disagreement: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through a value of each repetition; `slope` and `error` are changes a repetition."""

    slope: float
    error: float
    total: float


def judge_fits(fits: Sequence[Fit | None]) -> Verdict:
    """Judge which repetitions are left out.

    If more than half would be left out, none is: they disagree. Of two, the second is left out if it is lost; another
    shape cannot be attributed to either.
    """
    reasons = tuple("" if fit is None else _describe_fault(fit) for fit in fits)
    out = [fit for fit, reason in zip(fits, reasons, strict=True) if fit is not None and reason]
    if len(fits) == 2 and out and not out[0].is_lost:
        return Verdict(("", ""), _describe_shape(out[0]))
    if len(fits) > 2 and 2 * len(out) > len(fits):
        worst = max(out, key=lambda fit: fit.shape)
        lost = max(out, key=lambda fit: abs(fit.shift))
        return Verdict(("",) * len(fits), f"edge {lost.shift:+.1f} eV" if lost.is_lost else _describe_shape(worst))
    return Verdict(reasons)


def has_moved(shift: float, sigma: float) -> bool:
    """Check whether a shift against the first repetition, eV, is large and significant enough to be noted."""
    return abs(shift) >= MIN_SHIFT and abs(shift) > SHIFT_SIGMAS * sigma


def find_trend(numbers: Sequence[int], values: Sequence[float], least: float) -> Trend | None:
    """Find a significant trend of a value over the repetitions, None for none.

    Parameters
    ----------
    least
        Smallest change over all repetitions.
    """
    if len(numbers) < TREND_REPETITIONS:
        return None
    from scipy.stats import linregress

    line: Any = linregress(np.asarray(numbers, float), np.asarray(values, float))
    total = float(line.slope) * (max(numbers) - min(numbers))
    if abs(total) < least or abs(line.slope) <= TREND_SIGMAS * line.stderr:
        return None
    return Trend(float(line.slope), float(line.stderr), total)


def _describe_fault(fit: Fit) -> str:
    if fit.is_lost:
        return f"edge {fit.shift:+.1f} eV from the others"
    return _describe_shape(fit) if fit.is_other_spectrum else ""


def _describe_shape(fit: Fit) -> str:
    if fit.scale <= 0:
        return "another shape, upside down"
    return f"another shape, {100 * fit.shape:.0f} % of the edge step"
