"""Kind of XAFS scans: repetitions over an absorption edge."""

from __future__ import annotations

from xafs_workers.messages.xafsscan import XafsscanStart, XafsscanStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRequest,
    PictureRule,
    find_finished_run,
    picture_rules,
    post_always,
)
from xafs_workers.scans.scan import Motors, Scan, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return the energy."""
    return Motors(has_energy=True)


scan_kinds.register("xafsscan")(
    ScanKind(
        ("xafs",), find_motors, "xafs", has_repetitions=True, ended_by_resting_state=True, reported_by_dossier=True
    )
)


def requests_picture(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether the end of a scan requests a picture; only an explicit null as its name does not."""
    message = control.message
    return isinstance(message, XafsscanStop) and not (
        message.filename is None and "filename" in message.model_fields_set
    )


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture of the live figure, with the same number as the data files."""
    stop, stub = control.get_message(XafsscanStop), scan.start.get_message(XafsscanStart).filename
    name = stop.filename or f"snapshots/{stub}_liveplot.png"
    return PictureRequest(name, find_finished_run(stop.uid, scan, board), stub, overwrite=stop.overwrite)


picture_rules.register("xafsscan")(PictureRule(requests_picture, build_picture, is_posted=post_always))
