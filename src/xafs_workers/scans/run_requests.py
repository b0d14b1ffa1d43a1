"""Runs that scans name and that the documents did not bring, or not whole: what is to be fetched from a catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mca import NoSpectraError, find_point
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

SEQUENCE_KIND = "xafs_sequence"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run to be fetched.

    Attributes
    ----------
    spectrum_points
        Where its spectra are wanted, as energies or indices of points; empty where none are.
    """

    uid: str
    spectrum_points: tuple[float, ...] = ()


def build_run_requests(board: Board) -> tuple[RunRequest, ...]:
    """Return what is to be fetched; a pure function of the board, nothing where runs are not fetched."""
    if not board.config.fetching_enabled:
        return ()
    return tuple(dict.fromkeys(wanted for scan in board.scans for wanted in _build_scan_requests(board, scan)))


def is_awaiting_runs(board: Board, scan: Scan) -> bool:
    """Tell whether something that a scan shows is still to be fetched."""
    return board.config.fetching_enabled and next(_build_scan_requests(board, scan), None) is not None


def find_point_indices(at: tuple[float, ...], run: Run, rules: BoardConfig) -> tuple[int, ...]:
    """Return the indices of the points that are meant; those that are not there are left out."""
    key = rules.columns.energy
    energies = run.points.get_column(key) if key in run.points else np.empty(0)
    found: list[int] = []
    for asked in at:
        try:
            found.append(find_point(asked, energies, len(run.points)))
        except NoSpectraError:
            continue  # the figure says so
    return tuple(dict.fromkeys(found))


def _build_scan_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    message = scan.start.message
    if isinstance(message, XrfPlot):
        yield from _build_spectra_requests(board, message.uid, (0.0,))
    elif isinstance(message, XrfatStart):
        yield from _build_spectra_requests(board, message.uid, tuple(message.energy))
    elif scan.kind == SEQUENCE_KIND:
        for uid in scan.added_run_uids:
            run = board.runs.get(uid)
            gone = run is None or (run.stop is None and board.is_closed(scan))
            if gone and uid not in board.missing_runs:
                yield RunRequest(uid)


def _build_spectra_requests(board: Board, uid: str, at: tuple[float, ...]) -> Iterator[RunRequest]:
    if uid in board.missing_runs:
        return
    run = board.runs.get(uid)
    if run is None or run.stop is None:
        yield RunRequest(uid, at)
        return
    points = find_point_indices(at, run, board.config)
    if any(not run.arrays.get_point(run.points.sequence_numbers[index]) for index in points):
        yield RunRequest(uid, at)
