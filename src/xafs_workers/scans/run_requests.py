"""Runs that scans name and that the documents did not bring, or not whole: what is to be fetched from a catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.mca import NoSpectra, point_at
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

SEQUENCE = "xafs_sequence"


@dataclass(frozen=True, slots=True)
class WantedRun:
    """A run to be fetched.

    Attributes
    ----------
    at
        Where its spectra are wanted, as energies or indices of points; empty where none are.
    """

    uid: str
    at: tuple[float, ...] = ()


def runs_wanted(board: Board) -> tuple[WantedRun, ...]:
    """Return what is to be fetched; a pure function of the board, nothing where runs are not fetched."""
    if not board.rules.fetches:
        return ()
    return tuple(dict.fromkeys(wanted for scan in board.scans for wanted in _of(board, scan)))


def awaits_runs(board: Board, scan: Scan) -> bool:
    """Tell whether something that a scan shows is still to be fetched."""
    return board.rules.fetches and next(_of(board, scan), None) is not None


def points_of(at: tuple[float, ...], run: Run, rules: Rules) -> tuple[int, ...]:
    """Return the indices of the points that are meant; those that are not there are left out."""
    key = rules.columns.energy
    energies = run.points.column(key) if key in run.points else np.empty(0)
    found: list[int] = []
    for asked in at:
        try:
            found.append(point_at(asked, energies, len(run.points)))
        except NoSpectra:
            continue  # the figure says so
    return tuple(dict.fromkeys(found))


def _of(board: Board, scan: Scan) -> Iterator[WantedRun]:
    message = scan.start.message
    if isinstance(message, XrfPlot):
        yield from _with_spectra(board, message.uid, (0.0,))
    elif isinstance(message, XrfatStart):
        yield from _with_spectra(board, message.uid, tuple(message.energy))
    elif scan.kind == SEQUENCE:
        for uid in scan.added_runs:
            run = board.runs.get(uid)
            gone = run is None or (run.stop is None and board.closed(scan))
            if gone and uid not in board.absent:
                yield WantedRun(uid)


def _with_spectra(board: Board, uid: str, at: tuple[float, ...]) -> Iterator[WantedRun]:
    if uid in board.absent:
        return
    run = board.runs.get(uid)
    if run is None or run.stop is None:
        yield WantedRun(uid, at)
        return
    points = points_of(at, run, board.rules)
    if any(not run.arrays.at(run.points.sequence[index]) for index in points):
        yield WantedRun(uid, at)
