"""Collection of what scans request; a scan that raises costs no other scan its requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

RequestT = TypeVar("RequestT")

log = get_logger("consumer")


class _ObservedRuns(Mapping[str, Run]):
    """The runs of a board; it notes which of them were looked up."""

    def __init__(self, runs: Mapping[str, Run]):
        self._runs = runs
        self.seen: dict[str, Run | None] = {}
        self.has_read_all = False

    def __getitem__(self, uid: str) -> Run:
        self.seen[uid] = self._runs.get(uid)
        return self._runs[uid]

    def __iter__(self) -> Iterator[str]:
        self.has_read_all = True
        return iter(self._runs)

    def __len__(self) -> int:
        self.has_read_all = True
        return len(self._runs)


@dataclass(frozen=True, slots=True, eq=False)
class _KnownRequests(Generic[RequestT]):
    """Requests of a scan, with the runs from which they follow, and whether the scan was closed."""

    requests: tuple[RequestT, ...]
    runs: Mapping[str, Run | None]
    is_closed: bool


class ScanRequestCollector(Generic[RequestT]):
    """Collector of the requests of all scans; it builds only those that a change of the board can have changed.

    Parameters
    ----------
    build
        Builds the requests of one scan, a pure function.
    """

    def __init__(self, build: Callable[[Board, Scan], Iterable[RequestT]]):
        self._build = build
        self._failed: set[str] = set()
        self._board: Board | None = None
        self._known: dict[str, _KnownRequests[RequestT]] = {}

    def collect(self, board: Board) -> list[RequestT]:
        """Return the requests of all scans; a scan whose requests cannot be built is logged once and left out."""
        known = self._select_valid(board)
        self._board, self._known = board, {}
        found: list[RequestT] = []
        for scan in board.scans:
            one = known.get(scan.id) or self._build_requests(board, scan)
            if one is not None:
                self._known[scan.id] = one
                found.extend(one.requests)
        return found

    def _select_valid(self, board: Board) -> dict[str, _KnownRequests[RequestT]]:
        """Select the known requests that are those of this board too."""
        before = self._board
        if before is None or before.scans is not board.scans or before.missing_runs is not board.missing_runs:
            return {}
        changed = {
            place[0]
            for place, result in (board.results.entries.items() if board.results is not before.results else ())
            if before.results.entries.get(place) is not result
        }
        return {scan: one for scan, one in self._known.items() if scan not in changed and self._is_valid(one, board)}

    def _is_valid(self, one: _KnownRequests[RequestT], board: Board) -> bool:
        return one.is_closed and all(board.runs.get(uid) is run for uid, run in one.runs.items())

    def _build_requests(self, board: Board, scan: Scan) -> _KnownRequests[RequestT] | None:
        """Build the requests of a scan; None where that fails."""
        runs = _ObservedRuns(board.runs)
        try:
            requests = tuple(self._build(replace(board, runs=runs), scan))
        except Exception:
            if scan.id not in self._failed:
                log.exception("scan_requests_failed", scan=scan.id)
            self._failed.add(scan.id)
            return None
        is_stable = board.is_closed(scan) and not runs.has_read_all
        return _KnownRequests(requests, runs.seen, is_stable)
