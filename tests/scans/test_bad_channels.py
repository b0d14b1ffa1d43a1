"""Bad channels of a fluorescence detector: each fault is found and named, and good channels are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.channels import judge_channels
from xafs_workers.scans.detectors import ChannelSelection, find_fluorescence_channels

Array = np.ndarray[Any, np.dtype[np.float64]]
CONFIG = BoardConfig()


@pytest.fixture(scope="module")
def signals(measured: Path) -> list[Array]:
    """Return the signals of the four channels in each of five measured runs, divided by I0."""
    found: list[Array] = []
    for run in fold(stamp_entries(read_entries(measured / "cr2o3_fluo.jsonl"))).runs.values():
        columns = find_fluorescence_channels(run, CONFIG, ChannelSelection()).columns
        rows = np.array([spectra.compute_ratio(run, CONFIG, column, CONFIG.columns.i0) for column in columns])
        found.append(rows[:, np.isfinite(rows).all(axis=0)])
    return found


def clip(fraction: float) -> Callable[[Array], Array]:
    return lambda y: np.minimum(y, fraction * np.percentile(y, 99.5))


def lose_counts(y: Array) -> Array:
    return np.where(np.arange(len(y)) < 0.7 * len(y), y, 0.5 * y)


FAULTS: list[tuple[str, Callable[[Array], Array], str]] = [
    ("as measured", lambda y: y, ""),
    ("clipped at 95 %", clip(0.95), ""),
    ("clipped at 85 %", clip(0.85), "clipped"),
    ("clipped at 70 %", clip(0.70), "clipped"),
    ("half the counts", lose_counts, "different in shape"),
    ("no edge", lambda y: np.median(y) * np.linspace(1.0, 0.9, len(y)), "saturated, or set to another line"),
    ("gain 0.3", lambda y: 0.3 * y, "weak"),
    ("gain 2.5", lambda y: 2.5 * y, "too strong"),
    ("gain 0.04", lambda y: 0.04 * y, "dead"),
    ("dead time", lambda y: y * (1.0 - 0.1 * y / y.max()), ""),
    ("jump of 5 %", lambda y: np.where(np.arange(len(y)) < 0.5 * len(y), y, 1.05 * y), ""),
]


@pytest.mark.parametrize(("name", "spoil", "state"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_each_fault_of_one_channel_is_named(
    name: str, spoil: Callable[[Array], Array], state: str, signals: list[Array]
) -> None:
    for rows in signals:
        for at in range(len(rows)):
            spoiled = rows.copy()
            spoiled[at] = spoil(rows[at])
            assert judge_channels(spoiled) == tuple(state if one == at else "" for one in range(len(rows)))


def test_plain_noise_names_no_channel() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        energy = np.linspace(-200.0, 600.0, rng.integers(120, 600))
        mu = 0.1 + (0.5 + np.arctan(energy / 2.0) / np.pi) * rng.uniform(0.05, 1.0)
        gains = rng.uniform(0.7, 1.3, rng.integers(3, 8))
        counts = rng.poisson(10 ** rng.uniform(2.5, 6.0) * gains[:, None] * mu[None])
        assert not any(judge_channels(counts.astype(float)))
