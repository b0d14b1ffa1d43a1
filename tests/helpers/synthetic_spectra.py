"""Made-up absorption spectra with a known edge and known oscillations."""

from __future__ import annotations

import numpy as np

from xafs_workers.elements import find_edge_energy


def make_spectrum(
    element: str, edge: str, *, above: float = 800.0, below: float = 200.0, step: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return energy and mu of an edge with a step of 1 and one shell at 2 Å."""
    table = find_edge_energy(element, edge)
    assert table is not None
    fine = np.concatenate([np.arange(-below, -30.0, 10.0), np.arange(-30.0, 30.0, 0.5)])
    wavenumbers = np.arange(np.sqrt(30.0 * 0.262468), np.sqrt(above * 0.262468), 0.05)
    energy = table + np.concatenate([fine, wavenumbers**2 / 0.262468])
    k = np.sqrt(np.clip(energy - table, 0.0, None) * 0.262468)
    chi = 0.4 * np.sin(4.0 * k) * np.exp(-0.01 * k**2) / np.maximum(k, 1.0)
    rise = 0.5 + np.arctan((energy - table) / 1.5) / np.pi
    return energy, step * rise * (1.0 + chi) + 0.3 - 1e-4 * (energy - table)
