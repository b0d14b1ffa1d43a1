"""Check measured points: Beer's law, counting noise, glitches, the holder's slot."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np
import pytest
from scipy.stats import chi2

from xafs_workers.simulation import beam as module
from xafs_workers.simulation.beam import (
    Beam,
    Slot,
    compute_charge_noise,
    compute_glitch_factor,
    compute_solid_angles,
    generate_glitches,
)
from xafs_workers.simulation.samples import REFERENCES, SAMPLES
from xafs_workers.simulation.spectra import compute_edge_position, compute_mu_edge, compute_mu_t

pytestmark = pytest.mark.slow

IRON = SAMPLES["Fe foil"]
EDGE = compute_edge_position(IRON)
SCAN = np.concatenate(
    [EDGE + np.arange(-150.0, -30.0, 5.0), EDGE + np.arange(-30.0, 60.0, 0.7), EDGE + np.arange(60, 900, 3.0)]
)


def column(beam: Beam, key: str, energies: np.ndarray, dwell: float = 1.0) -> np.ndarray:
    return np.array([beam.read(float(energy), dwell)[key] for energy in energies])


@pytest.mark.parametrize("name", ["Fe foil", "NiO", "Pt foil", "Mn2.9Co0.1O4"])
def test_beers_law_is_exact_without_noise(name: str) -> None:
    sample = SAMPLES[name]
    energies = compute_edge_position(sample) + np.linspace(-300.0, 1200.0, 401)
    points = [Beam(sample, noise=False).read(float(energy), 0.5) for energy in energies]
    i0, it, ir = (np.array([point[key] for point in points]) for key in ("I0", "It", "Ir"))
    np.testing.assert_allclose(np.log(i0 / it) + np.log(module.IT_RESPONSE), compute_mu_t(sample, energies), atol=2e-5)
    foil = REFERENCES[sample.reference]
    np.testing.assert_allclose(np.log(it / ir) + np.log(module.IR_RESPONSE), compute_mu_t(foil, energies), atol=2e-5)


def test_spectra_match_the_same_functions_far_from_the_edge() -> None:
    far = EDGE + 4000.0
    point = Beam(IRON, noise=False).read(far, 1.0)
    assert np.log(point["I0"] / point["It"] * module.IT_RESPONSE) == pytest.approx(
        compute_mu_t(IRON, np.array([far]))[0]
    )


def test_noise_is_only_counting_noise() -> None:
    noisy, exact = Beam(IRON, 7), Beam(IRON, noise=False)
    total = 0.0
    for energy in SCAN.tolist():
        seen, expected = noisy.read(energy, 0.5), exact.read(energy, 0.5)
        sizes = compute_charge_noise(np.array([expected["I0"], expected["It"]]), energy, 0.5)
        variance = (sizes[0] / expected["I0"]) ** 2 + (sizes[1] / expected["It"]) ** 2
        total += (np.log(seen["I0"] / seen["It"] / expected["I0"] * expected["It"])) ** 2 / variance
    low, high = chi2.ppf([1e-4, 1 - 1e-4], SCAN.size)
    assert low < total < high


def test_noise_follows_the_number_of_photons_in_a_charge() -> None:
    # 100 nA s of 34.8 eV pairs are 2.17e13 eV: 2.715e9 photons of 8 keV
    relative = compute_charge_noise(np.array([100.0]), 8000.0, 1.0)[0] / 100.0
    electronics = module.ELECTROMETER_NOISE / 100.0
    assert np.sqrt(relative**2 - electronics**2) == pytest.approx(1 / np.sqrt(2.715e9), rel=1e-3)


@pytest.mark.parametrize("key", ["I0", "It", "Ir", "Iy"])
def test_relative_noise_falls_with_the_square_root_of_time(key: str) -> None:
    spread = []
    for dwell in (0.1, 10.0):
        noisy, exact = Beam(IRON, 11), Beam(IRON, noise=False)
        energies = np.full(400, EDGE + 200.0)
        ratio = column(noisy, key, energies, dwell) / column(exact, key, energies, dwell)
        spread.append(np.std(ratio))
    assert spread[0] / spread[1] == pytest.approx(10.0, rel=0.2)


def test_counts_are_poisson_distributed_in_each_channel() -> None:
    beam, exact = Beam(IRON, 3, channels=(1, 2, 3, 4, 8)), Beam(IRON, noise=False, channels=(1, 2, 3, 4, 8))
    seen = np.array([beam.read(EDGE + 100.0, 0.05)["counts"] for _ in range(2000)])
    mean = np.array([exact.read(EDGE + 100.0, 0.05)["counts"] for _ in range(2000)]).mean(axis=0)
    assert np.array_equal(seen, np.round(seen))
    np.testing.assert_allclose(seen.mean(axis=0), mean, rtol=0.01)
    np.testing.assert_allclose(seen.var(axis=0), mean, rtol=0.2)
    assert len(set(mean.round(1))) == 5


def test_each_channel_has_its_own_solid_angle() -> None:
    few, many = compute_solid_angles((2, 3)), compute_solid_angles((1, 2, 3, 4))
    assert few.sum() == pytest.approx(1.0)
    assert few[0] / few[1] == pytest.approx(many[1] / many[2])
    assert Beam(IRON, channels=()).read(EDGE, 1.0)["counts"] == ()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_detector_is_placed_for_good_count_rates(name: str) -> None:
    edge = compute_edge_position(SAMPLES[name])
    before, after = (Beam(SAMPLES[name], noise=False).read(edge + above, 0.5) for above in (-150.0, 200.0))
    assert sum(after["counts"]) / after["I0"] == pytest.approx(module.FLUORESCENCE_COUNTS, rel=1e-3)
    assert 0 < sum(before["counts"]) / before["I0"] < 0.2 * module.FLUORESCENCE_COUNTS


def test_fluorescence_of_a_dilute_sample_follows_its_edge() -> None:
    sample = SAMPLES["Mn2.9Co0.1O4"]
    energies = compute_edge_position(sample) + np.array([-100.0, -60.0, 40.0, 55.0, 80.0, 110.0, 150.0])
    beam = Beam(sample, noise=False)
    points = [beam.read(float(energy), 1.0) for energy in energies]
    mu = np.array([sum(point["counts"]) / point["I0"] for point in points])
    shape = compute_mu_edge(sample, energies)
    assert mu[0] < mu[2:].min() * 0.6
    rest = mu - np.polyval(np.polyfit(shape, mu, 1), shape)
    assert np.std(rest) < 0.02 * np.ptp(mu)


def test_fluorescence_of_a_concentrated_sample_is_flattened() -> None:
    def rise(name: str) -> float:
        sample = replace(SAMPLES[name], white_line=1.0)
        beam, edge = Beam(sample, noise=False), compute_edge_position(sample)
        line, after = (beam.read(edge + above, 1.0) for above in (3.5, 200.0))
        return sum(line["counts"]) / line["I0"] / sum(after["counts"]) * after["I0"]

    assert rise("NiO") < 0.85 * rise("Mn2.9Co0.1O4")


def test_equal_seeds_give_equal_readings() -> None:
    def measure(seed: int) -> list[object]:
        beam = Beam(SAMPLES["NiO"], seed)
        return [beam.read(8333.0 + step, 0.5) for step in range(20)]

    assert measure(1) == measure(1)
    assert measure(1) != measure(2)


def test_glitches_appear_in_i0_and_cancel_in_mu() -> None:
    centres, depths, _ = generate_glitches()
    inside = (centres > EDGE + 100.0) & (centres < EDGE + 900.0)
    assert inside.sum() >= 2
    for centre, depth in zip(centres[inside], depths[inside], strict=True):
        near = np.array([centre - 15.0, centre, centre + 15.0])
        beam = Beam(IRON, noise=False)
        points = [beam.read(float(energy), 1.0) for energy in near]
        i0 = [point["I0"] for point in points]
        assert 0.005 < 1 - i0[1] / (0.5 * (i0[0] + i0[2])) < 0.035
        assert 1 - compute_glitch_factor(centre) == pytest.approx(depth, rel=0.01)
        ratio = np.log([point["I0"] / point["It"] for point in points]) + np.log(module.IT_RESPONSE)
        np.testing.assert_allclose(ratio, compute_mu_t(IRON, near), atol=1e-5)


def test_i0_grows_with_energy_and_matches_the_flux_at_the_edge() -> None:
    beam = Beam(IRON, flux=250.0)
    smooth = np.array([beam.compute_i0(energy) / compute_glitch_factor(energy) for energy in SCAN.tolist()])
    assert np.all(np.diff(smooth) > 0)
    assert beam.compute_i0(EDGE) / compute_glitch_factor(EDGE) == pytest.approx(250.0)


def test_i0_drifts_slowly() -> None:
    i0 = column(Beam(IRON, noise=False), "I0", np.full(2000, EDGE), 1.0)
    assert 0.005 < np.ptp(i0) / i0.mean() < 0.05
    assert np.max(np.abs(np.diff(i0))) < 1e-4 * i0.mean()


def test_the_slot_is_rectangular_with_soft_edges() -> None:
    slot = Slot(centre=(161.0, 114.0), width=12.0, height=3.5, blur=(0.8, 0.25))
    beam = Beam(IRON, noise=False, slot=slot)

    def seen(x: float, y: float) -> float:
        point = beam.read(EDGE + 100.0, 1.0, (x, y))
        return point["It"] / point["I0"]

    full = seen(161.0, 114.0)
    assert seen(157.5, 114.0) == pytest.approx(full, rel=0.01)
    for x, y in ((167.0, 114.0), (155.0, 114.0), (161.0, 115.75), (161.0, 112.25)):
        assert seen(x, y) == pytest.approx(full / 2, rel=0.01)
    assert seen(167.0, 115.75) == pytest.approx(full / 4, rel=0.01)
    assert seen(167.8, 114.0) == pytest.approx(full * 0.1587, rel=0.02)  # one standard deviation
    assert seen(175.0, 114.0) < 1e-3 * full
    x = np.arange(150.0, 173.0, 0.5)
    ratio = np.array([seen(value, 114.0) for value in x])
    assert (x * ratio).sum() / ratio.sum() == pytest.approx(161.0, abs=0.05)


def test_the_holder_hides_the_fluorescence_but_not_i0() -> None:
    beam = Beam(IRON, noise=False)
    inside, outside = beam.read(EDGE + 100.0, 1.0), beam.read(EDGE + 100.0, 1.0, (30.0, 0.0))
    assert outside["I0"] == pytest.approx(inside["I0"], rel=1e-3)
    assert 0 < sum(outside["counts"]) < 0.02 * sum(inside["counts"])
    free = Beam(IRON, noise=False, slot=None)
    assert free.read(EDGE, 1.0, (30.0, 0.0))["It"] == pytest.approx(free.read(EDGE, 1.0)["It"], rel=1e-3)


def test_the_rocking_curve_has_the_expected_width() -> None:
    beam = Beam(IRON, noise=False)
    offsets = np.linspace(-0.2, 0.2, 4001)
    curve = np.array([beam.compute_rocking_factor(offset) for offset in offsets.tolist()])
    assert beam.compute_rocking_factor(0.0) == 1.0
    np.testing.assert_allclose(curve, curve[::-1])
    assert np.ptp(offsets[curve > 0.5]) == pytest.approx(0.055, abs=0.005)  # Si(111), 7.1 keV, theta = 16.15 degrees
    tuned = Beam(IRON, noise=False).read(EDGE, 1.0)["I0"]
    detuned = Beam(IRON, noise=False).read(EDGE, 1.0, pitch=0.02)["I0"]
    assert detuned / tuned == pytest.approx(beam.compute_rocking_factor(0.02))


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown reference foil 'Unobtainium'"):
        Beam(replace(IRON, reference="Unobtainium"))
    with pytest.raises(ValueError, match="dwell"):
        Beam(IRON).read(EDGE, 0.0)
    with pytest.raises(ValueError, match="flux"):
        Beam(IRON, flux=-1.0)


def test_a_reading_is_quick() -> None:
    beam = Beam(IRON)
    beam.read(EDGE, 0.5)
    times = []
    for energy in SCAN[:200].tolist():
        before = perf_counter()
        beam.read(energy, 0.5)
        times.append(perf_counter() - before)
    assert median(times) < 1e-3  # 0.1 ms on an idle machine
