"""Kind of X-ray fluorescence spectra: one message names a run with one point."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRequest,
    PictureRule,
    build_in_folder,
    find_named_run,
    picture_rules,
    request_with_name,
)
from xafs_workers.scans.run_requests import RunRequest, build_spectra_requests, run_request_builders
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds

scan_kinds.register("xrf")(ScanKind(single_message_actions=frozenset({"plot"}), names_its_run=True))


@run_request_builders.register("xrf")
def build_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for the named run, with the spectra of its only point."""
    return build_spectra_requests(board, scan.start.get_message(XrfPlot).uid, (0.0,))


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture of the spectrum, in `XRF/` of the named run's proposal folder."""
    plot = control.get_message(XrfPlot)
    return build_in_folder("XRF", plot, find_named_run(plot.uid, board))


def is_posted(message: ControlMessage) -> bool:
    """Check whether the message requests a Slack post."""
    return isinstance(message, XrfPlot) and message.post


picture_rules.register("xrf")(PictureRule(request_with_name(XrfPlot), build_picture, is_posted=is_posted))
