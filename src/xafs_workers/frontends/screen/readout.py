"""What the cursor points at, in words."""

from __future__ import annotations

from math import sqrt

K_OF_ENERGY = 0.262468
"""2m/hbar², 1/(Å² eV): k² = 0.262468 (E - E0)."""


def energy_to_k(energy: float, e0: float) -> float | None:
    """Return the photoelectron's wavenumber, 1/Å, None below the edge."""
    above = energy - e0
    return sqrt(K_OF_ENERGY * above) if above >= 0 else None


def readout(x: float, y: float, *, x_name: str, x_label: str, y_label: str, e0: float | None) -> str:
    """Return the text for a place in a panel.

    Parameters
    ----------
    e0
        Tabulated edge energy, eV, for panels over energy; None where it is not known.
    """
    words = [f"{x_label or 'x'} {_number(x)}"]
    if x_name == "energy" and e0 is not None:
        words.append(f"E-E0 {x - e0:+.1f} eV")
        k = energy_to_k(x, e0)
        if k is not None:
            words.append(f"k {k:.2f} Å⁻¹")
    words.append(f"{y_label or 'y'} {_number(y)}")
    return "    ".join(words)


def _number(value: float) -> str:
    return f"{value:.1f}" if 1000 <= abs(value) < 1e6 else f"{value:.5g}"
