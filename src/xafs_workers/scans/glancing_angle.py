"""The alignment of a spinner at a glancing angle: results of scans across it, told by messages alone."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("glancing_angle")(ScanKind(result_actions=frozenset({"linear", "pitch", "fluo"})))
