"""Kind of reflectivity scans: one run along an angle of the goniometer."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.xrr import XrrStart, XrrStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import PictureRule, build_scan_picture, picture_rules, post_always
from xafs_workers.scans.run_requests import RunRequest, build_spectra_requests, run_request_builders
from xafs_workers.scans.scan import Motors, Scan, ScanKind, scan_kinds

HINTS = ("xrr", "XRR", "reflectivity")
"""First words of the hints of its runs; the plans of the goniometer are not public, so several are accepted."""


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return the scanned motor."""
    return Motors(frozenset({start.get_message(XrrStart).motor}))


def is_picture_requested(control: ReceivedMessage, scan: Scan, board: Board) -> bool:
    """Check whether a message requests a picture; an aborted scan has none."""
    message = control.message
    return isinstance(message, XrrStop) and message.filename is not None and not message.is_aborted


def build_post_title(scan: Scan) -> str:
    """Build the title of the picture's post."""
    return f"XRR: {scan.start.get_message(XrrStart).title or ''}".rstrip(": ")


scan_kinds.register("xrr")(
    ScanKind(HINTS, find_motors, keeps_previous=True, ended_by_resting_state=True, clickable_axes=("x",))
)
picture_rules.register("xrr")(
    PictureRule(
        is_picture_requested, build_scan_picture("pictures"), is_posted=post_always, build_post_title=build_post_title
    )
)


@run_request_builders.register("xrr")
def build_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for the run that the end of the scan names, if the worker did not follow it."""
    for uid in scan.named_run_uids:
        yield from build_spectra_requests(board, uid, ())
