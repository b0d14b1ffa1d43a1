"""The absorption spectrum that a mode of measurement asks for: energy and mu(E) of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, np.dtype[np.float64]]

DETECTORS_BY_MODE = {
    "fluorescence": "fluorescence",
    "pilatus": "fluorescence",
    "eiger": "fluorescence",
    "dante": "dante",
}
"""Modes whose signal is a sum of fluorescence channels, and the detector they mean."""


@dataclass(frozen=True, slots=True)
class Absorber:
    """What is measured, and how.

    Attributes
    ----------
    mode
        Canonical; with ``test`` nothing is reduced.
    """

    element: str
    edge: str
    mode: str
    fluo_detector: str | None = None

    @property
    def channel_selection(self) -> ChannelSelection:
        """What it says of the fluorescence."""
        return ChannelSelection(
            "xs1" if self.mode == "xs1" else DETECTORS_BY_MODE[self.mode], self.fluo_detector, self.element
        )

    @property
    def is_fluorescence(self) -> bool:
        """Whether the signal is a sum of fluorescence channels."""
        return self.mode == "xs1" or self.mode in DETECTORS_BY_MODE


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One run's spectrum, as measured: not sorted, with gaps.

    Attributes
    ----------
    generation
        Of the points; with the uid it names the content.
    energy
        eV, shape (n,).
    mu, i0
        Of the same shape; NaN is a gap.
    """

    uid: str
    label: str
    generation: int
    energy: Array
    mu: Array
    i0: Array


def compute_absorption(run: Run, rules: BoardConfig, absorber: Absorber, label: str = "") -> Spectrum:
    """Return the spectrum of a run.

    Raises
    ------
    MissingColumnError
        A data key of the signal is missing.
    NoChannelsError
        It cannot be told which channels to sum.
    """
    points, columns = run.points, rules.columns
    energy = spectra.get_column(points, columns.energy)
    i0 = spectra.get_column(points, columns.i0)
    return Spectrum(run.uid, label, points.generation, energy, _compute_signal(run, rules, absorber), i0)


def _compute_signal(run: Run, rules: BoardConfig, absorber: Absorber) -> Array:
    if absorber.is_fluorescence:
        return compute_run_fluorescence(run, rules, absorber.channel_selection)
    formula = {"reference": spectra.compute_reference, "yield": spectra.compute_electron_yield}.get(
        absorber.mode, spectra.compute_transmission
    )
    return formula(run.points, rules.columns)
