"""Check the EXAFS equation by the Fourier transform of single paths."""

from __future__ import annotations

import numpy as np
import pytest

from xafs_workers.simulation.paths import (
    Array,
    ScatteringPath,
    compute_amplitude,
    compute_chi,
    compute_mean_free_path,
    compute_phase,
)
from xafs_workers.simulation.samples import SAMPLES
from xafs_workers.simulation.spectra import compute_sample_chi

K = np.arange(3.0, 14.0, 0.05)
R = np.arange(0.5, 6.0, 0.005)
KERNEL = np.exp(2j * np.outer(R, K)) * 0.05 / np.sqrt(np.pi)


def transform(fine: Array) -> Array:
    """Compute |chi(R)| on R for a chi on K, weighted with k² and a Hann window."""
    return np.abs(KERNEL @ (fine * K**2 * np.hanning(K.size)))


def peak(size: Array, low: float, high: float) -> float:
    """Find the maximum of |chi(R)| between two distances; it must not be at their ends."""
    inside = (R > low) & (R < high)
    found = R[inside][np.argmax(size[inside])]
    assert low + 0.02 < found < high - 0.02
    return float(found)


@pytest.mark.parametrize("element", ["O", "Cr", "Fe", "Ni", "Pt"])
@pytest.mark.parametrize("distance", [1.95, 2.5, 3.9])
def test_a_path_peaks_a_little_below_its_distance(element: str, distance: float) -> None:
    found = peak(
        transform(compute_chi(K, [ScatteringPath(distance, 6, 0.005, element)])), distance - 1.0, distance + 1.0
    )
    assert 0.2 < distance - found < 0.6


@pytest.mark.parametrize("element", ["O", "Fe", "Pt"])
def test_a_longer_path_moves_its_peak_as_far(element: str) -> None:
    near, far = (peak(transform(compute_chi(K, [ScatteringPath(r, 6, 0.005, element)])), 1.0, 4.0) for r in (2.2, 2.5))
    assert far - near == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(
    ("name", "distances"),
    [("NiO", (2.089, 2.954)), ("Fe foil", (2.482,)), ("Cu foil", (2.556,)), ("Pt foil", (2.775,))],
)
def test_the_shells_of_samples_appear_as_peaks(name: str, distances: tuple[float, ...]) -> None:
    size = transform(compute_sample_chi(SAMPLES[name], K))
    for distance in distances:
        found = peak(size, distance - 0.8, distance + 0.1)
        assert 0.2 < distance - found < 0.6


def test_paths_add_and_scale() -> None:
    oxygen, nickel = ScatteringPath(2.09, 6, 0.006, "O"), ScatteringPath(2.95, 12, 0.006, "Ni")
    both = compute_chi(K, [oxygen, nickel])
    np.testing.assert_allclose(both, compute_chi(K, [oxygen]) + compute_chi(K, [nickel]), rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        compute_chi(K, [ScatteringPath(2.09, 12, 0.006, "O")]), 2 * compute_chi(K, [oxygen]), rtol=1e-12
    )


def test_disorder_damps_by_the_debye_waller_factor() -> None:
    calm, stirred = (compute_chi(K, [ScatteringPath(2.5, 6, sigma2, "Fe")]) for sigma2 in (0.004, 0.009))
    np.testing.assert_allclose(stirred, calm * np.exp(-2 * K**2 * 0.005), rtol=1e-9)


def test_one_point_matches_the_equation_by_hand() -> None:
    k, r = np.array([7.0]), 2.5
    expected = (
        6
        * 0.85
        * compute_amplitude(k, 26)
        / (7.0 * r**2)
        * np.exp(-2 * 49.0 * 0.005 - 2 * r / compute_mean_free_path(k))
    )
    expected = expected * np.sin(2 * 7.0 * r + compute_phase(k, 26))
    np.testing.assert_allclose(compute_chi(k, [ScatteringPath(r, 6, 0.005, "Fe")]), expected, rtol=1e-12)


def test_heavier_scatterers_scatter_at_higher_k() -> None:
    tops = [K[np.argmax(compute_amplitude(K, z))] for z in (8, 26, 78)]
    assert tops[0] < tops[1] < tops[2]


def test_chi_is_zero_at_and_below_k_0() -> None:
    assert compute_chi(np.array([-1.0, 0.0]), [ScatteringPath(2.0, 6, 0.005, "O")]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("distance", "sigma2"), [(0.0, 0.005), (-1.0, 0.005), (2.0, -0.001)])
def test_impossible_paths_are_refused(distance: float, sigma2: float) -> None:
    with pytest.raises(ValueError, match="path: "):
        ScatteringPath(distance, 6, sigma2, "O")


def test_an_unknown_scatterer_is_refused() -> None:
    with pytest.raises(ValueError, match="Xx"):
        compute_chi(K, [ScatteringPath(2.0, 6, 0.005, "Xx")])
