"""Sequences with faults of measured data through the reduction: what is merged, noted and advised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from helpers.processes import wait_until
from helpers.unclean_spectra import E0, change_mu, make_energies, make_member
from xafs_workers.reduction.preparation import Member
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.advice import build_advice
from xafs_workers.scans.reduction_requests import ReductionRequest

OUT = int(np.searchsorted(make_energies(), E0 + 10))
FIRST, SECOND, THIRD = (make_member(n) for n in (1, 2, 3))


def reduce_members(reducer: Reducer, members: Sequence[Member]) -> dict[str, Any]:
    parts = tuple(Spectrum(label="", generation=1, **asdict(member)) for member in members)
    request = ReductionRequest(str(id(parts)), "merge", 0, "merge", Absorber("Fe", "K", "transmission"), parts)
    reducer.ask(request)
    found: list[Any] = []

    def here() -> bool:
        found.extend(item for item in reducer.take() if item.scan_id == request.scan_id)
        return bool(found)

    wait_until(here, "the result")
    return dict(found[0].values)


def select(member: Member, kept: slice | np.ndarray) -> Member:
    return replace(member, energy=member.energy[kept], mu=member.mu[kept], i0=member.i0[kept])


def lose_beam(member: Member) -> Member:
    i0 = member.i0.copy()
    i0[180:210] = 0.0
    return replace(member, i0=i0)


def make_drift(count: int, references: Sequence[float | None]) -> list[Member]:
    return [make_member(n + 1, shift=-0.2 * n, reference_shift=references[n]) for n in range(count)]


CASES: dict[str, tuple[Callable[[], Sequence[Member]], list[str]]] = {
    "clean": (lambda: [FIRST, SECOND, THIRD], []),
    "lost beam": (lambda: [lose_beam(FIRST), SECOND, THIRD], ["1: 30 points without beam, filled by the others"]),
    "ended early": (
        lambda: [replace(select(FIRST, slice(150)), planned=333), SECOND, THIRD],
        ["1 ends at 7167 eV: counts until there", "1: 150 of 333 points measured"],
    ),
    "shifted": (lambda: [FIRST, make_member(2, shift=20.0), THIRD], ["2 left out: edge +20.0 eV from the others"]),
    "no edge": (lambda: [FIRST, SECOND, change_mu(THIRD, slice(None), 0.2)], ["3 left out: no edge"]),
    "inverted": (lambda: [FIRST, SECOND, change_mu(THIRD, slice(None), -THIRD.mu)], ["3 left out: no edge"]),
    "thicker": (
        lambda: [FIRST, SECOND, change_mu(THIRD, slice(None), 1.2 * THIRD.mu)],
        ["3: edge step +20 % (sample moved?)"],
    ),
    "spike": (
        lambda: [FIRST, change_mu(SECOND, OUT, SECOND.mu[OUT] + 0.2), THIRD],
        ["2: 1 point left out at 7122.0 eV (spike)"],
    ),
    "glitch": (
        lambda: [change_mu(one, 250, one.mu[250] + 0.1) for one in (FIRST, SECOND, THIRD)],
        [f"glitch at {make_energies()[250]:.1f} eV"],
    ),
    "noisier": (lambda: [FIRST, make_member(2, noise=6e-4), THIRD], ["2 counts 0.082 (noisier)"]),
    "hole in all": (
        lambda: [select(one, np.r_[0:230, 250 : len(one.energy)]) for one in (FIRST, SECOND, THIRD)],
        [f"no points {make_energies()[229]:.0f} to {make_energies()[250]:.0f} eV: χ(k) to k 7.8"],
    ),
    "short": (lambda: [select(one, slice(140)) for one in (FIRST, SECOND, THIRD)], ["XANES: edge step only"]),
    "drift": (
        lambda: make_drift(3, (0.0, -0.2, -0.4)),
        ["energy drifts: -0.40 eV in 3 repetitions (reference too)"],
    ),
    "chemistry": (
        lambda: make_drift(3, (0.0, 0.0, 0.0)),
        ["edge moves by -0.40 eV, the reference does not: the sample changes"],
    ),
    "foil": (
        lambda: [make_member(n + 1, reference_shift=0.2 * n) for n in range(3)],
        ["reference moves, sample does not"],
    ),
    "no reference": (lambda: make_drift(3, (None,) * 3), ["edge moves by -0.40 eV; no usable reference"]),
    "four": (
        lambda: make_drift(4, (None,) * 4),
        ["edge moves by -0.60 eV; no usable reference", "edge drifts -0.200 eV a repetition"],
    ),
    "two differ": (
        lambda: [FIRST, make_member(2, shift=0.31)],
        ["1 and 2 differ (edge +0.31 eV): the next decides"],
    ),
    "two, one lost": (lambda: [FIRST, make_member(2, shift=20.0)], ["2 left out: edge +20.0 eV from the others"]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_intervention_is_noted(reducer: Reducer, case: str) -> None:
    make, notes = CASES[case]
    values = reduce_members(reducer, make())
    assert values["notes"] == notes
    assert 7111.0 < values["e0"] < 7133.0


@pytest.mark.parametrize("case", ["lost beam", "ended early", "shifted", "no edge", "inverted", "spike", "noisier"])
def test_chi_is_that_of_clean_repetitions(reducer: Reducer, case: str) -> None:
    clean = reduce_members(reducer, [FIRST, SECOND, THIRD])
    values = reduce_members(reducer, CASES[case][0]())
    weight = clean["k"] ** 2
    largest = np.abs(weight * clean["chi"]).max()
    chi = np.interp(clean["k"], values["k"], values["chi"])
    assert np.abs(weight * (chi - clean["chi"])).max() < 0.08 * largest
    assert values["edge_step"] == pytest.approx(clean["edge_step"], rel=5e-3)


@pytest.mark.parametrize(
    ("case", "label", "has_chi"),
    [
        ("clean", None, False),
        ("thicker", None, False),
        ("shifted", "with 2", True),
        ("two, one lost", "with 2", True),
        ("no edge", "3 alone", False),
        ("two differ", None, False),
    ],
)
def test_the_merge_is_shown_with_what_was_left_out(
    reducer: Reducer, case: str, label: str | None, has_chi: bool
) -> None:
    values = reduce_members(reducer, CASES[case][0]())
    other = values["other"] or {}
    assert other.get("label") == label
    assert ("chi" in other) is has_chi
    if label:
        assert values["energy"][0] <= other["energy"][0] < other["energy"][-1] <= values["energy"][-1]
        assert len(other["mu"]) == len(other["energy"])


def test_the_merge_is_shown_without_one_of_another_shape(reducer: Reducer) -> None:
    odd = SECOND.mu + 0.06 * np.sin((SECOND.energy - E0) / 6.0) * (abs(SECOND.energy - E0 - 20.0) < 50.0)
    values = reduce_members(reducer, [FIRST, replace(SECOND, mu=odd), THIRD])
    assert [one["state"] for one in values["members"]] == ["merged"] * 3
    assert values["other"]["label"] == "without 2"
    clean = reduce_members(reducer, [FIRST, THIRD])
    np.testing.assert_allclose(values["other"]["mu"], clean["mu"], rtol=1e-12)


def test_one_odd_point_does_not_ring(reducer: Reducer) -> None:
    """A point of an energy that was measured before, mu off by 0.1 % of the step: kept, it changes chi 100 times."""
    clean = reduce_members(reducer, [FIRST])
    energy = np.insert(FIRST.energy, 140, FIRST.energy[139] + 1e-4)
    mu = np.insert(FIRST.mu, 140, FIRST.mu[139] + 1e-3)
    values = reduce_members(reducer, [replace(FIRST, energy=energy, mu=mu, i0=np.full(len(energy), 100.0))])
    assert np.abs(clean["k"] ** 2 * (values["chi"] - clean["chi"])).max() < 0.05


def test_an_open_question_is_not_called_enough(reducer: Reducer) -> None:
    clean = build_advice(reduce_members(reducer, [FIRST, SECOND, THIRD]), 1e-3)
    assert clean.is_enough
    differ = build_advice(reduce_members(reducer, CASES["two differ"][0]()), 1.0)
    drift = build_advice(reduce_members(reducer, [make_member(n + 1, shift=0.8 * n) for n in range(3)]), 1.0)
    assert not differ.is_enough
    assert not drift.is_enough
    assert "differ by more than their noise" in str(drift)


def test_noise_falls_and_the_advice_comes_true(reducer: Reducer) -> None:
    members = [make_member(n, noise=2e-3) for n in range(1, 13)]
    few, many = (reduce_members(reducer, members[:count]) for count in (3, 12))
    assert many["epsilon_k"] == pytest.approx(few["epsilon_k"] / 2, rel=0.2)
    more = build_advice(few, few["epsilon_k"] / 2).more
    assert more == 9


def test_noise_without_a_covariance_is_reduced(reducer: Reducer) -> None:
    values = reduce_members(reducer, [make_member(n, noise=0.1) for n in (1, 2)])
    assert "problem" not in values
    assert values["epsilon_k"] > 1e-2


def test_order_and_history_do_not_matter(reducer: Reducer) -> None:
    members = [make_member(n, noise=1e-3) for n in range(1, 6)]
    for count in (1, 2, 3, 4):
        reduce_members(reducer, members[:count])
    after = reduce_members(reducer, members)
    fresh = Reducer()
    fresh.start()
    try:
        scratch = reduce_members(fresh, members)
    finally:
        fresh.close()
    for name in ("mu", "chi", "chir_mag", "epsilon_k"):
        np.testing.assert_array_equal(after[name], scratch[name])
