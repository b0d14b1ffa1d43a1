"""The calibration of the monochromator: one message tells all."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("mono_calibration")(ScanKind(single_message_actions=frozenset({""})))
