"""Data files of beamlines whose start documents have no XDI metadata."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, VORTEX, build_config, fold_runs, make_run
from xafs_workers import __version__
from xafs_workers.scans.d_spacing import HC
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Detectors
from xafs_workers.writers.xasxdi import build_content
from xafs_workers.writers.xdi_reader import read


def read_columns(content: bytes) -> dict[str, np.ndarray]:
    lines = content.decode().splitlines()
    labels = [line for line in lines if line.startswith("#")][-1].lstrip("# ").split()
    rows = np.array([[float(word) for word in line.split()] for line in lines if not line.startswith("#")])
    return dict(zip(labels, rows.T, strict=True))


@pytest.mark.parametrize(
    ("stream", "label", "expected"),
    [
        ("step_kev", "mutrans", (0.62050037, 1.48425534)),
        ("step_two_movers", "mufluor", (0.00107980, 0.01463472)),
    ],
)
def test_file_takes_element_edge_and_crystal_from_any_key(stream: str, label: str, expected: tuple[float, float]):
    config = build_config(TWO_MOVERS, detectors=Detectors(table={"vortex": VORTEX}))
    (run,) = fold_runs(stream, config)
    content = build_content(run, config)
    header = content.decode()
    for line in ("Element.symbol: Ni", "Element.edge: K", "Mono.d_spacing: 3.1356", "Column.1: energy eV"):
        assert f"# {line}\n" in header
    assert "i0 Hz\n" in header
    columns = read_columns(content)
    assert (columns["energy"][0], columns["energy"][-1]) == pytest.approx((8183.0, 8827.0), abs=1.0)
    assert (columns[label][0], columns[label][-1]) == pytest.approx(expected, abs=1e-7)


def test_formula_of_a_file_holds_for_its_columns():
    config = build_config(TWO_MOVERS, detectors=Detectors(table={"vortex": VORTEX}))
    (run,) = fold_runs("step_two_movers", config)
    content = build_content(run, config)
    columns = read_columns(content)
    hint = next(line for line in content.decode().splitlines() if "Scan.plot_hint" in line).partition("  --  ")[2]
    numbered = {f"${number}": values for number, values in enumerate(columns.values(), start=1)}
    formula = re.sub(r"\$\d+", lambda name: f"v['{name[0]}']", hint)
    assert eval(formula, {"v": numbered}) == pytest.approx(columns["mufluor"], rel=1e-6)


def test_file_without_a_crystal_is_plain_text_with_reason():
    (run,) = fold_runs("step_linear_drive", build_config(LINEAR_DRIVE))
    content = build_content(run, build_config(LINEAR_DRIVE))
    assert content.startswith(f"# xafs-workers {__version__}, not XDI: Mono.d_spacing is not told\n".encode())
    columns = read_columns(content)
    assert (columns["energy"][0], columns["energy"][-1], len(columns["energy"])) == (2440.0, 2698.0, 126)
    assert (columns["mutrans"][0], columns["mutrans"][-1]) == pytest.approx((0.32277539, 1.27652332), abs=1e-7)


def test_larch_reads_plain_columns(tmp_path: Path):
    larch_io = pytest.importorskip("larch.io")
    (run,) = fold_runs("step_linear_drive", build_config(LINEAR_DRIVE))
    path = tmp_path / "s.001"
    path.write_bytes(build_content(run, build_config(LINEAR_DRIVE)))
    found = larch_io.read_ascii(str(path))
    assert found.array_labels == ["energy", "measurement_time", "mutrans", "i0", "itrans"]
    assert len(found.energy) == 126


ANGLES = {**TWO_MOVERS, "energy": "mono-energy", "bragg": "mono-bragg", "i0": "I0", "it": "It"}
SI111 = 3.1356


def make_angle_run(unit: str, *, scale: float = 1.0, **start: Any) -> Run:
    energies = np.linspace(8200.0, 8600.0, 41)
    angles = np.degrees(np.arcsin(HC / (2 * SI111 * energies))) * scale
    angles[3] = np.nan
    columns = {"mono-energy": energies, "mono-bragg": angles, "I0": np.full(41, 9.0), "It": np.linspace(8.0, 3.0, 41)}
    run = make_run(
        {key: values.tolist() for key, values in columns.items()},
        {"mono-energy": "eV", "mono-bragg": unit},
        time=0.0,
        element="Ni",
        edge="K",
        **start,
    )
    return replace(run, stop={"time": 1.0, "exit_status": "success"})


@pytest.mark.parametrize(("unit", "scale"), [("deg", 1.0), ("mrad", 1e3 * np.pi / 180)])
def test_d_spacing_follows_from_energies_and_angles(unit: str, scale: float):
    file = read(build_content(make_angle_run(unit, scale=scale), build_config(ANGLES)))
    assert float(file.fields["Mono.d_spacing"]) == pytest.approx(SI111, abs=1e-6)
    remark = file.fields["XafsWorkers.d_spacing"]
    assert remark == "median of hc/(2 E sin theta), from mono-energy and mono-bragg"


def test_d_spacing_of_the_start_document_comes_first():
    file = read(build_content(make_angle_run("deg", d_spacing=3.0), build_config(ANGLES)))
    assert (file.fields["Mono.d_spacing"], "XafsWorkers.d_spacing" in file.fields) == ("3.0", False)


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1.0), ("deg", 0.01)])
def test_angles_that_fit_no_crystal_give_no_d_spacing(unit: str, scale: float):
    content = build_content(make_angle_run(unit, scale=scale), build_config(ANGLES))
    assert b"not XDI: Mono.d_spacing is not told" in content.partition(b"\n")[0]
