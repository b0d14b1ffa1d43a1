"""Runs with the fluorescence spectra of every detector."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.figures import make_run
from helpers.streams import Entry
from xafs_workers.figures.model import Array

BINS = 1500
FE = {"Element": {"symbol": "Fe", "edge": "K"}, "Sample": {"name": "Fe2O3"}}
CHANNELS = {"1-element SDD": [8], "4-element SDD": [1, 2, 3, 4], "7-element SDD": [1, 2, 3, 4, 5, 6, 7]}


def make_counts(channel: int, point: int = 0) -> list[int]:
    return [channel * 1000 + point * 100 + n % 50 for n in range(BINS)]


def make_spectrum_columns(detector: str, points: int = 1) -> dict[str, Any]:
    if detector == "Dante":
        return {"dante-1_image": [[[make_counts(c, p) for c in range(1, 9)]] for p in range(points)]}
    return {f"{detector}_channel0{c}_xrf": [make_counts(c, p) for p in range(points)] for c in CHANNELS[detector]}


def list_channels(detector: str) -> list[int]:
    return CHANNELS.get(detector, list(range(1, 8)))


DETECTORS = ["1-element SDD", "4-element SDD", "7-element SDD", "Dante"]


def make_counted_run(detector: str, xdi: dict[str, Any] | None = None) -> list[Entry]:
    return make_run({**make_spectrum_columns(detector), "I0": [1.0]}, start={"XDI": FE if xdi is None else xdi})


def assert_shows_counts(trace: Any, counts: Array, first: float) -> None:
    start = round(first / 10)
    np.testing.assert_array_equal(trace.y, counts[start : start + len(trace.y)])
    np.testing.assert_array_equal(trace.x, np.arange(start, start + len(trace.y)) * 10.0)


ENERGIES = [7000.0, 7050.0, 7100.0, 7150.0, 7200.0]


def make_scan_with_spectra(detector: str) -> list[Entry]:
    data = {"dcm_energy": ENERGIES, **make_spectrum_columns(detector, len(ENERGIES))}
    return make_run(data, "xafs xs", start={"XDI": FE, "BMM_kafka": {"filename": "hematite"}})
