"""The energy axis of a run: where it is, in eV, and why there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, build_config, fold_runs, make_run
from xafs_workers.scans.energy_axis import NoEnergyError, compute_energy, find_energy_axis

NO_AXIS = "no energy axis: set columns.energy or columns.bragg"
PLAIN: dict[str, Any] = {"energy": "", "units": {}}


@pytest.mark.parametrize(
    ("stream", "columns", "source", "ends", "count"),
    [
        ("step_two_movers", TWO_MOVERS, "key", (8183.0, 8827.0), 167),
        ("step_kev", TWO_MOVERS, "key", (8183.0, 8827.0), 167),
        ("step_linear_drive", LINEAR_DRIVE, "list", (2440.0, 2698.0), 126),
    ],
)
def test_energies_of_other_beamlines_are_in_ev(
    stream: str, columns: dict[str, Any], source: str, ends: tuple[float, float], count: int
):
    (run,) = fold_runs(stream, build_config(columns))
    axis = find_energy_axis(run, build_config(columns))
    assert (axis.source, axis.is_moving, axis.problem, len(axis.energies)) == (source, True, "", count)
    assert (axis.energies[0], axis.energies[-1]) == pytest.approx(ends, abs=1.0)


def test_undulator_without_setting_is_no_energy_axis():
    (run,) = fold_runs("step_two_movers", build_config(PLAIN))
    assert find_energy_axis(run, build_config(PLAIN)).key == "monochromator-energy"


def test_two_energies_without_setting_are_refused():
    columns = {"one-energy": [1.0, 2.0, 3.0], "other-energy": [5.0, 6.0, 7.0]}
    dims = {"dimensions": [[[key], "primary"] for key in columns]}
    run = make_run(columns, dict.fromkeys(columns, "keV"), motors=["one", "other"], hints=dims)
    problem = find_energy_axis(run, build_config(PLAIN)).problem
    assert problem == "which of one-energy, other-energy is the energy? Set columns.energy"


@pytest.mark.parametrize("other", ["mono-und_energy", "mono-gap-energy", "id_energy", "mono-energy-setpoint"])
def test_gap_and_setpoint_are_no_energy_axis(other: str):
    columns = {"mono-energy": [1.0, 2.0, 3.0], other: [5.0, 6.0, 7.0]}
    dims = {"dimensions": [[[key], "primary"] for key in columns]}
    run = make_run(columns, dict.fromkeys(columns, "keV"), motors=["mono"], hints=dims)
    assert find_energy_axis(run, build_config(PLAIN)).key == "mono-energy"
    assert compute_energy(run, build_config(PLAIN)).tolist() == [1000.0, 2000.0, 3000.0]


def test_sibling_of_a_mover_is_the_energy_axis():
    run = make_run({"mono-bragg": [1.0, 2.0], "mono-energy": [9.0, 8.0]}, {"mono-energy": "keV"}, motors=["mono-bragg"])
    axis = find_energy_axis(run, build_config(PLAIN))
    assert (axis.key, axis.is_moving, axis.energies.tolist()) == ("mono-energy", True, [9000.0, 8000.0])


@pytest.mark.parametrize(("first", "is_moving"), [([1.0, 2.0, 3.0], True), ([1.0, 1.0, 3.0], False)])
def test_unnamed_energy_moves_if_three_points_differ(first: list[float], is_moving: bool):
    run = make_run({"e": [*first, 9.0], "x-x": [0.0] * 4}, {"e": "eV"}, motors=["x"])
    assert find_energy_axis(run, build_config({"energy": "e", "units": {}})).is_moving is is_moving


def test_unit_follows_from_the_named_edge():
    start = {"element": "Ni", "edge": "Ni_K"}
    run = make_run({"e": [8.2, 8.3, 8.4]}, **start)
    axis = find_energy_axis(run, build_config({"energy": "e", "units": {}}))
    assert axis.energies.tolist() == [8200.0, 8300.0, 8400.0]
    assert axis.note == "e is taken as keV: Ni K lies within it"
    run = make_run({"e": [8200.0, 8300.0, 8400.0]}, **start)
    assert find_energy_axis(run, build_config({"energy": "e", "units": {}})).factor == 1.0


def test_unknown_unit_is_refused_with_the_setting():
    config = build_config({"energy": "e", "units": {}})
    for units, start in (({}, {}), ({}, {"element": "Fe", "edge": "K"}), ({"e": "mm"}, {})):
        run = make_run({"e": [8200.0, 8300.0]}, units, **start)
        with pytest.raises(NoEnergyError, match=r"set columns\.units\.e"):
            compute_energy(run, config)
    given = build_config({"energy": "e", "units": {"e": "eV"}})
    assert compute_energy(make_run({"e": [8200.0]}, {"e": "mm"}), given).tolist() == [8200.0]


def test_open_run_may_still_approach_its_edge():
    start = {"element": "Ni", "edge": "K"}
    config = build_config({"energy": "e", "units": {}})
    assert find_energy_axis(make_run({"e": [8.2, 8.21]}, is_stopped=False, **start), config).factor == 1000.0
    assert find_energy_axis(make_run({"e": [8.2, 8.21]}, **start), config).problem


ANGLE = {"energy": "", "bragg": "mono-bragg", "d_spacing": "mono-d", "units": {}}


@pytest.mark.parametrize(("unit", "scale"), [("deg", 1.0), ("rad", math.pi / 180), ("mrad", math.pi / 0.18)])
def test_energy_follows_from_the_angle(unit: str, scale: float):
    run = make_run({"mono-bragg": [scale * 13.7, scale * 12.0]}, {"mono-bragg": unit}, d_spacing={"mono": 3.1356})
    expected = 12398.419843320026 / (2 * 3.1356 * np.sin(np.radians([13.7, 12.0])))
    assert compute_energy(run, build_config(ANGLE)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("units", "spacing", "problem"),
    [
        ({}, 3.1356, "expected deg, rad or mrad"),
        ({"mono-bragg": "deg"}, 0.31356, "expected 0.5 to 10.0 Å"),
        ({"mono-bragg": "deg"}, {"a": 3.1, "b": 1.6}, "no d-spacing"),
        ({"mono-bragg": "deg"}, "wide", "expected a number"),
        ({"mono-bragg": "deg"}, None, "no d-spacing"),
    ],
)
def test_angle_without_unit_or_spacing_is_refused(units: dict[str, str], spacing: Any, problem: str):
    run = make_run({"mono-bragg": [12.0]}, units, d_spacing=spacing)
    assert problem in find_energy_axis(run, build_config(ANGLE)).problem


def test_spacing_comes_from_the_descriptor_too():
    config = build_config({**TWO_MOVERS, "energy": "", "bragg": "monochromator-bragg"})
    (run,) = fold_runs("step_two_movers", config)
    assert find_energy_axis(run, config).source == "angle"
    bare = make_run({"mono-bragg": [12.0]}, {"mono-bragg": "deg"})
    about = {"mono": {"data": {"mono-d": 0.31356}, "data_keys": {"mono-d": {"units": "nm"}}}}
    bare.descriptor["configuration"] = about  # type: ignore[index]
    assert compute_energy(bare, build_config(ANGLE))[0] == pytest.approx(9509.042247, abs=1e-6)


def test_missing_key_is_named_in_the_reason():
    for settings, problem in (({"energy": "e"}, "no e in this run"), (PLAIN, NO_AXIS)):
        assert find_energy_axis(make_run({"x": [1.0]}), build_config(settings)).problem == problem
