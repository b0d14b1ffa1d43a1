"""Kind of the alignment of a spinner at a glancing angle: results in messages, without runs."""

from __future__ import annotations

from xafs_workers.messages.glancing_angle import GlancingAngleStart, GlancingAngleStop
from xafs_workers.scans.board import Board
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

scan_kinds.register("glancing_angle")(ScanKind(result_actions=frozenset({"linear", "pitch", "fluo"})))


def requests_summary(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether the end of an alignment requests a picture of its summary: the start message names it."""
    return isinstance(control.message, GlancingAngleStop) and _find_filename(scan) is not None


def build_summary(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the summary of an alignment, in `snapshots/` unless its name is absolute."""
    name, overwrite = _find_filename(scan), control.message.may_overwrite
    if name is None or not scan.result_messages:
        raise NothingToDrawError("the alignment came to no result")
    if name.startswith("/"):
        return PictureRequest(name, None, overwrite=overwrite)
    return PictureRequest(f"snapshots/{name}", find_latest_run(control, board), overwrite=overwrite)


def _find_filename(scan: Scan) -> str | None:
    return scan.start.get_message(GlancingAngleStart).filename


picture_rules.register("glancing_angle")(PictureRule(requests_summary, build_summary, is_posted=post_always))
