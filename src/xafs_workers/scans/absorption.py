"""Absorption spectra: energy and mu(E) of one run, for a mode of measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence, find_fluorescence_channels
from xafs_workers.scans.energy_axis import compute_energy
from xafs_workers.scans.named_edge import NamedEdge
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
    number
        Number of the repetition.
    dwell
        Dwell time of each point, s, shape (n,); None if it was not recorded.
    reference
        Absorption of the reference sample, shape (n,); None if it was not measured.
    planned
        Number of points that the run promised, 0 for none.
    channels
        Data keys of the fluorescence channels that are summed; empty for other signals.
    """

    uid: str
    label: str
    generation: int
    energy: Array
    mu: Array
    i0: Array
    number: int = 1
    dwell: Array | None = None
    reference: Array | None = None
    planned: int = 0
    channels: tuple[str, ...] = ()


def compute_absorption(run: Run, config: BoardConfig, absorber: Absorber, number: int = 1) -> Spectrum:
    """Compute the absorption spectrum of a run, which is the repetition of this number.

    Raises
    ------
    MissingColumnError
        A data key of the signal is missing.
    NoChannelsError
        The channels to be summed are not known.
    """
    points, columns = run.points, config.columns
    energy = compute_energy(run, config, NamedEdge(absorber.element, absorber.edge))
    i0 = spectra.get_column(points, columns.i0)
    planned = run.start.get("num_points")
    return Spectrum(
        run.uid,
        f"scan {number}",
        points.generation,
        energy,
        _compute_signal(run, config, absorber),
        i0,
        number,
        _find_signal(lambda: spectra.get_dwell_time(run, config)),
        None if absorber.mode == "reference" else _find_signal(lambda: spectra.compute_reference(run, config)),
        planned if isinstance(planned, int) else 0,
        _list_channels(run, config, absorber),
    )


def _list_channels(run: Run, config: BoardConfig, absorber: Absorber) -> tuple[str, ...]:
    if not absorber.is_fluorescence:
        return ()
    return find_fluorescence_channels(run, config, absorber.channel_selection).columns


def _find_signal(compute: Callable[[], Array]) -> Array | None:
    """Compute a signal that a run may lack; None if it does."""
    try:
        return compute()
    except spectra.MissingColumnError:
        return None


def _compute_signal(run: Run, config: BoardConfig, absorber: Absorber) -> Array:
    if absorber.is_fluorescence:
        return compute_run_fluorescence(run, config, absorber.channel_selection)
    formula = FORMULAS.get(absorber.mode, spectra.compute_transmission)
    return formula(run, config)
