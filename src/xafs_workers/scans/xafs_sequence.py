"""XAFS sequences: the finished repetitions of one scan, to be merged and reduced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import cast

import numpy as np

from xafs_workers.messages.xafs_sequence import XafsSequenceStart
from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.absorption import Absorber, Spectrum, absorption
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import NoChannels
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.reduction_requests import Request, makers
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.spectra import MissingColumn

FEWEST_POINTS = 2
"""Of a spectrum that can take part in a merge."""


scan_kinds.register("xafs_sequence")(ScanKind())


@dataclass(frozen=True, slots=True, eq=False)
class Repetition:
    """One finished run of a sequence.

    Attributes
    ----------
    number
        1-based, as the plan counts.
    spectrum
        None where it takes no part in the merge: not yet, or because of its `problem`.
    """

    number: int
    uid: str
    spectrum: Spectrum | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """What is known of a sequence.

    Attributes
    ----------
    name
        Of the sample, for titles.
    stub
        Of its files.
    repetitions
        Those that were added, in order, then those that were aborted and never added.
    """

    scan: Scan
    name: str
    stub: str
    absorber: Absorber
    planned: int
    repetitions: tuple[Repetition, ...]

    @property
    def merged(self) -> tuple[Spectrum, ...]:
        """The spectra that make up the merge."""
        return tuple(one.spectrum for one in self.repetitions if one.spectrum is not None)

    @property
    def left_out(self) -> tuple[Repetition, ...]:
        """The repetitions that take no part in the merge, and why."""
        return tuple(one for one in self.repetitions if one.problem)

    def after(self, added: int) -> Sequence:
        """Return the sequence as it was when so many repetitions had been added."""
        return replace(self, repetitions=self.repetitions[:added])

    def merge(self, n: int) -> Request:
        """Return the request to reduce the merge of the first `n` spectra, 1 or more."""
        parts = self.merged[:n]
        return Request(self.scan.id, f"merge {n} {_content(self.absorber, parts)}", 0, "merge", self.absorber, parts)


def sequence_of(board: Board, scan: Scan) -> Sequence:
    """Return what is known of a sequence now."""
    start = cast(XafsSequenceStart, scan.start.message)
    companion = _companion(board, scan)
    live = companion.start.message if companion is not None else None
    live = live if isinstance(live, XafsscanStart) else None
    absorber = Absorber(start.element, start.edge, start.mode, live.fluo_detector if live else None)
    repetitions = (*_added(board, scan, absorber), *_never_added(board, scan, companion))
    first = next((board.runs[uid] for uid in scan.added_runs if uid in board.runs), None)
    stub = (live.filename if live else "") or _told(first, "filename") or _stem(scan)
    return Sequence(scan, _name(live, first) or stub, stub, absorber, start.repetitions, repetitions)


@makers.register("xafs_sequence")
def merges(board: Board, scan: Scan) -> Iterator[Request]:
    """Yield a request for the merge after each repetition: the noise of each is part of the advice."""
    if cast(XafsSequenceStart, scan.start.message).mode == "test":
        return
    sequence = sequence_of(board, scan)
    for n in range(1, len(sequence.merged) + 1):
        yield sequence.merge(n)


def _companion(board: Board, scan: Scan) -> Scan | None:
    """Return the live scan that goes with a sequence: the first that started in its time."""
    following = [one.begins for one in board.scans if one.kind == scan.kind and one.begins > scan.begins]
    until = min(following, default=None)
    inside = (
        one
        for one in board.scans
        if one.kind == "xafsscan" and one.begins > scan.begins and (until is None or one.begins < until)
    )
    return next(inside, None)


def _added(board: Board, scan: Scan, absorber: Absorber) -> Iterator[Repetition]:
    settled = board.closed(scan)
    for place, uid in enumerate(scan.added_runs, start=1):
        run = board.runs.get(uid)
        number = (run.repetition if run is not None else None) or place
        if run is None or run.stop is None:
            yield Repetition(number, uid, problem=_why_not_there(board, uid, run, settled=settled))
        elif not run.succeeded:
            yield Repetition(number, uid, problem=_how_it_ended(run))
        else:
            yield _measured(number, run, board.rules, absorber)


def _why_not_there(board: Board, uid: str, run: Run | None, *, settled: bool) -> str:
    """Return why a repetition that was added is not there, '' as long as it may still come."""
    if board.rules.fetches:
        return board.absent.get(uid, "")
    if not settled:
        return ""
    return "its run is not known" if run is None else "its run never ended"


def _measured(number: int, run: Run, rules: Rules, absorber: Absorber) -> Repetition:
    try:
        spectrum = absorption(run, rules, absorber, label=f"scan {number}")
    except (MissingColumn, NoChannels) as problem:
        return Repetition(number, run.uid, problem=str(problem))
    usable = int(np.count_nonzero(np.isfinite(spectrum.mu) & np.isfinite(spectrum.energy)))
    if usable < FEWEST_POINTS:
        return Repetition(number, run.uid, problem=f"{usable} of {len(run.points)} points can be used")
    return Repetition(number, run.uid, spectrum)


def _never_added(board: Board, scan: Scan, companion: Scan | None) -> Iterator[Repetition]:
    """Yield the repetitions that ended badly: plans add only those that ended well."""
    for window in companion.windows if companion is not None else ():
        run = board.runs.get(window.run or "")
        if run is None or run.uid in scan.added_runs or run.stop is None or run.succeeded:
            continue
        yield Repetition(window.repetition, run.uid, problem=_how_it_ended(run))


def _how_it_ended(run: Run) -> str:
    status = text(mapping(run.stop).get("exit_status"))
    return {"abort": "aborted", "fail": "failed", "": "failed"}.get(status, status)


def _content(absorber: Absorber, parts: Iterable[Spectrum]) -> str:
    """Return a name for this very content: the spectra as they are, and what is made of them."""
    named = repr((absorber, [(part.uid, part.generation) for part in parts]))
    return blake2b(named.encode(), digest_size=12).hexdigest()


def _name(live: XafsscanStart | None, run: Run | None) -> str:
    if live is not None and live.sample:
        return live.sample
    return text(mapping(run.xdi.get("Sample")).get("name")) if run is not None else ""


def _told(run: Run | None, key: str) -> str:
    return text(mapping(run.start.get("BMM_kafka")).get(key)) if run is not None else ""


def _stem(scan: Scan) -> str:
    name = getattr(scan.end.message, "filename", None) if scan.end is not None else None
    return str(name).rpartition("/")[2].partition(".")[0] if name else scan.kind
