"""Kind of comparisons of reflectivity scans: one message names all runs."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.xrrplot import XrrPlot
from xafs_workers.scans.board import Board
from xafs_workers.scans.run_requests import RunRequest, build_spectra_requests, run_request_builders
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds

scan_kinds.register("xrrplot")(ScanKind(single_message_actions=frozenset({""}), names_its_run=True))


@run_request_builders.register("xrrplot")
def build_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for each named run that is not complete."""
    for uid in dict.fromkeys(scan.start.get_message(XrrPlot).uid):
        yield from build_spectra_requests(board, uid, ())
