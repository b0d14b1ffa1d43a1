"""Advice how many repetitions a sequence needs."""

from __future__ import annotations

import math

import pytest

from xafs_workers.scans.advice import format_advice


@pytest.mark.parametrize(
    ("measured", "target", "said"),
    [
        ([4e-3, 2.83e-3], 2e-3, "ε(k) 0.0028: about 3 more"),
        ([4e-3, 2.8e-3, 2.3e-3, 2e-3], 2e-3, "ε(k) 0.002: enough"),
        ([4e-3, 3.9e-3, 3.9e-3, 3.9e-3], 2e-3, "ε(k) 0.0039: no longer falls as 1/√N"),
        ([4e-3], None, ""),
        ([math.nan], 1e-3, ""),
        ([], 1e-3, ""),
    ],
)
def test_advice_follows_the_noise(measured: list[float], target: float | None, said: str) -> None:
    assert format_advice(measured, target) == said
