"""Advice on the number of repetitions, from the noise of their merge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EXCESS_NOISE_FACTOR = 1.5
"""Ratio of measured to expected noise above which the noise does not fall as 1/sqrt(n)."""

MIN_REPETITIONS = 4
"""Smallest number of repetitions for which the fall of the noise is judged."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of the merges of the first 1, 2, ... repetitions.

    Attributes
    ----------
    measured
        Noise epsilon_k of each merge, NaN where it is not known.
    """

    measured: tuple[float, ...]

    @property
    def expected(self) -> tuple[float, ...]:
        """Noise that counting statistics predict from the first repetition: it falls as 1/sqrt(n)."""
        first = self.measured[0] if self.measured else math.nan
        return tuple(first / math.sqrt(n) for n in range(1, len(self.measured) + 1))

    @property
    def is_excessive(self) -> bool:
        """Whether the latest noise is far above the expected one, so that it has another cause than counting."""
        n = len(self.measured)
        return n >= MIN_REPETITIONS and self.measured[-1] > EXCESS_NOISE_FACTOR * self.expected[-1]

    def estimate_remaining_repetitions(self, target: float) -> int | None:
        """Estimate how many more repetitions reach a target noise; 0 if it is reached, None if it is not known."""
        if not self.measured or not math.isfinite(self.measured[-1]) or self.measured[-1] <= 0:
            return None
        n = len(self.measured)
        return max(0, math.ceil(n * (self.measured[-1] / target) ** 2) - n)


def format_advice(measured: Sequence[float], target: float | None) -> str:
    """Format the advice as one short line, '' for none."""
    noise = Noise(tuple(measured))
    if target is None or (more := noise.estimate_remaining_repetitions(target)) is None:
        return ""
    value = f"ε(k) {noise.measured[-1]:.2g}"
    if not more:
        return f"{value}: enough"
    if noise.is_excessive:
        return f"{value}: no longer falls as 1/√N"
    return f"{value}: about {more} more"
