"""Kind of the fits of a slot."""

from __future__ import annotations

from xafs_workers.messages.rectanglefit import Rectanglefit
from xafs_workers.scans.fit_answers import register_fit_kind
from xafs_workers.scans.fits import FitOrder
from xafs_workers.scans.scan import Scan


def read_order(scan: Scan) -> FitOrder:
    """Read what a message asks for."""
    message = scan.start.get_message(Rectanglefit)
    return FitOrder("rectangle", message.motor_name, message.signal, drop=message.drop or 0)


register_fit_kind("rectanglefit", read_order)
