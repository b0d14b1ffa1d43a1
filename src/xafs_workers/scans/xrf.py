"""X-ray fluorescence spectra: one message names a run that counted once."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("xrf")(ScanKind(single_message_actions=frozenset({"plot"}), names_its_run=True))
