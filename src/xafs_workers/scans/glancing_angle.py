"""Kind of the alignment of a spinner at a glancing angle: results in messages, or fits that plans ask for."""

from __future__ import annotations

from xafs_workers.messages.glancing_angle import GlancingAngleStart, GlancingAngleStop
from xafs_workers.scans.alignments import AlignmentRule, alignment_rules, collect_fits, is_alignment_complete
from xafs_workers.scans.board import Board
from xafs_workers.scans.fits import FitState
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    NothingToDrawError,
    PictureRequest,
    PictureRule,
    find_latest_run,
    picture_rules,
    post_always,
)
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds

scan_kinds.register("glancing_angle")(
    ScanKind(result_actions=frozenset({"linear", "pitch", "fluo"}), fits_follow=True, collects_fits=True)
)


def find_part(state: FitState) -> str:
    """Return the part of the summary in which a fit is shown: a step is the linear scan, a peak one of the others."""
    if state.order.shape == "step":
        return "linear"
    return "fluo" if state.order.signal.lower() == "if" else "pitch"


alignment_rules.register("glancing_angle")(
    AlignmentRule(
        find_part,
        {
            "linear": "spinner_height_run",
            "pitch": "spinner_pitch_run",
            "fluo": "spinner_fluorescence_run",
        },
    )
)


def requests_summary(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether the end of an alignment requests a picture of its summary: the start message names it."""
    return isinstance(control.message, GlancingAngleStop) and _find_filename(scan) is not None


def build_summary(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the summary of an alignment, in `snapshots/` unless its name is absolute."""
    name, overwrite = _find_filename(scan), control.message.may_overwrite
    if name is None or not (scan.result_messages or collect_fits(board, scan)):
        raise NothingToDrawError("the alignment came to no result")
    if name.startswith("/"):
        return PictureRequest(name, None, overwrite=overwrite)
    return PictureRequest(f"snapshots/{name}", find_latest_run(control, board), overwrite=overwrite)


def _find_filename(scan: Scan) -> str | None:
    return scan.start.get_message(GlancingAngleStart).filename


picture_rules.register("glancing_angle")(
    PictureRule(requests_summary, build_summary, is_due=is_alignment_complete, is_posted=post_always)
)
