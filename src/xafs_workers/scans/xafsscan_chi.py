"""Reduction requests for live chi(k), while an XAFS scan is measured."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.absorption import Absorber, Spectrum, compute_absorption
from xafs_workers.scans.board import Board
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.edge_guess import resolve_absorber
from xafs_workers.scans.measured_runs import list_drawn_runs
from xafs_workers.scans.reduction_requests import ReductionRequest, request_builders
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import RunWindow, Scan
from xafs_workers.scans.spectra import MissingColumnError


def build_live_requests(board: Board, scan: Scan) -> Iterator[ReductionRequest]:
    """Yield a request for each repetition that has points.

    A successful repetition is reduced as a whole. One that runs, or was aborted, is reduced by the rules for partial
    data, with the background of the last successful repetition before it.
    """
    absorber: Absorber | None = build_absorber(scan)
    if scan.is_implied:
        absorber = resolve_absorber(absorber, board.runs[scan.run_uids[0]], board.config)
    if absorber is None or absorber.mode == "test":
        return
    before: Spectrum | None = None
    for window, run in list_measured_windows(board, scan):
        spectrum = _compute_spectrum(board, run, absorber, window)
        if spectrum is None:
            continue
        live = f"live {run.uid} after {before.uid if before else 'none'}"
        if run.has_succeeded:
            whole = f"whole {run.uid}"
            yield ReductionRequest(
                scan.id, whole, spectrum.generation, "merge", absorber, (spectrum,), fallback_slot=live
            )
            before = spectrum
        else:
            yield ReductionRequest(scan.id, live, spectrum.generation, "live", absorber, (spectrum,), before)


request_builders.register("xafsscan")(build_live_requests)


def list_measured_windows(board: Board, scan: Scan) -> Iterator[tuple[RunWindow, Run]]:
    """Yield the windows that have a run with points, each with its run."""
    for window in scan.windows:
        run = board.runs.get(window.run_uid or "")
        if run is not None and len(run.points):
            yield from ((window, one) for one in list_drawn_runs(run, board.config))


def list_windows(board: Board, scan: Scan) -> Iterator[tuple[int, RunWindow, Run]]:
    """Yield the windows that have a run, each with its place and its run, or once for each pass of the run."""
    more = last = 0
    for i, window in enumerate(scan.windows):
        if window.run_uid:
            for one in list_drawn_runs(board.runs[window.run_uid], board.config):
                last = (one.pass_number or 1) - 1
                yield i + more + last, window, one
            more += last


def build_absorber(scan: Scan) -> Absorber:
    """Build the absorber that an XAFS scan measures."""
    start = scan.start.get_message(XafsscanStart)
    return Absorber(start.element, start.edge, start.mode, start.fluo_detector)


def _compute_spectrum(board: Board, run: Run, absorber: Absorber, window: RunWindow) -> Spectrum | None:
    """Compute the spectrum of a repetition; the same object is returned as long as the run has the same points."""

    def compute() -> Spectrum | None:
        try:
            return compute_absorption(run, board.config, absorber, number)
        except (MissingColumnError, NoChannelsError):
            return None

    number = window.repetition
    return run.points.compute_once(("spectrum", absorber, number), compute)
