"""Requests to fetch runs from a catalog: runs that scans name and whose documents are missing or incomplete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.energy_axis import get_energies
from xafs_workers.scans.mca import NoSpectraError, find_point
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, scan_kinds


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Request to fetch a run.

    Attributes
    ----------
    spectrum_points
        Energies or indices of the points whose spectra are needed; empty for none.
    image_key
        Data key whose array is needed at each point, with the baseline; '' for none.
    """

    uid: str
    spectrum_points: tuple[float, ...] = ()
    image_key: str = ""


RunRequestBuilder = Callable[[Board, Scan], Iterable[RunRequest]]

run_request_builders: Registry[RunRequestBuilder] = Registry(
    "xafs_workers.scans", "run_request_builders", scan_kinds.discover
)
"""Builders of a scan's run requests by kind of scan."""


def build_scan_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Build the run requests of a scan; none if fetching is not enabled."""
    return _build_scan_requests(board, scan) if board.config.fetching_enabled else iter(())


def is_awaiting_runs(board: Board, scan: Scan) -> bool:
    """Check whether a run that a scan shows is still to be fetched."""
    return board.config.fetching_enabled and next(_build_scan_requests(board, scan), None) is not None


def find_point_indices(at: tuple[float, ...], run: Run, config: BoardConfig) -> tuple[int, ...]:
    """Find the indices of the selected points; points that the run does not have are left out."""
    energies = get_energies(run, config)
    found: list[int] = []
    for asked in at:
        try:
            found.append(find_point(asked, energies, len(run.points)))
        except NoSpectraError:
            continue  # the figure reports it
    return tuple(dict.fromkeys(found))


def _build_scan_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    builder = run_request_builders.get(scan.kind)
    return iter(() if builder is None else builder(board, scan))


def build_spectra_requests(board: Board, uid: str, at: tuple[float, ...]) -> Iterator[RunRequest]:
    """Yield a request for a run with the spectra of some points, unless the board has them."""
    if uid in board.missing_runs:
        return
    run = board.runs.get(uid)
    if run is None or run.stop is None:
        yield RunRequest(uid, at)
        return
    points = find_point_indices(at, run, board.config)
    if any(not run.arrays.get_point(run.points.sequence_numbers[index]) for index in points):
        yield RunRequest(uid, at)
