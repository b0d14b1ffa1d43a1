"""Kind of calibrations of the Mythen detector: its geometry, for which a plan waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.xrr_calibration_plot import XrrCalibrationPlot
from xafs_workers.scans.analysed_runs import build_analysed_run_requests, find_analysed_run
from xafs_workers.scans.analysis import Analysis, Reply, analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mythen import Geometry, NoGeometryError, find_geometry, stack_images
from xafs_workers.scans.picture_requests import NothingToDrawError, PictureRequest, PictureRule, picture_rules
from xafs_workers.scans.run_requests import RunRequest, run_request_builders
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.spectra import MissingColumnError, get_column

POST_TITLE = "Mythen calibration"
MAX_ETA_CHANGE = 1e-3
"""Largest change of the sample's angle that is no move, degrees."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationState:
    """State of a calibration.

    Attributes
    ----------
    run
        None where it has not come.
    geometry
        None where there is none.
    problem
        Reason why there is no geometry, '' where it may still come.
    """

    run: Run | None = None
    geometry: Geometry | None = None
    problem: str = ""


def find_calibration(board: Board, scan: Scan) -> CalibrationState:
    """Find the state of the calibration that the message of a scan asks for."""
    found = find_analysed_run(board, scan)
    if found.run is None:
        return CalibrationState(problem=found.problem)
    run, config = found.run, board.config
    if not run.arrays.size:
        return CalibrationState(run, problem=_describe_missing_image(board, scan, run))
    motor = scan.start.get_message(XrrCalibrationPlot).motor
    return run.points.compute_once(("mythen calibration", motor), lambda: _analyse_run(run, motor, config))


def _describe_missing_image(board: Board, scan: Scan, run: Run) -> str:
    """Describe why there is no image; '' as long as the catalog may bring it."""
    key = board.config.goniometer.image
    if run.uid in board.missing_runs:
        return f"{key}: {board.missing_runs[run.uid]}"
    if not board.config.fetching_enabled:
        return f"no {key} in the documents of this run"
    if board.now > scan.start.time + board.config.reply_time:
        return f"{key} did not come from the catalog within {board.config.reply_time:g} s"
    return ""


def _analyse_run(run: Run, motor: str, config: BoardConfig) -> CalibrationState:
    names = config.goniometer
    image = stack_images(run, names.image)
    if image is None:
        return CalibrationState(run, problem=f"no {names.image} at each point of this run")
    try:
        monitor, delta = get_column(run.points, names.monitor), get_column(run.points, motor)
        return CalibrationState(run, find_geometry(image, monitor, delta, _find_eta(run, config)))
    except (MissingColumnError, NoGeometryError) as problem:
        return CalibrationState(run, problem=str(problem))


def _find_eta(run: Run, config: BoardConfig) -> float:
    """Find the angle of the sample, which does not move: in the baseline, else at the points."""
    key = config.goniometer.eta
    if key in run.baseline:
        return run.baseline[key]
    if key not in run.points:
        raise NoGeometryError(f"no {key} in the baseline of this run (expected the angle of the sample)")
    eta = get_column(run.points, key)
    if not np.ptp(eta) < MAX_ETA_CHANGE:
        raise NoGeometryError(f"{key} moved in this run (expected one angle of the sample)")
    return float(eta.mean())


def analyse(board: Board, scan: Scan) -> Analysis | None:
    """Build the answer: pixel zero, and the distance in pixels (by the name that plans use) and in mm."""
    state = find_calibration(board, scan)
    found = state.geometry
    if found is None:
        return Analysis(problem=state.problem) if state.problem else None
    values = {
        "pixelz": found.pixel_zero,
        "angle_per_pixel": 1.0 / found.slope,
        "distance": found.compute_distance(board.config.goniometer.pixel_width),
    }
    return Analysis(values, replies=(Reply(board.config.reply_keys.mythen_calibration, repr(values)),))


def build_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for the run, or for its image and baseline where the documents did not bring them."""
    run = find_analysed_run(board, scan).run
    if run is None:
        yield from build_analysed_run_requests(board, scan)
    elif not run.arrays.size and run.uid not in board.missing_runs:
        yield RunRequest(run.uid, image_key=board.config.goniometer.image)


def is_picture_requested(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether a message names a picture."""
    return isinstance(control.message, XrrCalibrationPlot) and control.message.stub is not None


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture, in `snapshots/` of the run's proposal."""
    message, run = control.get_message(XrrCalibrationPlot), find_calibration(board, scan).run
    if run is None:
        raise NothingToDrawError("the run of the calibration has not come")
    return PictureRequest(f"snapshots/{message.stub}.png", run, overwrite=message.overwrite)


def is_posted(message: ControlMessage) -> bool:
    """Check whether the message requests a picture, which is posted too."""
    return isinstance(message, XrrCalibrationPlot) and message.stub is not None


def build_post_title(scan: Scan) -> str:
    """Return the title of the picture's post."""
    return POST_TITLE


scan_kinds.register("xrr_calibration_plot")(
    ScanKind(single_message_actions=frozenset({""}), names_its_run=True, keeps_previous=True)
)
run_request_builders.register("xrr_calibration_plot")(build_run_requests)
analysis_rules.register("xrr_calibration_plot")(analyse)
picture_rules.register("xrr_calibration_plot")(
    PictureRule(is_picture_requested, build_picture, is_posted=is_posted, build_post_title=build_post_title)
)
