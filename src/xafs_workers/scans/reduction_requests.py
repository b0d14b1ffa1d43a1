"""Reductions that the board requests: a pure function of the board, so they are requested again after a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from xafs_workers.registry import Registry
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.board import Board
from xafs_workers.scans.fit_requests import FitRequest
from xafs_workers.scans.results import RankedResult, format_slot_key
from xafs_workers.scans.scan import Scan, scan_kinds


@dataclass(frozen=True, slots=True, eq=False)
class ReductionRequest:
    """Request for one reduction.

    Attributes
    ----------
    slot
        Name of the result's use. Of two requests for one slot of a scan, only the one of higher rank is needed.
    rank
        Order of the requests for one slot: a later state has a higher rank.
    task
        ``merge`` or ``live``.
    spectra
        Spectra to be merged; one for a live reduction.
    previous_spectrum
        Spectrum of a finished repetition, whose background a live reduction uses; None for none.
    fallback_slot
        Another slot, whose result is shown before this one has a result.
    """

    scan_id: str
    slot: str
    rank: int
    task: Literal["merge", "live"]
    absorber: Absorber
    spectra: tuple[Spectrum, ...]
    previous_spectrum: Spectrum | None = None
    fallback_slot: str = ""

    @property
    def key(self) -> str:
        """Key of the result."""
        return format_slot_key(self.slot, self.rank)


AnyRequest = ReductionRequest | FitRequest

RequestBuilder = Callable[[Board, Scan], Iterable[AnyRequest]]

request_builders: Registry[RequestBuilder] = Registry("xafs_workers.scans", "request_builders", scan_kinds.discover)
"""Builders of a scan's requests for reductions or fits by kind of scan, whether or not the results exist."""


def build_scan_requests(board: Board, scan: Scan) -> tuple[AnyRequest, ...]:
    """Build all reduction requests of a scan."""
    builder = request_builders.get(scan.kind)
    return () if builder is None else tuple(builder(board, scan))


def find_result(board: Board, request: AnyRequest) -> RankedResult | None:
    """Find the result of a request or of an earlier request for its slot, None for none."""
    return board.results.get_result(request.scan_id, request.slot)


def find_displayed_result(board: Board, request: ReductionRequest) -> RankedResult | None:
    """Find the result that is shown for a request: its own, or that of the fallback slot."""
    return find_result(board, request) or board.results.get_result(request.scan_id, request.fallback_slot)


def is_answered(board: Board, request: AnyRequest) -> bool:
    """Check whether the result of this request, and not only of an earlier one, exists."""
    result = find_result(board, request)
    return result is not None and result.rank >= request.rank


def build_reduction_requests(board: Board) -> tuple[AnyRequest, ...]:
    """Build the reduction requests without a result, in the order in which their scans started."""
    return tuple(request for scan in board.scans for request in build_pending_requests(board, scan))


def build_pending_requests(board: Board, scan: Scan) -> tuple[AnyRequest, ...]:
    """Build the reduction requests of a scan without a result."""
    return tuple(request for request in build_scan_requests(board, scan) if not is_answered(board, request))


def is_awaiting_results(board: Board, scan: Scan) -> bool:
    """Check whether a result for this scan is still missing."""
    return any(not is_answered(board, request) for request in build_scan_requests(board, scan))
