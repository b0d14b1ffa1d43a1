"""Streams of other beamlines (the folder `any` of the measured data), and the settings that their figures need."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
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
