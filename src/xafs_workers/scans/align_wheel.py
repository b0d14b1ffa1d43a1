"""Kind of the search for a slot of the sample wheel: two results in messages, without runs."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("align_wheel")(ScanKind(result_actions=frozenset({"find_slot"})))
