"""What the board would like to have reduced: a pure function of the board, stated again after every restart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from xafs_workers.registry import Registry
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.board import Board
from xafs_workers.scans.results import Result, key_of_slot
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One reduction.

    Attributes
    ----------
    slot
        What it is for. Of two requests for one slot of a scan only the one of higher rank is of use.
    task
        ``merge`` or ``live``.
    parts
        Spectra to be merged; one for a live reduction.
    before
        A finished repetition, whose background a live reduction carries over.
    stand_in
        Another slot, whose result is shown until there is one of this.
    """

    scan: str
    slot: str
    rank: int
    task: Literal["merge", "live"]
    absorber: Absorber
    parts: tuple[Spectrum, ...]
    before: Spectrum | None = None
    stand_in: str = ""

    @property
    def key(self) -> str:
        """The key under which its result comes back."""
        return key_of_slot(self.slot, self.rank)


Maker = Callable[[Board, Scan], Iterable[Request]]

makers: Registry[Maker] = Registry("xafs_workers.scans")
"""By kind of scan: what is to be reduced for it, whether or not the result is there."""


def requests_of(board: Board, scan: Scan) -> tuple[Request, ...]:
    """Return all that is to be reduced for a scan."""
    maker = makers.get(scan.kind)
    return () if maker is None else tuple(maker(board, scan))


def answer_to(board: Board, request: Request) -> Result | None:
    """Return the result of a request, or that of an earlier state of the same; None as long as there is none."""
    return board.results.of(request.scan, request.slot)


def shown_for(board: Board, request: Request) -> Result | None:
    """Return what may be shown for a request: the answer to it, or to its stand-in."""
    return answer_to(board, request) or board.results.of(request.scan, request.stand_in)


def is_answered(board: Board, request: Request) -> bool:
    """Tell whether the result of this very request is there."""
    result = answer_to(board, request)
    return result is not None and result.rank >= request.rank


def requests(board: Board) -> tuple[Request, ...]:
    """Return the reductions whose results are still missing, in the order in which their scans started."""
    return tuple(
        request for scan in board.scans for request in requests_of(board, scan) if not is_answered(board, request)
    )


def awaited(board: Board, scan: Scan) -> bool:
    """Tell whether a result for this scan is still missing."""
    return any(not is_answered(board, request) for request in requests_of(board, scan))
