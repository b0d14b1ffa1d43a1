"""Advice on the number of repetitions, from the noise of their merge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice on the number of repetitions of a sequence.

    Attributes
    ----------
    repetitions
        Number of merged repetitions.
    noise
        epsilon_k of their merge; None if it is not known.
    target
        Noise that is asked for; None for none.
    more
        Estimated number of further repetitions that reach the target, 0 if it is reached; None if it is not known.
    open_question
        Reason why no number is given although the noise is known: the repetitions disagree, or differ by more than
        their noise. '' for none.
    """

    repetitions: int
    noise: float | None
    target: float | None
    more: int | None
    open_question: str

    @property
    def is_enough(self) -> bool:
        """Whether the target is reached and no question is open."""
        return self.more == 0

    def __str__(self) -> str:
        """Format the advice as one line, '' for none."""
        if self.noise is None:
            return ""
        value = format_noise(self.noise)
        if self.repetitions < 2:
            return f"noise about {format_noise(self.noise, digits=0)} (estimated)"
        said = f"noise {value} ({self.repetitions} repetitions)"
        if self.open_question:
            return f"{said}: {self.open_question}"
        if self.more is None:
            return said
        return f"{said}: about {self.more} more" if self.more else f"{said}: enough"


def build_advice(values: Mapping[str, Any], target: float | None) -> Advice:
    """Build the advice from the results of a merge.

    The noise falls as 1/sqrt(n), so n ((noise/target)^2 - 1) more repetitions reach the target.
    """
    count = sum(one["state"] == "merged" for one in values.get("members", ()))
    noise = values.get("epsilon_k")
    question = _find_open_question(values)
    if noise is None or not math.isfinite(noise):
        return Advice(count, None, target, None, question)
    known = target is not None and not question and count > 1
    more = max(0, math.ceil(count * ((noise / target) ** 2 - 1) - 1e-9)) if known and target is not None else None
    return Advice(count, float(noise), target, more, question)


def format_noise(noise: float, digits: int = 1) -> str:
    """Format a noise with few digits, as 1.2e-3."""
    mantissa, _, exponent = f"{noise:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _find_open_question(values: Mapping[str, Any]) -> str:
    if values.get("disagreement"):
        return "the repetitions disagree"
    if values.get("has_excess_scatter"):
        return "differ by more than their noise: more will not help"
    return ""
