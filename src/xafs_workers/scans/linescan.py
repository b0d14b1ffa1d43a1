"""Line scans: one motor, or time where no motor is given."""

from __future__ import annotations

from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, rules: BoardConfig) -> Motors:
    """Return the scanned motor; nothing for a scan against time."""
    message = start.message
    assert isinstance(message, LinescanStart)  # noqa: S101 - the registry maps the kind to this class
    return Motors(frozenset({message.motor} if message.motor else ()))


scan_kinds.register("linescan")(ScanKind(("linescan", "rectanglescan"), find_motors, keeps_previous=True))
