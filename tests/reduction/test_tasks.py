"""What the reduction's process answers: other edges, short spectra, live data, data that are no spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.reductions import answer_requests
from helpers.streams import fold, list_drawn_scans, read_entries, stamp_entries
from helpers.synthetic_spectra import make_spectrum
from xafs_workers.elements import find_edge_energy
from xafs_workers.reduction.parameters import compute_next_edge_gap, compute_ranges
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.reduction_requests import ReductionRequest

COUNT = iter(range(10**6))


def reduced(
    reducer: Reducer,
    curve: tuple[np.ndarray, np.ndarray],
    element: str = "Fe",
    edge: str = "K",
    *,
    task: Any = "merge",
    before: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, Any]:
    from helpers.processes import wait_until

    part = Spectrum("a", "scan 1", 1, *curve, np.ones_like(curve[0]))
    past = None if before is None else Spectrum("b", "scan 0", 1, *before, np.ones_like(before[0]))
    name = f"scan {next(COUNT)}"
    reducer.ask(ReductionRequest(name, "one", 0, task, Absorber(element, edge, "transmission"), (part,), past))
    found: list[Any] = []

    def here() -> bool:
        found.extend(item for item in reducer.take() if item.scan_id == name)
        return bool(found)

    wait_until(here, "the result")
    return dict(found[0].values)


@pytest.mark.parametrize(
    ("element", "edge", "next_edge"), [("Pt", "L3", "L2"), ("Pt", "L2", "L1"), ("Eu", "L3", "L2"), ("Pb", "L2", "L1")]
)
def test_l_edges_end_before_the_next_edge(reducer: Reducer, element: str, edge: str, next_edge: str) -> None:
    first, second = find_edge_energy(element, edge), find_edge_energy(element, next_edge)
    assert first is not None
    assert second is not None
    gap = second - first
    assert compute_next_edge_gap(element, edge) == pytest.approx(gap)
    values = reduced(reducer, make_spectrum(element, edge, above=gap + 200.0), element, edge)
    assert "problem" not in values
    assert values["k"][-1] == pytest.approx(np.sqrt((gap - 30.0) * 0.262468), abs=0.06)
    assert abs(values["e0"] - first) < 3.0
    limits = compute_ranges(first - 200.0, first + gap + 200.0, first, gap)
    assert limits.norm2 == gap - 20.0
    assert limits.norm1 == limits.norm2 / 5


def test_a_k_edge_uses_all_its_data(reducer: Reducer) -> None:
    values = reduced(reducer, make_spectrum("Fe", "K", above=900.0))
    assert values["k"][-1] == pytest.approx(np.sqrt(900.0 * 0.262468), abs=0.1)
    peak = values["r"][np.argmax(values["chir_mag"])]
    assert 1.5 < peak < 2.5
    assert compute_next_edge_gap("Fe", "K") is None


@pytest.mark.parametrize("points", [40, 100])
def test_a_short_spectrum_gives_only_mu(reducer: Reducer, points: int) -> None:
    energy, mu = make_spectrum("Fe", "K")
    values = reduced(reducer, (energy[:points], mu[:points]))
    assert values["short"]
    assert len(values["mu"]) == points
    assert "chi" not in values


def test_order_and_gaps_do_not_matter(reducer: Reducer) -> None:
    energy, mu = make_spectrum("Fe", "K")
    plain = reduced(reducer, (energy, mu))
    broken = mu.copy()
    broken[-1] = np.nan
    backward = reduced(reducer, (energy[::-1], broken[::-1]))
    without = reduced(reducer, (energy[:-1], mu[:-1]))
    np.testing.assert_array_equal(backward["chi"], without["chi"])
    assert plain["edge_step"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("curve", "reason"),
    [
        ((np.linspace(7000, 7900, 300), np.ones(300)), "edge|e0"),
        (make_spectrum("Ni", "K"), "no Fe K edge"),
        ((np.linspace(7000, 7900, 300), np.full(300, np.nan)), "no usable points"),
    ],
)
def test_data_without_the_edge_are_reported(
    reducer: Reducer, curve: tuple[np.ndarray, np.ndarray], reason: str
) -> None:
    import re

    values = reduced(reducer, curve)
    assert re.search(reason, values["problem"])


TABLE = find_edge_energy("Fe", "K") or 0.0


@pytest.mark.parametrize(
    ("until", "waiting", "provisional"), [(-50, 1, 0), (58, 1, 0), (64, 0, 1), (140, 0, 1), (156, 0, 0)]
)
def test_live_chi_starts_at_60_ev_and_is_provisional_until_150(
    reducer: Reducer, until: float, waiting: int, provisional: int
) -> None:
    energy, mu = make_spectrum("Fe", "K")
    so_far = energy <= TABLE + until
    values = reduced(reducer, (energy[so_far], mu[so_far]), task="live")
    if waiting:
        assert values == {"waiting": "from +60 eV"}
    else:
        assert values["provisional"] == bool(provisional)
        assert values["k"][-1] == pytest.approx(np.sqrt(until * 0.262468), abs=0.3)


def test_the_second_repetition_uses_the_previous_background(reducer: Reducer) -> None:
    energy, mu = make_spectrum("Fe", "K")
    whole = reduced(reducer, (energy, mu))
    for until in (64.0, 200.0, 500.0):
        so_far = energy <= TABLE + until
        values = reduced(reducer, (energy[so_far], 0.1 + 1.7 * mu[so_far]), task="live", before=(energy, mu))
        assert not values["provisional"]
        wanted = np.interp(values["k"], whole["k"], whole["chi"])
        weight = values["k"] ** 2
        rms = np.sqrt(np.mean((weight * (values["chi"] - wanted)) ** 2) / np.mean((weight * wanted) ** 2))
        assert rms < 0.1


@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_live_data_have_the_pre_edge_line_and_the_edge_step(reducer: Reducer, scale: float) -> None:
    """The line and the step are those of the whole spectrum, on the level of the new one."""
    energy, mu = make_spectrum("Fe", "K")
    whole = reduced(reducer, (energy, mu))
    so_far = energy <= TABLE + 200.0
    values = reduced(reducer, (energy[so_far], 0.1 + scale * mu[so_far]), task="live", before=(energy, mu))
    line = 0.1 + scale * np.interp(values["energy"], whole["energy"], whole["pre_edge"])
    np.testing.assert_allclose(values["pre_edge"], line, atol=1e-9)
    assert values["edge_step"] == pytest.approx(scale * whole["edge_step"], rel=1e-9)


def test_a_backward_scan_has_no_live_chi_before_the_edge(reducer: Reducer) -> None:
    energy, mu = (curve[::-1] for curve in make_spectrum("Fe", "K"))
    high = energy > TABLE + 20.0
    assert reduced(reducer, (energy[high], mu[high]), task="live") == {"waiting": "from the edge down"}
    assert "chi" in reduced(reducer, (energy, mu), task="live")


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo"])
def test_live_chi_of_measured_data_approaches_the_final_one(measured: Path, reducer: Reducer, name: str) -> None:
    """From +200 eV in the first repetition within 0.4, in the second within 0.12 (rms, relative)."""
    from xafs_workers.figures.figure_builder import build_figure

    entries = read_entries(measured / f"{name}.jsonl")
    whole = answer_requests(fold(stamp_entries(entries)), reducer)
    final = build_figure(whole, list_drawn_scans(whole)[1]).get_panel("chi")
    starts = [i for i, (kind, _) in enumerate(entries) if kind == "start"]
    fraction = 0.75 if name == "ni2o3" else 0.93
    points = int(fraction * (435 if name == "ni2o3" else 870))
    for n, limit in ((0, 0.4), (1, 0.12)):
        board = answer_requests(fold(stamp_entries(entries[: starts[n] + 4 + points])), reducer)
        live = build_figure(board, list_drawn_scans(board)[1]).get_panel("chi").traces[-1]
        assert live.key == f"scan-{n}"
        done = final.traces[n]
        inside = (live.x > 2.0) & (live.x < live.x[-1] - 0.5)
        wanted = np.interp(live.x, done.x, done.y)[inside]
        assert np.sqrt(np.mean((live.y[inside] - wanted) ** 2) / np.mean(wanted**2)) < limit


def test_the_live_curve_stays_until_the_repetition_is_reduced(measured: Path, reducer: Reducer) -> None:
    from xafs_workers.figures.figure_builder import build_figure

    entries = read_entries(measured / "ni2o3.jsonl")
    end = next(place for place, (kind, _) in enumerate(entries) if kind == "stop")
    items = stamp_entries(entries[: end + 1])
    board = answer_requests(fold(items[:-1]), reducer)
    (live,) = build_figure(board, list_drawn_scans(board)[1]).get_panel("chi").traces
    board = fold(items[-1:], board)
    assert build_figure(board, list_drawn_scans(board)[1]).get_panel("chi").traces[0].y is live.y
    board = answer_requests(board, reducer)
    (whole,) = build_figure(board, list_drawn_scans(board)[1]).get_panel("chi").traces
    assert whole.x[-1] == pytest.approx(live.x[-1], abs=0.1)
    assert whole.y is not live.y
