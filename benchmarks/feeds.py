"""Synthetic measurements: control messages, and runs whose events feed this project and the peers alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.items import Document, ReceivedMessage, RecordPosition

Document_ = tuple[str, dict[str, Any]]
Columns = dict[str, list[float]]
EPOCH = 1_790_000_000.0
SIDE = 91
"""Side of the map, pixels."""
CHANNELS = ("Fe1", "Fe2", "Fe3", "Fe4")


@dataclass(frozen=True)
class Run:
    """Documents of one run: before its events, its events, and after them."""

    head: list[Document_]
    events: list[Document_]
    tail: list[Document_]

    @property
    def all(self) -> list[Document_]:
        """All documents of the run."""
        return [*self.head, *self.events, *self.tail]


class Stamp:
    """Builds board items from messages and documents, as a consumer does."""

    def __init__(self) -> None:
        self._n = 0

    @property
    def time(self) -> float:
        """Record time of the latest item, POSIX seconds."""
        return EPOCH + 1e-3 * self._n

    def items(self, entries: Iterable[Document_]) -> Iterator[BoardItem]:
        """Yield board items whose record times are a millisecond apart."""
        for name, body in entries:
            self._n += 1
            time, origin = EPOCH + 1e-3 * self._n, RecordPosition("topic", 0, self._n)
            made = {**body, "time": time} if name == "start" else body
            yield ReceivedMessage(parse(body), time, origin) if name == "bmm" else Document(name, made, time, origin)

    def fold(self, board: Board, entries: Iterable[Document_]) -> Board:
        """Apply more entries to a board; return the new board."""
        for item in self.items(entries):
            board = board.apply(item)
        return board


def run(number: int, columns: Columns, **start: Any) -> Run:
    """Build a run with one event for each row of the columns."""
    uid, stream = f"run-{number}", f"stream-{number}"
    keys = {key: {"dtype": "number", "shape": [], "source": "made up"} for key in columns}
    head: list[Document_] = [
        ("start", {"uid": uid, "time": EPOCH, "scan_id": number, **start}),
        ("descriptor", {"uid": stream, "run_start": uid, "time": EPOCH, "name": "primary", "data_keys": keys}),
    ]
    events: list[Document_] = []
    for n in range(len(next(iter(columns.values())))):
        data = {key: values[n] for key, values in columns.items()}
        event = {"uid": f"{uid}-{n}", "descriptor": stream, "seq_num": n + 1, "time": EPOCH + n, "data": data}
        events.append(("event", event | {"timestamps": dict.fromkeys(data, EPOCH + n), "filled": {}}))
    tail: list[Document_] = [
        ("stop", {"uid": f"{uid}-stop", "run_start": uid, "time": EPOCH, "exit_status": "success"})
    ]
    return Run(head, events, tail)


LINE_START = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


def line_scan(points: int = 1000, number: int = 1) -> Run:
    """Build a line scan over a slit; the peer plots `ratio`."""
    x = np.linspace(-5.0, 5.0, points)
    return _build_line_scan(x, 0.5 * (np.array([math.erf(value) for value in x]) + 1.0), number)


def peak_scan(points: int = 1000, number: int = 1) -> Run:
    """Build a line scan over a peak; the peer plots `ratio`."""
    x = np.linspace(-5.0, 5.0, points)
    return _build_line_scan(x, 0.05 + np.exp(-(x**2)), number)


def _build_line_scan(x: np.ndarray[Any, Any], signal: np.ndarray[Any, Any], number: int) -> Run:
    """Build a line scan of a signal at positions, with noise."""
    points = len(x)
    ratio = signal + np.random.default_rng(1).normal(0.0, 0.01, points)
    i0 = np.full(points, 120.0)
    columns = {"xafs_x": x.tolist(), "I0": i0.tolist(), "It": (ratio * i0).tolist(), "ratio": ratio.tolist()}
    return run(number, columns, motors=["xafs_x"])


def xafs_start(repetitions: int) -> dict[str, Any]:
    """Build the message that begins a fluorescence sequence."""
    sample = {"element": "Fe", "edge": "K", "filename": "bench"}
    how = {"mode": "fluorescence", "fluo_detector": "4-element SDD", "repetitions": repetitions}
    return {"xafsscan": "start", **sample, **how}


def repetition(count: int, points: int = 400) -> Run:
    """Build one repetition; the peers plot `mut`, `muf`, `mur` and `current`."""
    energy = np.linspace(6900.0, 7900.0, points)
    k = np.sqrt(np.clip(energy - 7112.0, 0.0, None) * 0.262468)
    mu = (0.5 + np.arctan((energy - 7112.0) / 1.5) / np.pi) * (1.0 + 0.3 * np.sin(4.0 * k) / np.maximum(k, 1.0))
    rng = np.random.default_rng(count)
    i0 = 100.0 + 10.0 * np.sin(energy / 300.0) + count
    it, fluorescence = i0 * np.exp(-mu + rng.normal(0.0, 5e-3, points)), i0 * (mu + rng.normal(0.0, 5e-3, points))
    ir = it * np.exp(-0.7 * mu)
    columns = {"dcm_energy": energy, "I0": i0, "It": it, "Ir": ir, "dwti_dwell_time": np.full(points, 0.5)}
    columns |= {key: fluorescence / len(CHANNELS) for key in CHANNELS}
    columns |= {"mut": np.log(i0 / it), "muf": fluorescence / i0, "mur": np.log(it / ir), "current": i0 / 0.5}
    hint = {"hint": "xafs fluorescence", "count": count}
    start = {"motors": ["dcm_energy"], "num_points": points, "BMM_kafka": hint}
    return run(count, {key: values.tolist() for key, values in columns.items()}, **start)


def area_start(side: int = SIDE) -> dict[str, Any]:
    """Build the message that begins a square map."""
    message: dict[str, Any] = {"areascan": "start", "detector": "It", "element": "Fe", "energy": 7200.0}
    for axis, motor in (("slow", "xafs_y"), ("fast", "xafs_x")):
        message |= {f"{axis}_motor": motor, f"{axis}_start": -1.0, f"{axis}_stop": 1.0}
        message |= {f"{axis}_steps": side, f"{axis}_initial": 0.0}
    return message


def raster(side: int = SIDE) -> Run:
    """Build the run of a map, row by row; the peer plots `ratio`."""
    axis = np.linspace(-1.0, 1.0, side)
    y, x = (grid.ravel() for grid in np.meshgrid(axis, axis, indexing="ij"))
    ratio = np.exp(-4.0 * (x**2 + y**2)) + 0.01 * np.random.default_rng(2).random(x.size)
    columns = {"xafs_y": y, "xafs_x": x, "I0": np.ones(x.size), "It": ratio, "ratio": ratio}
    start = {"motors": ["xafs_y", "xafs_x"], "shape": [side, side], "num_points": side * side}
    return run(1, {key: values.tolist() for key, values in columns.items()}, **start)
