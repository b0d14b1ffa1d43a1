"""Absorption spectra: energy and mu(E) of one run, for a mode of measurement."""

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
"""Detectors by mode, for the modes whose signal is a sum of fluorescence channels."""


FORMULAS = {
    "reference": spectra.compute_reference,
    "yield": spectra.compute_electron_yield,
    "pips": spectra.compute_diode_fluorescence,
}
"""Formulas by mode of the other signals; those of all other modes are transmission."""


@dataclass(frozen=True, slots=True)
class Absorber:
    """Absorbing element, its edge, and the mode of measurement.

    Attributes
    ----------
    mode
        Canonical name of the mode; in mode ``test`` nothing is reduced.
    """

    element: str
    edge: str
    mode: str
    fluo_detector: str | None = None

    @property
    def channel_selection(self) -> ChannelSelection:
        """The selection of the fluorescence channels."""
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
        Generation of the run's points; together with the uid it identifies the content.
    energy
        Energies, eV, shape (n,).
    mu, i0
        Absorption and incident intensity, shape (n,); NaN is a gap.
    """

    uid: str
    label: str
    generation: int
    energy: Array
    mu: Array
    i0: Array


def compute_absorption(run: Run, config: BoardConfig, absorber: Absorber, label: str = "") -> Spectrum:
    """Compute the absorption spectrum of a run.

    Raises
    ------
    MissingColumnError
        A data key of the signal is missing.
    NoChannelsError
        The channels to be summed are not known.
    """
    points, columns = run.points, config.columns
    energy = spectra.get_column(points, columns.energy)
    i0 = spectra.get_column(points, columns.i0)
    return Spectrum(run.uid, label, points.generation, energy, _compute_signal(run, config, absorber), i0)


def _compute_signal(run: Run, config: BoardConfig, absorber: Absorber) -> Array:
    if absorber.is_fluorescence:
        return compute_run_fluorescence(run, config, absorber.channel_selection)
    formula = FORMULAS.get(absorber.mode, spectra.compute_transmission)
    return formula(run.points, config.columns)
