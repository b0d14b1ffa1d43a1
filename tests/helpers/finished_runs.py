"""Finished runs for tests of writers, and what their plot hints say."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from helpers.streams import build_run_documents, fold, stamp_entries
from xafs_workers.scans.runs import Run
from xafs_workers.writers.xdi_reader import XdiFile

XDI: dict[str, Any] = {
    "Beamline": {"name": "BMM"},
    "Element": {"symbol": "Fe", "edge": "K"},
    "Facility": {"name": "NSLS-II", "energy": "3.0", "GUP": 1},
    "Mono": {"name": "Si(111)", "d_spacing": "3.1354173"},
    "Sample": {"name": "rust", "prep": "powder"},
    "Scan": {"edge_energy": 7112.0, "experimenters": "A, B"},
}

CHAMBERS = {"I0": [10.0, 20.0, 30.0, 40.0], "It": [5.0, 8.0, 9.0, 10.0], "Ir": [2.0, 3.0, 4.0, 5.0]}
ENERGY = {
    "dcm_energy": [7100.25, 7110.5, 7120.75, 7130.125],
    "dcm_energy_setpoint": [7100.0, 7110.0, 7120.0, 7130.0],
    "dwti_dwell_time": [0.5, 0.5, 1.0, 2.0],
}
XAFS = {**ENERGY, **CHAMBERS}
IY = {"Iy": [0.5, 0.75, 1.25, 1.5]}
AREA_DETECTOR = {"diffuse": [11.0, 12.0, 13.0, 14.0], "specular": [21.0, 22.0, 23.0, 24.0]}


def make_channels(element: str, *numbers: int) -> dict[str, list[float]]:
    return {f"{element}{n}": [100.0 * n + row for row in range(4)] for n in numbers}


def make_finished_run(
    columns: dict[str, list[float]],
    hint: str | None = None,
    *,
    xdi: dict[str, Any] | None = None,
    motors: list[str] | None = None,
    detectors: list[str] | None = None,
    stopped: bool = True,
    **start: Any,
) -> Run:
    """Return the run that documents with these columns fold into."""
    told = {"versions": {"bluesky": "1.13.1"}, "XDI": XDI if xdi is None else xdi, **start}
    documents = build_run_documents(
        hint=hint, motors=motors, columns=columns, start=told, detectors=detectors, finished=stopped
    )
    (run,) = fold(stamp_entries(documents)).runs.values()
    return run


def merge_xdi(**families: Any) -> dict[str, Any]:
    """Return the metadata with members of families replaced, or other keys set."""
    merged = dict(XDI)
    for name, value in families.items():
        merged[name] = {**XDI.get(name, {}), **value} if isinstance(value, dict) else value
    return merged


def compute_plot_hint(file: XdiFile) -> np.ndarray:
    """Return what the plot hint of a file computes from its columns, as a plot program would."""
    formula = file.fields["Scan.plot_hint"].rpartition("  --  ")[2]
    assert re.fullmatch(r"[$0-9+/()ln]+", formula), formula
    python = re.sub(r"\$(\d+)", r"data[\1 - 1]", formula).replace("ln", "log")
    with np.errstate(divide="ignore", invalid="ignore"):
        return eval(python, {"log": np.log, "data": file.data})
