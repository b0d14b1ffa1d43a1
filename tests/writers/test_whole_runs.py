"""Measured and simulated runs written and read back: the numbers are those of the plots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import compute_plot_hint
from helpers.streams import Entry, fold, read_entries, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Trace
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.scan import Scan
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.plans import XafsParameters, measure_linescan, measure_timescan, measure_xafs
from xafs_workers.writers import lsxdi, seadxdi, xasxdi
from xafs_workers.writers.xdi_reader import XdiFile, read

pytestmark = pytest.mark.slow


RULES = BoardConfig()
SHORT: dict[str, Any] = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}


def assert_equal_numbers(came: np.ndarray, expected: np.ndarray) -> None:
    """Check ten digits."""
    np.testing.assert_allclose(came, expected, rtol=1e-9, atol=0)


def select_rows(file: XdiFile, values: np.ndarray) -> np.ndarray:
    """Select the points that are in the table; those with a gap are in the header."""
    moved = [int(name.rpartition("_")[2]) - 1 for name in file.fields if name.startswith("XafsWorkers.point_")]
    return np.delete(values, moved)


def traces_of(board: Board, scan: Scan) -> dict[str, tuple[Trace, ...]]:
    return {panel.key: panel.traces for panel in build_figure(board, scan).panels if panel.traces}


def check_xafs(file: XdiFile, shown: Mapping[str, Trace], plotted: str) -> None:
    """Check each column that a panel shows, and that the plot hint gives the spectrum."""
    for trace in shown.values():
        assert_equal_numbers(file.get_column("energy"), select_rows(file, trace.x))
    if plotted != "test":
        assert_equal_numbers(file.get_column(find_mu(file)), select_rows(file, shown[plotted].y))
    assert_equal_numbers(file.get_column("i0") / file.get_column("measurement_time"), select_rows(file, shown["I0"].y))
    computed = compute_plot_hint(file)
    # A logarithm of numbers of ten digits has an absolute, not a relative uncertainty.
    np.testing.assert_allclose(computed, file.get_column(find_mu(file)), rtol=2e-9, atol=2e-9)


def find_mu(file: XdiFile) -> str:
    """Find the label of the absorption."""
    (label,) = (label for label in file.labels if label.startswith("mu") or label == "xmu")
    return label


@pytest.mark.first_case_fast
@pytest.mark.parametrize(
    ("name", "plotted", "repetitions"),
    [
        ("ni2o3", "transmission", 3),
        ("ni2o3-bothways", "transmission", 3),
        ("cr2o3_fluo", "fluorescence", 5),
        ("cr2o3_fluo-realabort", "fluorescence", 3),
    ],
)
def test_written_measured_runs_equal_the_plotted_numbers(
    measured: Path, name: str, plotted: str, repetitions: int
) -> None:
    board = fold(stamp_entries(read_entries(measured / f"{name}.jsonl")))
    (scan,) = (scan for scan in board.scans if scan.kind == "xafsscan")
    traces = traces_of(board, scan)
    runs = board.get_runs(scan)
    assert len(runs) == repetitions
    for number, run in enumerate(runs):
        file = read(xasxdi.build_content(run, RULES))
        check_xafs(file, {key: found[number] for key, found in traces.items()}, plotted)
        for key in run.points.keys:
            if key.lower() in file.labels:
                assert_equal_numbers(file.get_column(key.lower()), select_rows(file, run.points.get_column(key)))


class Session:
    """A simulated beamline whose messages and documents are kept."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.beamline = Beamline(SimulationSetup(self.send, self.publish, "/proposals"), context_managers=[])

    def send(self, message: Mapping[str, Any]) -> None:
        self.entries.append(("bmm", dict(message)))

    def publish(self, name: str, document: dict[str, Any]) -> None:
        self.entries.append((name, json.loads(json.dumps(document, default=float))))

    def board(self) -> Board:
        return fold(stamp_entries(self.entries))


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session()
    with made.beamline:
        yield made


@pytest.mark.parametrize(
    ("mode", "detector", "columns"),
    [
        ("transmission", None, 7),
        ("reference", None, 7),
        ("test", None, 7),
        ("fluorescence", "1-element SDD", 8),
        ("fluorescence", "4-element SDD", 11),
        ("fluorescence", "7-element SDD", 14),
        ("yield", "4-element SDD", 12),
    ],
)
def test_written_simulated_runs_equal_the_plotted_numbers(
    mode: str, detector: str | None, columns: int, session: Session
) -> None:
    session.beamline.mount("Fe2O3", detector, electron_yield=mode == "yield")
    session.beamline.run(measure_xafs(session.beamline, XafsParameters("fe", mode=mode, repetitions=1, **SHORT)))
    board = session.board()
    (scan,) = (scan for scan in board.scans if scan.kind == "xafsscan")
    (run,) = board.get_runs(scan)
    file = read(xasxdi.build_content(run, RULES))
    assert len(file.labels) == columns
    check_xafs(file, {key: found[0] for key, found in traces_of(board, scan).items()}, mode)


@pytest.mark.parametrize("detector", [None, "1-element SDD", "4-element SDD", "7-element SDD"])
def test_written_line_and_time_scans_equal_the_plotted_numbers(detector: str | None, session: Session) -> None:
    session.beamline.mount("Fe2O3", detector)
    signal = "If" if detector else "It"
    session.beamline.run(measure_linescan(session.beamline, "xafs_x", signal, (-1, 1, 5)))
    session.beamline.run(measure_timescan(session.beamline, signal, 4, 0.1))
    board = session.board()
    line, time = board.scans
    for scan, write, label in ((line, lsxdi.build_content, "xafs_x"), (time, seadxdi.build_content, "time")):
        (run,) = board.get_runs(scan)
        file = read(write(run, RULES))
        ((trace,),) = traces_of(board, scan).values()
        assert_equal_numbers(file.get_column(label), trace.x)
        summed = [f"fe{n}" for n in RULES.detectors.channels[detector]] if detector else ["itrans"]
        total = np.sum([file.get_column(key) for key in summed], axis=0)
        np.testing.assert_allclose(total / file.get_column("i0"), trace.y, rtol=2e-9)
