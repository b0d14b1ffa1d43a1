"""Kind of the search for a wafer's edge: one message contains all results."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("wafer")(ScanKind(single_message_actions=frozenset({"edge"})))
