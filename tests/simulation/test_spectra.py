"""Noise-free spectra: edges where the tables say, steps as asked for, smooth elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xraydb

from xafs_workers.elements import K_SQUARED_PER_EV
from xafs_workers.simulation.samples import REFERENCES, SAMPLES, Sample
from xafs_workers.simulation.spectra import (
    compute_edge_position,
    compute_edge_width,
    compute_mu_background,
    compute_mu_edge,
    compute_mu_t,
    compute_sample_chi,
)

by_name = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


@pytest.mark.first_case_fast
@pytest.mark.parametrize("sample", REFERENCES.values(), ids=REFERENCES.keys())
def test_a_foil_rises_fastest_at_the_tabulated_edge(sample: Sample) -> None:
    tabulated = float(xraydb.xray_edges(sample.element)[sample.edge].energy)
    energy = np.arange(tabulated - 30.0, tabulated + 10.0, 0.1)
    steepest = energy[np.argmax(np.gradient(compute_mu_t(sample, energy), energy))]
    assert steepest == pytest.approx(tabulated, abs=1.0)


@pytest.mark.parametrize("name", ["NiO", "Fe2O3", "Cr2O3"])
def test_the_edge_of_an_oxide_is_above_that_of_its_metal(name: str) -> None:
    oxide, metal = SAMPLES[name], REFERENCES[SAMPLES[name].reference]
    energy = compute_edge_position(metal) + np.arange(-20.0, 20.0, 0.1)
    halves = [energy[np.argmax(compute_mu_edge(s, energy) > 0.5 * s.edge_step)] for s in (metal, oxide)]
    assert 2.0 < halves[1] - halves[0] < 6.0


@by_name
def test_the_edge_step_matches_that_of_the_sample(sample: Sample) -> None:
    plain = replace(sample, paths=(), white_line=0.0)
    edge = compute_edge_position(sample)
    before, after = edge + np.arange(-400.0, -250.0, 5.0), edge + np.arange(150.0, 700.0, 5.0)
    rise = np.polyval(np.polyfit(after - edge, compute_mu_edge(plain, after), 2), 0.0)
    assert rise == pytest.approx(sample.edge_step, rel=0.02)  # extrapolated to the edge, as users measure it
    assert np.all(compute_mu_edge(plain, before) < 0.01 * sample.edge_step)


@by_name
def test_the_fine_structure_is_added_to_the_edge(sample: Sample) -> None:
    k = np.arange(4.0, 13.0, 0.05)
    energy = compute_edge_position(sample) + k**2 / K_SQUARED_PER_EV
    plain = replace(sample, paths=(), white_line=0.0)
    rise = compute_mu_edge(plain, energy)
    np.testing.assert_allclose(compute_mu_edge(sample, energy) / rise - 1.0, compute_sample_chi(sample, k), atol=2e-4)


@pytest.mark.first_case_fast
@by_name
def test_pre_edge_and_background_fall_smoothly(sample: Sample) -> None:
    edge = compute_edge_position(sample)
    energy = np.arange(edge - 200.0, edge + 1000.0, 1.0)
    background = compute_mu_background(sample, energy)
    assert np.all(np.diff(background) < 0)
    assert np.all(np.diff(background, 2) > -1e-6)
    before = compute_mu_t(sample, energy[energy < edge - 60.0])
    assert np.all(np.abs(np.diff(before)) < 0.005 * before[:-1])


@by_name
def test_the_oscillations_have_a_realistic_amplitude(sample: Sample) -> None:
    k = np.arange(0.1, 15.0, 0.02)
    fine = compute_sample_chi(sample, k)
    assert 0.03 < np.max(np.abs(fine)) < 0.4
    assert np.max(np.abs(fine[k > 12])) < 0.03


@pytest.mark.parametrize("name", ["Fe foil", "Pt foil"])
def test_a_foil_absorbs_as_tabulated_far_from_the_edge(name: str) -> None:
    sample = SAMPLES[name]
    energy = compute_edge_position(sample) + np.array([-400.0, 1400.0])
    before, after = compute_mu_t(replace(sample, paths=()), energy)
    low, high = xraydb.mu_elam(sample.element, energy)
    assert after / before == pytest.approx(high / low, rel=0.01)


def test_the_core_hole_of_an_l3_edge_is_wider() -> None:
    assert (
        compute_edge_width(SAMPLES["Pt foil"]) > 5.31 > compute_edge_width(SAMPLES["Fe foil"]) > 1.25
    )  # eV, of the core holes


def test_other_elements_dominate_absorption_of_dilute_samples() -> None:
    dilute, pure = SAMPLES["Cr2O3"], replace(SAMPLES["Cr2O3"], concentration=1.0)
    energy = np.array([compute_edge_position(dilute) + 100.0])
    np.testing.assert_allclose(compute_mu_edge(dilute, energy), compute_mu_edge(pure, energy))
    assert compute_mu_background(dilute, energy) > 1.5 * compute_mu_background(pure, energy)


@by_name
def test_each_sample_names_a_reference_of_its_own_element(sample: Sample) -> None:
    assert REFERENCES[sample.reference].element == sample.element


def test_impossible_samples_are_refused() -> None:
    iron = SAMPLES["Fe foil"]
    energy = np.array([7112.0])
    with pytest.raises(ValueError, match="has no L7 edge"):
        compute_mu_t(replace(iron, edge="L7"), energy)
    with pytest.raises(ValueError, match="formula 'NiO' has no Fe"):
        compute_mu_t(replace(iron, formula="NiO"), energy)
    with pytest.raises(ValueError, match="edge_step"):
        replace(iron, edge_step=0.0)
    with pytest.raises(ValueError, match="concentration"):
        replace(iron, concentration=1.5)
