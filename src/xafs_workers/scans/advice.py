"""How many repetitions more: the noise of the merge against their number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EXCESS_NOISE_FACTOR = 1.5
"""Noise so many times what is expected from the first repetition does not fall as it should."""

MIN_REPETITIONS = 4
"""Repetitions from which on the fall of the noise is judged."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of the merges of the first 1, 2, ... repetitions.

    Attributes
    ----------
    measured
        epsilon_k, NaN where it is not known.
    """

    measured: tuple[float, ...]

    @property
    def expected(self) -> tuple[float, ...]:
        """What counting statistics would make of the first repetition's noise: it falls as 1/sqrt(n)."""
        first = self.measured[0] if self.measured else math.nan
        return tuple(first / math.sqrt(n) for n in range(1, len(self.measured) + 1))

    @property
    def is_excessive(self) -> bool:
        """Whether the latest is far above what is expected: something but counting makes it."""
        n = len(self.measured)
        return n >= MIN_REPETITIONS and self.measured[-1] > EXCESS_NOISE_FACTOR * self.expected[-1]

    def estimate_remaining_repetitions(self, target: float) -> int | None:
        """Return about how many repetitions more reach a noise, 0 where it is reached, None where nothing tells."""
        if not self.measured or not math.isfinite(self.measured[-1]) or self.measured[-1] <= 0:
            return None
        n = len(self.measured)
        return max(0, math.ceil(n * (self.measured[-1] / target) ** 2) - n)


def format_advice(measured: Sequence[float], target: float | None) -> str:
    """Return one unobtrusive line, '' where there is nothing to say."""
    noise = Noise(tuple(measured))
    if target is None or (more := noise.estimate_remaining_repetitions(target)) is None:
        return ""
    said = f"ε(k) {noise.measured[-1]:.2g}"
    if not more:
        return f"{said}: enough"
    if noise.is_excessive:
        return f"{said}: no longer falls as 1/√N"
    return f"{said}: about {more} more"
