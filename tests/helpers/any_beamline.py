"""Streams of other beamlines (the folder `any` of the measured data), and the settings that their figures need."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence
from xafs_workers.scans.energy_axis import compute_energy
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Columns, Detectors, DetectorTable, Scans, Settings

TWO_MOVERS: dict[str, Any] = {
    "energy": "monochromator-energy",
    "i0": "I0-count_rate",
    "it": "It-count_rate",
    "ir": "Iref-count_rate",
    "dwell_time": "I0-mcs-scaler-elapsed_time",
    "units": {},
}
LINEAR_DRIVE: dict[str, Any] = {"energy": "", "i0": "I0", "it": "It", "dwell_time": "dwell_time", "units": {}}
STREAMED: dict[str, Any] = {
    "energy": "energy",
    "i0": "I0",
    "it": "It",
    "ir": "Ir",
    "dwell_time": "gate_duration",
    "units": {"energy": "eV"},
}
FLY = DetectorTable(channels=(1, 2, 3, 4), column="xs_channel{channel:02d}_mcaroi01_ts_total")
VORTEX = DetectorTable(channels=(0, 1, 2, 3), column="vortex-element{channel}-roi0-count")

LINES: dict[str, tuple[str, dict[str, tuple[int, float | None, float | None]]]] = {
    "stock_scan": ("stage_x (mm)", {"diode_current": (21, 8.0, 0.4), "i0_current": (21, 2.5, -1.0)}),
    "stock_rel_scan": ("stage_x (mm)", {"cam_stats1_total": (11, 98449.64, 0.3)}),
    "stock_list_scan": ("stage_x (mm)", {"diode_current": (10, 8.0, 0.4)}),
    "stock_scan_two_together": ("stage_x (with table_pitch) (mm)", {"diode_current": (9, 7.686316, 0.5)}),
    "stock_scan_nd_trajectory": ("stage_x (with table_pitch) (mm)", {"diode_current": (9, 7.686316, 0.5)}),
    "stock_adaptive_scan": ("stage_x (mm)", {"diode_current": (35, 7.957433, None)}),
    "stock_count": ("time (s)", {"i0_current": (6, 2.5, 0.0), "diode_current": (6, None, None)}),
}
"""Streams of line and time scans: label of the abscissa; of each signal the points, its largest value and where."""

MAPS: dict[str, tuple[tuple[int, int], float, float]] = {
    "stock_scan_nd_product": ((3, 4), 1000.0, 1170.0),
    "stock_grid_scan_snaked": ((5, 7), 990.0, 1310.0),
}
"""Streams of maps: shape, first and last pixel."""

Ends = tuple[str, tuple[int, float, float], dict[str, tuple[float, float] | None]]
SPECTRA: dict[str, Ends] = {
    "step_two_movers": (
        "Ni K: Ni foil, scan 1",
        (167, 8183.0, 8827.0),
        {"transmission": (0.62065091, 1.48431995), "fluorescence": (0.00107980, 0.01463472), "reference": None},
    ),
    "step_kev": (
        "Ni K: Ni foil, scan 1",
        (167, 8183.0, 8827.0),
        {"transmission": (0.62050037, 1.48425534), "reference": None},
    ),
    "step_channel_missing": (
        "Ni K: Ni dilute, scan 1",
        (167, 8183.0, 8827.0),
        {"fluorescence": (0.00080311, 0.01085341)},
    ),
    "step_after_dark": ("Ni K: Ni foil, scan 1", (167, 8183.0, 8827.0), {"transmission": None, "reference": None}),
    "step_linear_drive": (
        "S K: gypsum, scan 1",
        (126, 2440.0, 2698.0),
        {"transmission": (0.32277539, 1.27652332), "fluorescence": None},
    ),
}
"""Streams of XAFS repetitions: title, points with first and last energy, first and last value of each panel."""

STEPS: list[tuple[str, str, float, list[float]]] = [
    ("step_two_movers", "transmission", 8333.0, [0.997524]),
    ("step_two_movers", "reference", 8333.0, [0.798717]),
    ("step_two_movers", "fluorescence", 8333.0, [0.013777]),
    ("step_kev", "transmission", 8333.0, [0.997579]),
    ("step_kev", "reference", 8333.0, [0.797357]),
    ("step_channel_missing", "fluorescence", 8333.0, [0.010207]),
    ("step_after_dark", "transmission", 8333.0, [0.997490]),
    ("step_after_dark", "reference", 8333.0, [0.798520]),
    ("three_repetitions", "transmission", 8333.0, [0.990283, 0.989392, 0.990303, 0.990576]),
    ("step_linear_drive", "transmission", 2472.2, [0.938140]),
    ("step_linear_drive", "fluorescence", 2472.2, [0.004754]),
    ("fly_array_events", "transmission", 2471.9565, [0.943764, 0.947903]),
    ("fly_array_events", "fluorescence", 2471.9565, [0.189708, 0.188605]),
]
"""Streams, signals, e0 (eV) and edge step of each spectrum, by Larch's `pre_edge` with its defaults."""


def find_stream(name: str) -> Path:
    """Return the path of a stream of the folder `any`; skips the test where it is not available."""
    path = Path(os.environ.get("XAFS_WORKERS_TEST_DATA", "")) / "any" / f"{name}.jsonl"
    if not os.environ.get("XAFS_WORKERS_TEST_DATA") or not path.exists():
        pytest.skip("XAFS_WORKERS_TEST_DATA has no folder `any` with streams of other beamlines")
    return path


def build_config(columns: dict[str, Any], **others: Any) -> BoardConfig:
    """Build the configuration of a board with these columns."""
    return replace(BoardConfig.from_settings(Settings()), columns=Columns(**columns), **others)


def fold_stream(name: str, config: BoardConfig) -> Board:
    """Fold a stream of the folder `any` into a board."""
    return fold(stamp_entries(read_entries(find_stream(name))), Board(config))


def fold_runs(name: str, config: BoardConfig) -> tuple[Run, ...]:
    """Return the runs of a stream, in the order of their starts."""
    runs = fold_stream(name, config).runs.values()
    return tuple(sorted(runs, key=lambda run: run.start_position))


def compute_signal(run: Run, config: BoardConfig, signal: str) -> Any:
    """Compute transmission, reference or fluorescence of a run."""
    if signal == "fluorescence":
        return compute_run_fluorescence(run, config, ChannelSelection())
    return {"transmission": spectra.compute_transmission, "reference": spectra.compute_reference}[signal](run, config)


def compute_edges(runs: Iterable[Run], config: BoardConfig, signal: str) -> list[tuple[float, float]]:
    """Compute e0 and edge step of each spectrum of runs, by Larch's `pre_edge` with its defaults."""
    from larch import Group
    from larch.xafs import pre_edge

    found: list[tuple[float, float]] = []
    for run in (one for whole in runs for one in list_measured_runs(whole, config)):
        energy = compute_energy(run, config)
        order = np.argsort(energy, kind="stable")
        group: Any = Group(energy=energy[order], mu=compute_signal(run, config, signal)[order])
        pre_edge(group)
        found.append((float(group.e0), float(group.edge_step)))
    return found


def make_run(
    columns: dict[str, list[float]], units: dict[str, str] | None = None, *, is_stopped: bool = True, **start: Any
) -> Run:
    """Make a run of one device for each word before `-` in its data keys."""
    units, n = units or {}, len(next(iter(columns.values())))
    keys = {
        key: {"dtype": "number", "shape": [], "object_name": key.partition("-")[0], "units": units.get(key)}
        for key in columns
    }
    points = Points.create(tuple(columns)).add_points(list(range(1, n + 1)), [0.0] * n, columns)
    objects: dict[str, list[str]] = {}
    for key in columns:
        objects.setdefault(key.partition("-")[0], []).append(key)
    return Run(
        "u",
        {"uid": "u", **start},
        (0.0, 1, "", 0, 0),
        keys,
        points,
        stop={"exit_status": "success"} if is_stopped else None,
        descriptor={"object_keys": objects},
    )


PLAIN_STREAMS = (
    "stock_scan",
    "stock_rel_scan",
    "stock_list_scan",
    "stock_scan_two_together",
    "stock_scan_nd_trajectory",
    "stock_scan_nd_product",
    "stock_grid_scan_snaked",
    "stock_spiral",
    "stock_count",
    "stock_count_one",
    "stock_adaptive_scan",
)
STEP = DetectorTable(channels=(1,), column="xs_channel{channel:02d}_mcaroi01_total_rbv")
STREAMS: dict[str, tuple[dict[str, Any], dict[str, DetectorTable]]] = {
    **dict.fromkeys(PLAIN_STREAMS, ({}, {})),
    "step_two_movers": (TWO_MOVERS, {"vortex": VORTEX}),
    "step_kev": (TWO_MOVERS, {}),
    "step_channel_missing": ({**TWO_MOVERS, "it": "", "ir": ""}, {"vortex": VORTEX}),
    "step_after_dark": (TWO_MOVERS, {}),
    "three_repetitions": (TWO_MOVERS, {}),
    "step_linear_drive": (LINEAR_DRIVE, {"xs": STEP}),
    "fly_array_events": (LINEAR_DRIVE, {"xs": FLY}),
    "panda_like": (STREAMED, {}),
}
"""Columns and detectors of each stream of the folder `any`."""


def build_stream_config(name: str) -> BoardConfig:
    """Build the configuration of a board for a stream of the folder `any`."""
    columns, tables = STREAMS[name]
    forms = Scans(from_documents=True).implied_forms
    return build_config(columns, detectors=Detectors(table=tables), implied_forms=forms)


def write_frames(folder: Path, frames: int = 500) -> None:
    """Write the file that the stream `panda_like` names, with its first frames."""
    path = find_stream("panda_like").parent / "make_h5.py"
    spec = importlib.util.spec_from_file_location("make_h5", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(str(folder), frames)
