"""Runs that scans name and that the documents did not bring, or not whole: what is to be fetched from a catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mca import NoSpectraError, find_point
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


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


RunRequestBuilder = Callable[[Board, Scan], Iterable[RunRequest]]

run_request_builders: Registry[RunRequestBuilder] = Registry("xafs_workers.scans")
"""By kind of scan: the runs that it names and that are to be fetched."""


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
    builder = run_request_builders.get(scan.kind)
    return iter(() if builder is None else builder(board, scan))


def build_spectra_requests(board: Board, uid: str, at: tuple[float, ...]) -> Iterator[RunRequest]:
    """Yield a request for a run with its spectra at some points, unless the board has them."""
    if uid in board.missing_runs:
        return
    run = board.runs.get(uid)
    if run is None or run.stop is None:
        yield RunRequest(uid, at)
        return
    points = find_point_indices(at, run, board.config)
    if any(not run.arrays.get_point(run.points.sequence_numbers[index]) for index in points):
        yield RunRequest(uid, at)
