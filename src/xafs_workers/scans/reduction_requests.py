"""What the board would like to have reduced: a pure function of the board, stated again after every restart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from xafs_workers.registry import Registry
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.board import Board
from xafs_workers.scans.results import RankedResult, format_slot_key
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True, eq=False)
class ReductionRequest:
    """One reduction.

    Attributes
    ----------
    slot
        What it is for. Of two requests for one slot of a scan only the one of higher rank is of use.
    task
        ``merge`` or ``live``.
    spectra
        Spectra to be merged; one for a live reduction.
    previous_spectrum
        A finished repetition, whose background a live reduction carries over.
    fallback_slot
        Another slot, whose result is shown until there is one of this.
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
        """The key under which its result comes back."""
        return format_slot_key(self.slot, self.rank)


RequestBuilder = Callable[[Board, Scan], Iterable[ReductionRequest]]

request_builders: Registry[RequestBuilder] = Registry("xafs_workers.scans")
"""By kind of scan: what is to be reduced for it, whether or not the result is there."""


def build_scan_requests(board: Board, scan: Scan) -> tuple[ReductionRequest, ...]:
    """Return all that is to be reduced for a scan."""
    maker = request_builders.get(scan.kind)
    return () if maker is None else tuple(maker(board, scan))


def find_result(board: Board, request: ReductionRequest) -> RankedResult | None:
    """Return the result of a request, or that of an earlier state of the same; None as long as there is none."""
    return board.results.get_result(request.scan_id, request.slot)


def find_displayed_result(board: Board, request: ReductionRequest) -> RankedResult | None:
    """Return what may be shown for a request: the answer to it, or to its stand-in."""
    return find_result(board, request) or board.results.get_result(request.scan_id, request.fallback_slot)


def is_answered(board: Board, request: ReductionRequest) -> bool:
    """Tell whether the result of this very request is there."""
    result = find_result(board, request)
    return result is not None and result.rank >= request.rank


def build_reduction_requests(board: Board) -> tuple[ReductionRequest, ...]:
    """Return the reductions whose results are still missing, in the order in which their scans started."""
    return tuple(
        request
        for scan in board.scans
        for request in build_scan_requests(board, scan)
        if not is_answered(board, request)
    )


def is_awaiting_results(board: Board, scan: Scan) -> bool:
    """Tell whether a result for this scan is still missing."""
    return any(not is_answered(board, request) for request in build_scan_requests(board, scan))
