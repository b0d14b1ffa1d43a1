"""Advice how many repetitions a sequence needs."""

from __future__ import annotations

import math
from typing import Any

import pytest

from xafs_workers.scans.advice import build_advice


def results(count: int, noise: float | None, **more: Any) -> dict[str, Any]:
    members = [{"state": "merged"}] * count + [{"state": "left out"}]
    return {"members": members, "epsilon_k": noise, **more}


@pytest.mark.parametrize(
    ("values", "target", "said"),
    [
        (results(3, 1.2e-3), 8e-4, "noise 1.2e-3 (3 repetitions): about 4 more"),
        (results(2, 2.83e-3), 2e-3, "noise 2.8e-3 (2 repetitions): about 3 more"),
        (results(4, 2e-3), 2e-3, "noise 2.0e-3 (4 repetitions): enough"),
        (results(3, 1.2e-3), None, "noise 1.2e-3 (3 repetitions)"),
        (results(1, 2.1e-4), 1e-3, "noise about 2e-4 (estimated)"),
        (
            results(3, 1.2e-3, has_excess_scatter=True),
            1e-2,
            "noise 1.2e-3 (3 repetitions): differ by more than their noise: more will not help",
        ),
        (results(2, 1e-5, disagreement="edge"), 1e-3, "noise 1.0e-5 (2 repetitions): the repetitions disagree"),
        (results(3, None), 1e-3, ""),
        (results(3, math.nan), 1e-3, ""),
        ({}, 1e-3, ""),
    ],
)
def test_advice_follows_the_noise(values: dict[str, Any], target: float | None, said: str) -> None:
    assert str(build_advice(values, target)) == said


@pytest.mark.parametrize("open_question", [{"disagreement": "edge"}, {"has_excess_scatter": True}])
def test_an_open_question_is_never_enough(open_question: dict[str, Any]) -> None:
    assert build_advice(results(4, 1e-6), 1e-3).is_enough
    assert not build_advice(results(4, 1e-6, **open_question), 1e-3).is_enough
    assert not build_advice(results(1, 1e-6), 1e-3).is_enough
