"""Kind of the monochromator's calibration: one message contains all results."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("mono_calibration")(ScanKind(single_message_actions=frozenset({""})))
