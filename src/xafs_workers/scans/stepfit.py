"""Kind of the fits of an edge, whose picture may be saved."""

from __future__ import annotations

from xafs_workers.messages.stepfit import Stepfit
from xafs_workers.scans.board import Board
from xafs_workers.scans.fit_answers import register_fit_kind
from xafs_workers.scans.fits import FitOrder, find_fit
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    NothingToDrawError,
    PictureRequest,
    PictureRule,
    build_in_folder,
    picture_rules,
    request_with_name,
)
from xafs_workers.scans.scan import Scan


def read_order(scan: Scan) -> FitOrder:
    """Read what a message asks for."""
    message = scan.start.get_message(Stepfit)
    return FitOrder("step", message.motor_name, message.signal, spinner=message.spinner)


def build_picture(control: ReceivedMessage, scan: Scan, board: Board) -> PictureRequest:
    """Build the request for the picture of a fit, in the folder that the message names in the run's proposal."""
    message, run = control.get_message(Stepfit), find_fit(board, scan).run
    if run is None:
        raise NothingToDrawError("the run of the fit has not come")
    return build_in_folder(message.folder or "snapshots", message, run)


register_fit_kind("stepfit", read_order)
picture_rules.register("stepfit")(PictureRule(request_with_name(Stepfit), build_picture))
