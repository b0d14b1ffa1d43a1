"""Kind of fluorescence spectra inside an XAFS scan: one message names the run and the energies."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.run_requests import RunRequest, build_spectra_requests, run_request_builders
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds

scan_kinds.register("xrfat")(ScanKind(single_message_actions=frozenset({"start"}), names_its_run=True))


@run_request_builders.register("xrfat")
def build_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for the named run, with the spectra of the requested points."""
    message = scan.start.get_message(XrfatStart)
    return build_spectra_requests(board, message.uid, tuple(message.energy))
