"""Edges that prove a signal: a step is found in noise, and no slope, curve or noise is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xafs_workers.diagnostics.adoption.edge_proof import measure_edge

ENERGY = np.arange(7000.0, 7400.0, 2.0)
EDGE = 7112.0
NOISE = np.random.default_rng(1).normal(0, 0.01, len(ENERGY))


def make_step(height: float) -> Any:
    return height / (1 + np.exp((EDGE - ENERGY) / 2))


@pytest.mark.parametrize("edge", [EDGE, None])
def test_step_in_noise_is_measured(edge: float | None) -> None:
    proof = measure_edge(ENERGY, make_step(0.4) + NOISE, edge)
    assert proof is not None
    assert proof.is_proven
    assert proof.energy == pytest.approx(EDGE, abs=4)
    assert proof.step == pytest.approx(0.4, abs=0.02)
    assert proof.noise == pytest.approx(0.01, rel=0.3)


@pytest.mark.parametrize(
    "signal",
    [
        NOISE,
        make_step(0.03) + NOISE,
        -make_step(0.4) + NOISE,
        1e-3 * (ENERGY - 7000) + NOISE,
        1e-6 * (ENERGY - 6900) ** 2,
        np.ones_like(ENERGY),
        np.log(ENERGY / 7000),
    ],
)
@pytest.mark.parametrize("edge", [EDGE, None])
def test_no_other_signal_is_a_step(signal: Any, edge: float | None) -> None:
    proof = measure_edge(ENERGY, signal, edge)
    assert proof is None or not proof.is_proven


def test_falling_scans_with_gaps_are_measured() -> None:
    signal = (make_step(1.0) + NOISE)[::-1].copy()
    signal[20] = np.nan
    proof = measure_edge(ENERGY[::-1], signal, EDGE)
    assert proof is not None
    assert proof.is_proven


def test_few_points_before_the_edge_prove_nothing() -> None:
    assert measure_edge(ENERGY[52:], make_step(1.0)[52:], EDGE) is None
