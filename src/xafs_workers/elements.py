"""Absorption edges and emission lines, from xraydb, loaded on first use; wavenumbers of photoelectrons."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

K_SQUARED_PER_EV = 0.262468
"""2m/hbar² in 1/(Å² eV), so that k² = 0.262468 (E - E0)."""


class EmissionLine(NamedTuple):
    """The strongest emission line that an absorption edge excites.

    Attributes
    ----------
    name
        Name in Siegbahn's notation, with the element: ``Fe Kα``.
    energy
        Energy, eV.
    """

    name: str
    energy: float


_STRONGEST_LINES = {
    "K": ("Kα", ("Ka1", "Ka2")),
    "L3": ("Lα1", ("La1",)),
    "L2": ("Lβ1", ("Lb1",)),
    "L1": ("Lβ3", ("Lb3",)),
}
"""Edge -> (name, xraydb's names). Kα1 is K-L3, Kα2 K-L2, Lα1 L3-M5, Lβ1 L2-M4, Lβ3 L1-M3."""


@cache
def find_edge_energy(element: str, edge: str) -> float | None:
    """Return the tabulated energy of an absorption edge, eV, or None if unknown (xraydb: Elam tables)."""
    import xraydb

    try:
        found = xraydb.xray_edge(element, edge)
    except (ValueError, KeyError):
        return None
    return None if found is None else float(found.energy)


@cache
def find_emission_line(element: str, edge: str) -> EmissionLine | None:
    """Return the strongest line of an edge, None for edges other than K, L1, L2, L3 and for unknown elements.

    Detectors of this kind do not resolve Kα1 from Kα2: Kα is their mean, Kα1 counted twice (it is twice as strong).
    """
    import xraydb

    name, members = _STRONGEST_LINES.get(edge.upper(), ("", ()))
    try:
        lines = xraydb.xray_lines(element) if members else {}
    except (ValueError, KeyError):
        return None
    if not members or any(member not in lines for member in members):
        return None
    energies = [float(lines[member].energy) for member in members]
    energy = (2 * energies[0] + energies[1]) / 3 if len(energies) == 2 else energies[0]
    return EmissionLine(f"{element} {name}", energy)


@cache
def find_atomic_number(element: str) -> int | None:
    """Return the atomic number of an element's symbol, None for an unknown symbol."""
    import xraydb

    try:
        return int(xraydb.atomic_number(element))
    except (ValueError, KeyError):
        return None


@cache
def guess_edge(energy: float) -> tuple[str, str] | None:
    """Guess element and edge from the energy of a rise, eV; None where no edge is near (xraydb)."""
    import xraydb

    element, edge = xraydb.guess_edge(energy)
    return (element, edge) if element and edge else None
