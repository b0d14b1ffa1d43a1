"""Collection of what scans request; a scan that raises costs no other scan its requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

RequestT = TypeVar("RequestT")

log = get_logger("consumer")


class ScanRequestCollector(Generic[RequestT]):
    """Collector of the requests of all scans.

    Parameters
    ----------
    build
        Builds the requests of one scan.
    """

    def __init__(self, build: Callable[[Board, Scan], Iterable[RequestT]]):
        self._build = build
        self._failed: set[str] = set()

    def collect(self, board: Board) -> list[RequestT]:
        """Return the requests of all scans; a scan whose requests cannot be built is logged once and left out."""
        found: list[RequestT] = []
        for scan in board.scans:
            try:
                found.extend(self._build(board, scan))
            except Exception:
                if scan.id not in self._failed:
                    log.exception("scan_requests_failed", scan=scan.id)
                self._failed.add(scan.id)
        return found
