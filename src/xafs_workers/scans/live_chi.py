"""Live chi(k): what is to be reduced of an XAFS scan while it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.absorption import Absorber, Spectrum, absorption
from xafs_workers.scans.board import Board
from xafs_workers.scans.detectors import NoChannels
from xafs_workers.scans.reduction_requests import Request, makers
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, Window
from xafs_workers.scans.spectra import MissingColumn


@makers.register("xafsscan")
def live_reductions(board: Board, scan: Scan) -> Iterator[Request]:
    """Yield a request for each repetition that has points.

    One that ended well is reduced as a whole; one that runs, or was aborted, by the rules for partial data, with
    the background of the last repetition before it that ended well.
    """
    absorber = absorber_of(scan)
    if absorber.mode == "test":
        return
    before: Spectrum | None = None
    for window, run in windows_with_points(board, scan):
        spectrum = _spectrum(board, run, absorber, window)
        if spectrum is None:
            continue
        live = f"live {run.uid} after {before.uid if before else 'none'}"
        if run.succeeded:
            whole = f"whole {run.uid}"
            yield Request(scan.id, whole, spectrum.generation, "merge", absorber, (spectrum,), stand_in=live)
            before = spectrum
        else:
            yield Request(scan.id, live, spectrum.generation, "live", absorber, (spectrum,), before)


def windows_with_points(board: Board, scan: Scan) -> Iterator[tuple[Window, Run]]:
    """Yield the windows that have a run with points."""
    for window in scan.windows:
        run = board.runs.get(window.run or "")
        if run is not None and len(run.points):
            yield window, run


def absorber_of(scan: Scan) -> Absorber:
    """Return what an XAFS scan measures."""
    start = cast(XafsscanStart, scan.start.message)
    return Absorber(start.element, start.edge, start.mode, start.fluo_detector)


def _spectrum(board: Board, run: Run, absorber: Absorber, window: Window) -> Spectrum | None:
    """Return the spectrum of a repetition, the same one as long as it has the same points."""

    def compute() -> Spectrum | None:
        try:
            return absorption(run, board.rules, absorber, label=label)
        except (MissingColumn, NoChannels):
            return None

    label = f"scan {window.repetition}"
    return run.points.derived(("spectrum", absorber, label), compute)
