"""Beam on one sample: signals of the ion chambers and the fluorescence detector at an energy, with counting noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import erf, exp, log, sin, sqrt, tan
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from xafs_workers.simulation.paths import Array
from xafs_workers.simulation.samples import REFERENCES, Sample
from xafs_workers.simulation.spectra import (
    RESOLUTION,
    compute_edge_position,
    compute_mu_background,
    compute_mu_edge,
    compute_mu_t,
)

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

ELEMENTARY_CHARGE = 1.602177e-10  # nA s
PAIR_ENERGY = 34.8  # eV for an ion pair in nitrogen (xraydb.ionization_potential)
ELECTROMETER_NOISE = 2e-4  # standard deviation of an electrometer's charge, nA s in 1 s; grows as sqrt(dwell)

IT_RESPONSE = 0.85  # It/I0 without a sample
IR_RESPONSE = 0.70  # Ir/It without a foil
YIELD_RESPONSE = 0.02  # Iy/I0 for mu t = 1
FLUORESCENCE_COUNTS = 400.0  # counts of all channels for 1 nA s, 200 eV above the edge: the usual load of the detector
SCATTERING = 0.004  # background in the windows: the share of photons that other absorption sends into them
HOLDER_LEAK = 1e-4  # transmission of the sample holder
HOLDER_SCATTER = 0.01  # scattering of the holder into the fluorescence windows, as part of the sample's signal

DRIFT_AMPLITUDE = 0.01  # relative amplitude of I0's drift
DRIFT_TIME = 900.0  # its time, s of dwell

SI111 = 3.1356  # lattice spacing, Å
HC = 12398.42  # eV Å


class Reading(TypedDict):
    """Signals of one measured point: charges, nA s (current times dwell time), and counts in each channel's window."""

    I0: float
    It: float
    Ir: float
    Iy: float
    counts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """Opening of a sample holder, mm; `blur` is the standard deviation of the beam's profile in x and y."""

    centre: tuple[float, float] = (0.0, 0.0)
    width: float = 12.0
    height: float = 3.5
    blur: tuple[float, float] = (0.8, 0.25)

    def compute_transmission(self, position: tuple[float, float]) -> float:
        """Compute the part of the beam, 0 to 1, that passes the slot with the stage at a position (x, y), mm."""
        x, y = position[0] - self.centre[0], position[1] - self.centre[1]
        return _compute_passing_fraction(x, self.width, self.blur[0]) * _compute_passing_fraction(
            y, self.height, self.blur[1]
        )


class Beam:
    """Beam on one mounted sample; the same seed and the same reads give the same numbers.

    Parameters
    ----------
    sample
        The measured sample; its reference foil is behind the ion chamber It.
    seed
        Seed of the noise, one number or several.
    flux
        I0 at the sample's edge, nA.
    channels
        Numbers of the fluorescence detector's channels; a channel's solid angle depends on its number alone.
    slot
        The holder's opening; None for a sample without a holder.
    noise
        Whether readings have counting noise; without it each reading is its expected value.
    """

    def __init__(
        self,
        sample: Sample,
        seed: int | Sequence[int] = 0,
        *,
        flux: float = 100.0,
        channels: Sequence[int] = (1, 2, 3, 4),
        slot: Slot | None = Slot(),
        noise: bool = True,
    ):
        if sample.reference not in REFERENCES:
            raise ValueError(
                f"{sample.name}: unknown reference foil {sample.reference!r} (expected one of {', '.join(REFERENCES)})"
            )
        if flux < 0:
            raise ValueError(f"flux {flux} nA is negative (expected 0 or more)")
        self.sample = sample
        self.channels = tuple(channels)
        self.slot = slot
        self.noise = noise
        self.elapsed = 0.0
        self._random = np.random.default_rng(seed)
        self._edge = compute_edge_position(sample)
        self._scale = flux / _compute_flux_shape(self._edge)
        self._spectra_spline = _build_spectra_spline(sample)
        self._solid_angles = compute_solid_angles(self.channels)

    def read(
        self, energy: float, dwell: float, position: tuple[float, float] = (0.0, 0.0), *, pitch: float = 0.0
    ) -> Reading:
        """Measure one point: dwell time, s, energy, eV, stage position, mm, and pitch offset, mrad, are given.

        The clock of I0's drift advances by the dwell time.
        """
        charges, counts = self._compute_expected(energy, dwell, position, pitch)
        self.elapsed += dwell
        if self.noise:
            charges = charges + self._random.standard_normal(4) * compute_charge_noise(charges, energy, dwell)
            counts = self._random.poisson(counts)
        i0, it, ir, iy = charges.tolist()
        return Reading(I0=i0, It=it, Ir=ir, Iy=iy, counts=tuple(map(float, counts)))

    def compute_i0(self, energy: float) -> float:
        """Compute the present current of the first ion chamber, nA, at an energy, eV, without noise."""
        drift = 1.0 + DRIFT_AMPLITUDE * sin(self.elapsed / DRIFT_TIME)
        return self._scale * _compute_flux_shape(energy) * drift * compute_glitch_factor(energy)

    def compute_rocking_factor(self, pitch_offset: float) -> float:
        """Compute I0, relative to its maximum, for a pitch offset of the second crystal, mrad.

        A Gaussian of sqrt(2) times the width of a Si(111) reflection, dE/E tan(theta): 0.05 mrad wide at 8 keV.
        """
        sine = HC / (2.0 * SI111 * self._edge)
        width = 1e3 * sqrt(2.0) * RESOLUTION * tan(np.arcsin(sine))
        return exp(-4.0 * log(2.0) * (pitch_offset / width) ** 2)

    def _compute_expected(
        self, energy: float, dwell: float, position: tuple[float, float], pitch: float
    ) -> tuple[Array, Array]:
        if dwell <= 0:
            raise ValueError(f"dwell time {dwell} s is not positive (expected more than 0)")
        passed = 1.0 if self.slot is None else self.slot.compute_transmission(position)
        total, foil, counts, electrons = self._interpolate_signals(energy)
        i0 = self.compute_i0(energy) * dwell * self.compute_rocking_factor(pitch)
        it = i0 * IT_RESPONSE * exp(-total) * (passed + (1.0 - passed) * HOLDER_LEAK)
        ir = it * IR_RESPONSE * exp(-foil)
        iy = i0 * YIELD_RESPONSE * electrons * passed
        fluorescence = i0 * counts * (passed + (1.0 - passed) * HOLDER_SCATTER)
        return np.array([i0, it, ir, iy]), fluorescence * self._solid_angles

    def _interpolate_signals(self, energy: float) -> Array:
        """Interpolate mu t of sample and foil, counts per nA s and electron yield at an energy, shape (4,)."""
        if self._spectra_spline.x[0] <= energy <= self._spectra_spline.x[-1]:
            return self._spectra_spline(energy)
        return _compute_spectra(self.sample, np.array([energy]))[0]


def compute_charge_noise(charge: Array, energy: float, dwell: float) -> Array:
    """Compute the standard deviation of the ion chambers' charges, nA s, same shape as charge.

    An absorbed photon makes energy / 34.8 eV ion pairs, so 1 nA s is 2.7e7 photons of 8 keV, counted with Poisson's
    variance; the electrometer adds its own noise, independent of the charge.
    """
    photon = ELEMENTARY_CHARGE * energy / PAIR_ENERGY
    return np.sqrt(np.abs(charge) * photon + ELECTROMETER_NOISE**2 * dwell)


def compute_solid_angles(channels: Sequence[int]) -> Array:
    """Compute each channel's share of the solid angle, shape (channels,), sum 1, within 20 % around their mean."""
    sizes = 1.0 + 0.2 * np.sin(2.4 * np.asarray(channels, dtype=np.float64))
    return sizes / sizes.sum() if len(sizes) else sizes


def compute_glitch_factor(energy: float) -> float:
    """Compute the factor by which monochromator glitches reduce I0 at an energy, eV: 0.97 to 0.99 in one, else 1."""
    centres, depths, widths = generate_glitches()
    return 1.0 - float((depths * np.exp(-0.5 * ((energy - centres) / widths) ** 2)).sum())


@cache
def generate_glitches() -> tuple[Array, Array, Array]:
    """Generate energies, eV, relative depths and widths (standard deviation, eV) of the glitches from 4 to 30 keV.

    The energies are fixed, as those of a real crystal: drawn once, from a seed of their own, about 250 eV apart.
    """
    random = np.random.default_rng(111)
    centres = 4000.0 + np.cumsum(random.uniform(120.0, 380.0, 104))
    return centres, random.uniform(0.01, 0.03, centres.size), random.uniform(1.0, 2.5, centres.size)


def _compute_passing_fraction(offset: float, size: float, blur: float) -> float:
    """Compute the part of a Gaussian beam, at an offset, that passes an opening of the given size around 0."""
    if blur <= 0:
        return float(abs(offset) <= size / 2)
    root = sqrt(2.0) * blur
    return 0.5 * (erf((offset + size / 2) / root) - erf((offset - size / 2) / root))


def _compute_flux_shape(energy: float) -> float:
    """Compute the smooth shape of I0 over energy: air and windows become transparent while the source's flux falls."""
    return (1.0 - exp(-((max(energy, 0.0) / 6500.0) ** 2))) * exp(-energy / 60000.0)


def _compute_spectra(sample: Sample, energy: Array) -> Array:
    """Compute mu t of sample and foil, counts per nA s, electron yield, shape (n, 4), at energies, shape (n,)."""
    near = _compute_fluorescence(sample, np.array([compute_edge_position(sample) + 200.0]))
    edge, rest = compute_mu_edge(sample, energy), compute_mu_background(sample, energy)
    foil = compute_mu_t(REFERENCES[sample.reference], energy)
    counts = FLUORESCENCE_COUNTS * _compute_fluorescence(sample, energy) / near
    return np.stack([edge + rest, foil, counts, edge + 0.5 * rest], axis=-1)


def _compute_fluorescence(sample: Sample, energy: Array) -> Array:
    """Compute the fluorescence that leaves a sample at 45 degrees, relative to full absorption.

    This is the part of the beam that the edge absorbs, less the part of the line that the sample absorbs on its way
    out (self-absorption; Tröger et al., Phys. Rev. B 46, 3283 (1992)): it flattens the spectra of concentrated samples.
    """
    edge, rest = compute_mu_edge(sample, energy), compute_mu_background(sample, energy)
    both = edge + rest + compute_mu_t(sample, np.array([_find_line_energy(sample)]))[0]
    return (edge + SCATTERING * rest) * -np.expm1(-sqrt(2.0) * both) / both


@cache
def _find_line_energy(sample: Sample) -> float:
    import xraydb

    name = {"K": "Ka1", "L3": "La1"}.get(sample.edge)
    line = xraydb.xray_line(sample.element, name) if name else None
    if line is None:
        raise ValueError(f"{sample.name}: no fluorescence line known for the {sample.edge} edge of {sample.element}")
    return float(line.energy)


@cache
def _build_spectra_spline(sample: Sample) -> CubicSpline:
    """Build a spline of the spectra over energy, from 1 keV below the edge to 2.5 keV above, finer near both edges."""
    from scipy.interpolate import CubicSpline

    edges = np.array([compute_edge_position(sample), compute_edge_position(REFERENCES[sample.reference])])
    coarse = np.arange(edges[0] - 1000.0, edges[0] + 2500.0, 1.0)
    fine = [np.arange(edge - 40.0, edge + 80.0, 0.1) for edge in edges]
    energy = np.unique(np.concatenate([coarse, *fine]).round(3))
    energy = energy[(energy >= coarse[0]) & (energy <= coarse[-1])]
    return CubicSpline(energy, _compute_spectra(sample, energy))
