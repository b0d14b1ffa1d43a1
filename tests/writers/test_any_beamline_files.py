"""Data files of beamlines whose start documents have no XDI metadata."""

from __future__ import annotations

import re

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, VORTEX, build_config, fold_runs
from xafs_workers.settings import Detectors
from xafs_workers.writers.registry import CannotWrite
from xafs_workers.writers.xasxdi import build_content


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


def test_file_without_a_crystal_is_refused_by_name():
    config = build_config(LINEAR_DRIVE)
    (run,) = fold_runs("step_linear_drive", config)
    with pytest.raises(CannotWrite, match=r"missing field 'XDI\.Mono\.d_spacing'"):
        build_content(run, config)
