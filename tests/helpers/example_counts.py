"""How many examples a Hypothesis test tries that needs more, or fewer, than the usual 100."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100
"""Examples of a test without a number of its own in the profiles `default` and `ci`."""


def scale_examples(count: int) -> int:
    """Scale a number of examples to the profile in use: with `fast`, to a small part of it."""
    return max(1, count * settings().max_examples // USUAL)
