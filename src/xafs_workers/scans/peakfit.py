"""Kind of the fits of a peak."""

from __future__ import annotations

from xafs_workers.messages.peakfit import Peakfit
from xafs_workers.scans.fit_answers import register_fit_kind
from xafs_workers.scans.fits import FitOrder
from xafs_workers.scans.scan import Scan


def read_order(scan: Scan) -> FitOrder:
    """Read what a message asks for; an unknown choice means the largest value, as plans expect."""
    message = scan.start.get_message(Peakfit)
    choice = message.choice if message.choice in ("fit", "com") else "peak"
    return FitOrder("peak", message.motor_name, message.signal, choice, message.spinner, message.rate)


register_fit_kind("peakfit", read_order)
