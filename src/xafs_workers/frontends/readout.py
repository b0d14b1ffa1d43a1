"""Read-out of the data under the cursor, as text."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, sqrt

import numpy as np

from xafs_workers.elements import K_SQUARED_PER_EV
from xafs_workers.figures.model import Mesh, Panel
from xafs_workers.scans.scan import Scan

ENERGY_AXIS = "energy"
"""Machine name of an energy axis."""


def compute_wavenumber(energy: float, e0: float) -> float | None:
    """Compute the wavenumber of the photoelectron in 1/Å, None below the edge."""
    above = energy - e0
    return sqrt(K_SQUARED_PER_EV * above) if above >= 0 else None


def format_scan_readout(
    scan: Scan | None, panel: Panel, x: float, y: float, find_edge_energy: Callable[[str, str], float | None]
) -> str:
    """Format the read-out for a position in a panel of a scan, whose start message may name an absorption edge."""
    edge = scan.start.message.named_edge if scan is not None else None
    e0 = find_edge_energy(*edge) if panel.x_name == ENERGY_AXIS and edge else None
    return format_readout(panel, x, y, e0)


def format_readout(panel: Panel, x: float, y: float, e0: float | None = None) -> str:
    """Format the read-out for a position in a panel.

    It contains x and y, over energy also E-E0 and k, on a map also the value of the pixel.

    Parameters
    ----------
    e0
        Tabulated edge energy in eV, for panels over energy; None if it is unknown.
    """
    parts = [f"{panel.x_label or 'x'} {_format_number(x)}"]
    if panel.x_name == ENERGY_AXIS and e0 is not None:
        parts.append(f"E-E0 {x - e0:+.1f} eV")
        k = compute_wavenumber(x, e0)
        if k is not None:
            parts.append(f"k {k:.2f} Å⁻¹")
    parts.append(f"{panel.y_label or 'y'} {_format_number(y)}")
    for mesh in panel.meshes:
        value = find_value(mesh, x, y)
        parts.append(f"{mesh.label or 'value'} {'not measured' if value is None else _format_number(value)}")
    return "    ".join(parts)


def find_value(mesh: Mesh, x: float, y: float) -> float | None:
    """Find the value of the pixel nearest to a position, None if it is not measured."""
    if not mesh.z.size:
        return None
    value = float(mesh.z[np.abs(mesh.y - y).argmin(), np.abs(mesh.x - x).argmin()])
    return value if isfinite(value) else None


def _format_number(value: float) -> str:
    return f"{value:.1f}" if 1000 <= abs(value) < 1e6 else f"{value:.5g}"
