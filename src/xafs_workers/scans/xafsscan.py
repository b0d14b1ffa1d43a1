"""XAFS scans: a sequence of repetitions over an absorption edge."""

from __future__ import annotations

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds


def find_motors(start: ReceivedMessage, rules: BoardConfig) -> Motors:
    """Return the energy axis, along which the dwell time may be stepped too."""
    return Motors(frozenset({rules.columns.energy}), frozenset({rules.columns.dwell_time}))


scan_kinds.register("xafsscan")(ScanKind(("xafs",), find_motors, has_repetitions=True))
