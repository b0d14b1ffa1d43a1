"""Made-up repetitions of one spectrum (Fe K, edge step 1, noise 2e-4), to which faults of measured data are added."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xafs_workers.reduction.preparation import Member

E0 = 7112.0


def make_energies() -> np.ndarray:
    wavenumbers = np.arange(2.6, 13.0, 0.05)
    return np.concatenate(
        [np.arange(E0 - 150, E0 - 25, 5.0), np.arange(E0 - 25, E0 + 25, 0.5), E0 + 3.81 * wavenumbers**2]
    )


def compute_mu(energy: np.ndarray) -> np.ndarray:
    k = np.sqrt(np.clip(energy - E0, 0.0, None) / 3.81)
    wave = 0.9 * np.sin(4.6 * k + 1) * np.exp(-0.012 * k**2) / np.maximum(5.3 * k, 1.0) * (1 - np.exp(-k))
    rise = 0.5 + np.arctan((energy - E0) / 1.5) / np.pi
    return 0.4 + rise * (1 + np.where(k < 0.5, 0.0, wave)) - 1e-4 * (energy - E0)


def make_member(number: int, noise: float = 2e-4, shift: float = 0.0, reference_shift: float | None = None) -> Member:
    """Return a repetition whose edge, and that of its reference if it has one, are shifted, eV."""
    rng = np.random.default_rng(number)
    energy = make_energies()
    reference = None
    if reference_shift is not None:
        foil = 2.0 * (0.5 + np.arctan((energy - E0 - reference_shift) / 1.2) / np.pi)
        reference = foil + rng.normal(0, 2e-4, len(energy))
    mu = compute_mu(energy - shift) + rng.normal(0, noise, len(energy))
    return Member(f"run {number}", number, energy, mu, np.full(len(energy), 100.0), reference=reference)


def change_mu(member: Member, places: object, values: object) -> Member:
    """Return the repetition with other values of mu at some points."""
    mu = member.mu.copy()
    mu[places] = values  # type: ignore[index]
    return replace(member, mu=mu)
