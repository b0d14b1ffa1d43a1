"""What the cursor points at, in words."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from xafs_workers.figures.model import Mesh, Panel

ENERGY = "energy"
"""Machine name of the axis."""

K_OF_ENERGY = 0.262468
"""2m/hbar², 1/(Å² eV): k² = 0.262468 (E - E0)."""


def energy_to_k(energy: float, e0: float) -> float | None:
    """Return the photoelectron's wavenumber, 1/Å, None below the edge."""
    above = energy - e0
    return sqrt(K_OF_ENERGY * above) if above >= 0 else None


def readout(panel: Panel, x: float, y: float, e0: float | None = None) -> str:
    """Return the text for a place in a panel: x, y, over energy also E-E0 and k, on a map also its value.

    Parameters
    ----------
    e0
        Tabulated edge energy, eV, for panels over energy; None where it is not known.
    """
    words = [f"{panel.x_label or 'x'} {_number(x)}"]
    if panel.x_name == ENERGY and e0 is not None:
        words.append(f"E-E0 {x - e0:+.1f} eV")
        k = energy_to_k(x, e0)
        if k is not None:
            words.append(f"k {k:.2f} Å⁻¹")
    words.append(f"{panel.y_label or 'y'} {_number(y)}")
    for mesh in panel.meshes:
        value = value_at(mesh, x, y)
        words.append(f"{mesh.label or 'value'} {'not measured' if value is None else _number(value)}")
    return "    ".join(words)


def value_at(mesh: Mesh, x: float, y: float) -> float | None:
    """Return the value of the pixel nearest to a place, None where it is not measured."""
    if not mesh.z.size:
        return None
    value = float(mesh.z[np.abs(mesh.y - y).argmin(), np.abs(mesh.x - x).argmin()])
    return value if isfinite(value) else None


def _number(value: float) -> str:
    return f"{value:.1f}" if 1000 <= abs(value) < 1e6 else f"{value:.5g}"
