"""The edge of a wafer: one message tells all."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("wafer")(ScanKind(single_message_actions=frozenset({"edge"})))
