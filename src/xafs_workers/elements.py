"""Absorption edges and emission lines, from xraydb, loaded when first asked for."""

from __future__ import annotations

from functools import cache


@cache
def edge_energy(element: str, edge: str) -> float | None:
    """Return the tabulated energy of an absorption edge, eV, or None where there is none (xraydb: Elam tables)."""
    import xraydb

    try:
        found = xraydb.xray_edge(element, edge)
    except (ValueError, KeyError):
        return None
    return None if found is None else float(found.energy)
