"""Kind of alignments of the goniometer: the statistics of a peak, for which a plan waits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xafs_workers.messages.xrr_alignment import XrrAlignment
from xafs_workers.scans.analysed_runs import build_analysed_run_requests, find_analysed_run
from xafs_workers.scans.analysis import Analysis, Reply, analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.fits import find_peak_problem
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.peak_statistics import PeakStatistics, compute_peak_statistics
from xafs_workers.scans.picture_requests import (
    NothingToDrawError,
    PictureRequest,
    PictureRule,
    picture_rules,
)
from xafs_workers.scans.run_requests import run_request_builders
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.scanned_signals import ScannedSignal, UnusableScanError, extract_signal

MONITORS = frozenset({"monitor", "bicron", "apd", "struck"})


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentState:
    """State of an alignment.

    Attributes
    ----------
    run
        None where it has not come.
    signal, reflected
        Signal of the peak, and that of the reflected region if it is drawn too; None where there is none.
    statistics
        None where there are none.
    problem
        Reason why a plan may not act on the statistics, or why there are none; '' where it may, or they may still come.
    """

    run: Run | None = None
    signal: ScannedSignal | None = None
    reflected: ScannedSignal | None = None
    statistics: PeakStatistics | None = None
    problem: str = ""


def find_alignment(board: Board, scan: Scan) -> AlignmentState:
    """Find the state of the alignment that the message of a scan asks for."""
    message = scan.start.get_message(XrrAlignment)
    found = find_analysed_run(board, scan)
    if found.run is None:
        return AlignmentState(problem=found.problem)
    run = found.run
    key = ("xrr alignment", message.motor, message.detector, message.delta is None, message.with_refl)
    return run.points.compute_once(key, lambda: _analyse_run(run, message, board.config))


def _analyse_run(run: Run, message: XrrAlignment, config: BoardConfig) -> AlignmentState:
    try:
        signal = _extract_rate(run, message.motor, find_signal_key(message, config), config)
    except UnusableScanError as problem:
        return AlignmentState(run, problem=str(problem))
    statistics = compute_peak_statistics(signal.x, signal.y)
    reflected = _extract_reflected(run, message, config)
    return AlignmentState(run, signal, reflected, statistics, find_peak_problem(signal.y))


def _extract_rate(run: Run, motor: str, key: str, config: BoardConfig) -> ScannedSignal:
    """Extract a signal, divided by the dwell time where the run has one."""
    rate = config.columns.dwell_time in run.points
    signal = extract_signal(run, motor, key, config, rate=rate)
    return replace(signal, label=f"{signal.label} / dwell time (1/s)") if rate else signal


def _extract_reflected(run: Run, message: XrrAlignment, config: BoardConfig) -> ScannedSignal | None:
    if not message.with_refl:
        return None
    try:
        return _extract_rate(run, message.motor, config.goniometer.reflected, config)
    except UnusableScanError:
        return None  # it is drawn beside the peak, and is no part of the answer


def find_signal_key(message: XrrAlignment, config: BoardConfig) -> str:
    """Find the data key of the detector that a message names."""
    names, detector = config.goniometer, message.detector.lower()
    if detector == "mythen":
        return names.total if message.delta is None else names.direct
    if detector in MONITORS:
        return names.monitor
    known = {"mca_full": names.total, "dir": names.direct, "refl": names.reflected, "ic0": config.columns.i0}
    return known.get(detector, message.detector)


def analyse(board: Board, scan: Scan) -> Analysis | None:
    """Build the answer: the statistics; marked as estimates where the peak does not rise above the noise."""
    state = find_alignment(board, scan)
    if state.statistics is None:
        return Analysis(problem=state.problem) if state.problem else None
    values = state.statistics.to_values()
    if state.problem:
        return Analysis({"estimates": values}, state.problem)
    return Analysis(values, replies=(Reply(board.config.reply_keys.peak_statistics, repr(values)),))


def is_picture_requested(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether a message names a picture."""
    return isinstance(control.message, XrrAlignment) and control.message.stub is not None


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture, in the folder in which the reports look for it."""
    message, run = control.get_message(XrrAlignment), find_alignment(board, scan).run
    if run is None:
        raise NothingToDrawError("the run of the alignment has not come")
    name = message.stub if message.angle is None else f"{message.stub}_{message.motor}_{message.angle}"
    return PictureRequest(f"{message.folder}/{name}.png", run, overwrite=message.overwrite)


scan_kinds.register("xrr_alignment")(
    ScanKind(
        single_message_actions=frozenset({""}),
        names_its_run=True,
        keeps_previous=True,
        closed_by_line=True,
        clickable_axes=("x",),
    )
)
run_request_builders.register("xrr_alignment")(build_analysed_run_requests)
analysis_rules.register("xrr_alignment")(analyse)
picture_rules.register("xrr_alignment")(PictureRule(is_picture_requested, build_picture))
