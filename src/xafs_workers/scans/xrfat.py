"""Fluorescence spectra inside an XAFS scan: one message names the run and the energies."""

from __future__ import annotations

from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("xrfat")(ScanKind(single_message_actions=frozenset({"start"}), names_its_run=True))
