"""Absorption spectra of samples, without noise: tabulated absorption, a broadened edge and fine structure."""

from __future__ import annotations

from functools import cache

import numpy as np

from xafs_workers import elements
from xafs_workers.simulation.paths import Array, compute_chi
from xafs_workers.simulation.samples import Sample

RESOLUTION = 1.33e-4  # dE/E of a Si(111) monochromator
MATRIX = "BN"  # diluent of powder samples
WHITE_LINE_WIDTH = 2.2  # standard deviation, eV
WHITE_LINE_OFFSET = 3.5  # maximum above the edge, eV

_TABLE_OFFSET = 1.0  # distance from the tabulated step at which the tables are read, eV


def compute_edge_position(sample: Sample) -> float:
    """Compute the energy of the sample's edge, eV; ValueError for an element without that edge."""
    found = elements.find_edge_energy(sample.element, sample.edge)
    if found is None:
        raise ValueError(f"{sample.name}: {sample.element} has no {sample.edge} edge in the tables")
    return found + sample.edge_shift


def compute_edge_width(sample: Sample) -> float:
    """Compute the edge's full width at half maximum, eV: core hole (xraydb) and monochromator together.

    This is the width of a Voigt profile: Olivero & Longbothum, J. Quant. Spectrosc. Radiat. Transfer 17, 233 (1977).
    """
    import xraydb

    core = float(np.asarray(xraydb.core_width(sample.element, sample.edge)))
    mono = RESOLUTION * compute_edge_position(sample)
    return 0.5346 * core + float(np.sqrt(0.2166 * core**2 + mono**2))


def compute_sample_chi(sample: Sample, k: Array) -> Array:
    """Compute the sample's chi(k), dimensionless, same shape as k (1/Å).

    The EXAFS equation does not hold near the edge, where its 1/k would diverge: a factor 1 - exp(-(k/2.5)^4) fades it
    out (0.02 at k = 1, 0.87 at k = 3, 1 above k = 4).
    """
    k = np.asarray(k, dtype=np.float64)
    return compute_chi(k, sample.paths) * -np.expm1(-((k / 2.5) ** 4))


def compute_mu_edge(sample: Sample, energy: Array) -> Array:
    """Compute the part of mu t that the edge adds, dimensionless, same shape as energy (eV)."""
    energy = np.asarray(energy, dtype=np.float64)
    above = energy - compute_edge_position(sample)
    step = 0.5 + np.arctan(above / (compute_edge_width(sample) / 2.0)) / np.pi
    line = sample.white_line * np.exp(-0.5 * ((above - WHITE_LINE_OFFSET) / WHITE_LINE_WIDTH) ** 2)
    fine = compute_sample_chi(sample, np.sqrt(elements.K_SQUARED_PER_EV * np.maximum(above, 0.0)))
    return _compute_absorber_mass(sample) * _compute_edge_jump(sample, energy) * (step * (1.0 + fine) + line)


def compute_mu_background(sample: Sample, energy: Array) -> Array:
    """Compute mu t without the edge: other shells, other elements, the matrix; same shape as energy (eV)."""
    import xraydb

    energy = np.asarray(energy, dtype=np.float64)
    fractions = _compute_mass_fractions(sample)
    total = fractions[sample.element] * _compute_mu_below_edge(sample, energy)
    for element, fraction in fractions.items():
        if element != sample.element:
            total = total + fraction * np.asarray(xraydb.mu_elam(element, energy))
    return total * _compute_absorber_mass(sample) / fractions[sample.element]


def compute_mu_t(sample: Sample, energy: Array) -> Array:
    """Compute the absorption mu t of the sample, dimensionless, same shape as energy (eV).

    It consists of photoabsorption and scattering of all elements from Elam's tables (xraydb). The absorber's edge is
    scaled to `edge_step`, broadened by core hole and monochromator, with a white line and, above it, 1 + chi(k).
    """
    return compute_mu_background(sample, energy) + compute_mu_edge(sample, energy)


@cache
def _compute_mass_fractions(sample: Sample) -> dict[str, float]:
    import xraydb

    result: dict[str, float] = {}
    parts = ((sample.formula, sample.concentration), (MATRIX, 1.0 - sample.concentration))
    for formula, share in parts:
        masses = {e: number * float(xraydb.atomic_mass(e)) for e, number in xraydb.chemparse(formula).items()}
        for element, mass in masses.items():
            result[element] = result.get(element, 0.0) + share * mass / sum(masses.values())
    if sample.element not in result:
        raise ValueError(f"{sample.name}: formula {sample.formula!r} has no {sample.element} (expected the absorber)")
    return result


@cache
def _find_tabulated_edge(sample: Sample) -> float:
    return compute_edge_position(sample) - sample.edge_shift


@cache
def _compute_absorber_mass(sample: Sample) -> float:
    """Compute the absorber's mass per area that gives the edge step, g/cm²."""
    edge = np.array([_find_tabulated_edge(sample) + _TABLE_OFFSET])
    return sample.edge_step / float(_compute_edge_jump(sample, edge)[0])


@cache
def _fit_pre_edge(sample: Sample) -> tuple[float, float]:
    """Fit the power law that continues the absorber's mu from below its edge; return its value, cm²/g, and exponent."""
    import xraydb

    edge = _find_tabulated_edge(sample)
    far, near = (
        float(value) for value in xraydb.mu_elam(sample.element, np.array([0.95 * edge, edge - _TABLE_OFFSET]))
    )
    return near, float(np.log(near / far) / np.log((edge - _TABLE_OFFSET) / (0.95 * edge)))


def _compute_mu_below_edge(sample: Sample, energy: Array) -> Array:
    """Compute the absorber's mu without the edge, cm²/g: the tables below the edge, a power law above."""
    import xraydb

    edge = _find_tabulated_edge(sample) - _TABLE_OFFSET
    value, exponent = _fit_pre_edge(sample)
    table = np.asarray(xraydb.mu_elam(sample.element, np.minimum(energy, edge)))
    return np.where(energy <= edge, table, value * (np.maximum(energy, edge) / edge) ** exponent)


def _compute_edge_jump(sample: Sample, energy: Array) -> Array:
    """Compute what the edge adds to the absorber's mu, cm²/g: from the tables above the edge, constant below."""
    import xraydb

    above = np.maximum(energy, _find_tabulated_edge(sample) + _TABLE_OFFSET)
    return np.asarray(xraydb.mu_elam(sample.element, above)) - _compute_mu_below_edge(sample, above)
