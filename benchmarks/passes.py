"""Measure an hour of a fly scan with a spectrum a second, at speed: from each event to the pixels, and the memory.

Each event is a pass of 1,000 points with eight arrays. `python -m benchmarks.passes [--passes 3600] [--every 10]`: all
passes go into the board, and each tenth one is drawn. Times are those of the processor.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.canvases import WINDOW, Agg
from benchmarks.costs import Cost, print_costs
from xafs_workers.consumer.array_store import FolderArrayStore
from xafs_workers.consumer.scan_requests import ScanRequestCollector
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.render.matplotlib.drawing import Drawing
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.scans.reduction_requests import build_pending_requests
from xafs_workers.settings import Columns, Detectors, DetectorTable, Scans, Settings

POINTS, E0 = 1000, 8333.0
CHANNELS = (1, 2, 3, 4)
KEYS = ("I0", "It", "Ir", *(f"xs{channel}" for channel in CHANNELS))


def list_documents(passes: int) -> Iterator[Document]:
    """Yield the documents of a run of passes."""
    energy = np.linspace(E0 - 100.0, E0 + 400.0, POINTS)
    rng = np.random.default_rng(1)
    array = {"dtype": "array", "shape": [POINTS], "source": "b"}
    keys = dict.fromkeys(KEYS, array) | {"energy": {**array, "units": "eV"}}
    start = {"uid": "u", "plan_name": "qexafs", "element": "Ni", "edge": "K", "sample_name": "Ni"}
    entries: list[tuple[str, dict[str, Any]]] = [
        ("start", {**start, "time": 1.79e9}),
        ("descriptor", {"uid": "d", "run_start": "u", "time": 1.79e9, "name": "primary", "data_keys": keys}),
    ]
    for number, (name, body) in enumerate(entries):
        yield Document(name, body, 1.79e9, RecordPosition("documents", 0, number))
    mu = 0.3 + (0.5 + np.arctan((energy - E0) / 1.2) / np.pi) * (1 + 0.05 * np.sin(np.maximum(energy - E0, 0) / 20))
    for number in range(1, passes + 1):
        i0 = rng.normal(1e5, 50.0, POINTS)
        data: dict[str, Any] = {"energy": energy, "I0": i0, "It": i0 * np.exp(-mu), "Ir": i0 * np.exp(-2 * mu)}
        data |= {f"xs{channel}": i0 * mu * channel for channel in CHANNELS}
        stamp = 1.79e9 + number
        event = {"uid": f"e{number}", "descriptor": "d", "seq_num": number, "time": stamp, "timestamps": {}}
        body = {**event, "data": {key: values.tolist() for key, values in data.items()}}
        yield Document("event", body, stamp, RecordPosition("documents", 0, number + 1))
    stop = {"uid": "s", "run_start": "u", "exit_status": "success", "num_events": {"primary": passes}}
    yield Document("stop", {**stop, "time": 1.79e9 + passes + 1}, 1.79e9, RecordPosition("documents", 0, passes + 2))


def build_config(folder: Path) -> BoardConfig:
    """Build the configuration of the board, with a store of arrays in a folder."""
    config = BoardConfig.from_settings(Settings(profile="plain"), array_store=FolderArrayStore(folder))
    columns = Columns(energy="energy", i0="I0", it="It", ir="Ir", dwell_time="", units={})
    detectors = Detectors(table={"xs": DetectorTable(channels=CHANNELS, column="xs{channel}")})
    forms = Scans(from_documents=True).implied_forms
    return replace(config, columns=columns, detectors=detectors, implied_forms=forms)


def read_memory() -> int:
    """Read the memory of this process, bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> int:
    """Measure and print; return 1 if a goal is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=3600)
    parser.add_argument("--every", type=int, default=10, help="of which passes the pixels are drawn")
    given = parser.parse_args()
    size = given.passes * POINTS * 8 * (len(KEYS) + 1) / 1e6
    print(f"{given.passes} passes of {POINTS} points, {len(KEYS) + 1} arrays: {size:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        measured = list(measure_passes(Path(folder), given.passes, given.every))
    folded, drawn, memory = zip(*measured, strict=True)
    later = drawn[len(drawn) // 4 :]
    marks = [memory[at] / 1e6 for at in (len(memory) // 4, len(memory) // 2, -1)]
    print(f"memory after 1/4, 1/2, all: {', '.join(f'{mark:.0f} MB' for mark in marks)}")
    costs = [
        Cost("event to board, median", statistics.median(folded), 0.1),
        Cost("event to board, the last tenth against the first", _compare(folded), 1.5, "ratio"),
        Cost("event to pixels, median after a quarter", statistics.median(later), 1.0),
        Cost("event to pixels, 99 % after a quarter", sorted(later)[int(0.99 * len(later))], 1.0),
        Cost("memory at the end against a quarter", marks[-1] / marks[0], 1.2, "ratio"),
    ]
    return 0 if print_costs(iter(costs)) else 1


def measure_passes(folder: Path, passes: int, every: int) -> Iterator[tuple[float, float, int]]:
    """Yield time to the board, time to the pixels (both processor, seconds) and memory (bytes), of each pass drawn."""
    drawing, collector = Drawing(Agg().canvas(WINDOW)), ScanRequestCollector(build_pending_requests)
    board = Board(build_config(folder))
    for item in list_documents(passes):
        began = time.process_time()
        board = board.apply(item)
        collector.collect(board)
        folded = time.process_time() - began
        if item.name == "event" and item.doc["seq_num"] % every == 0:
            drawing.show(build_figure(board, next(scan for scan in board.scans if scan.kind == "xafsscan")))
            yield folded, time.process_time() - began, read_memory()


def _compare(times: Sequence[float]) -> float:
    tenth = max(1, len(times) // 10)
    return statistics.median(times[-tenth:]) / statistics.median(times[tenth : 2 * tenth])


if __name__ == "__main__":
    sys.exit(main())
