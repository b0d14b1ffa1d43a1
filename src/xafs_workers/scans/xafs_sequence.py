"""XAFS sequences: the finished repetitions of one scan, which are merged and reduced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np

from xafs_workers.messages.xafs_sequence import XafsSequenceStart
from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.absorption import Absorber, Spectrum, compute_absorption
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.edge_guess import resolve_absorber
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.reduction_requests import ReductionRequest, request_builders
from xafs_workers.scans.run_requests import RunRequest, run_request_builders
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.spectra import MissingColumnError

LIVE_KIND = "xafsscan"
"""Kind of the live scan that belongs to a sequence."""

MIN_POINTS = 2
"""Smallest number of points of a spectrum that is merged."""


scan_kinds.register("xafs_sequence")(
    ScanKind(merged_form="xafs", ends_with=LIVE_KIND, reported_by_dossier=True, question_actions=frozenset({"enough"}))
)


@dataclass(frozen=True, slots=True, eq=False)
class Repetition:
    """One finished run of a sequence.

    Attributes
    ----------
    number
        Number of the repetition in the plan, from 1.
    spectrum
        Spectrum for the merge; None before it is complete, or if it has a `problem`.
    """

    number: int
    uid: str
    spectrum: Spectrum | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class XafsSequence:
    """Present state of a sequence.

    Attributes
    ----------
    name
        Name of the sample, for titles.
    stub
        Stub of its files' names.
    repetitions
        Added repetitions, in order, then those that were aborted and never added.
    """

    scan: Scan
    name: str
    stub: str
    absorber: Absorber
    planned_repetitions: int
    repetitions: tuple[Repetition, ...]

    @property
    def merged_spectra(self) -> tuple[Spectrum, ...]:
        """The spectra that are merged."""
        return tuple(one.spectrum for one in self.repetitions if one.spectrum is not None)

    @property
    def excluded_repetitions(self) -> tuple[Repetition, ...]:
        """The repetitions that are not merged, each with its problem."""
        return tuple(one for one in self.repetitions if one.problem)

    def truncate(self, added: int) -> XafsSequence:
        """Return the sequence as it was after so many repetitions had been added."""
        return replace(self, repetitions=self.repetitions[:added])

    def build_merge_request(self, n: int) -> ReductionRequest:
        """Build the request to reduce the merge of the first `n` spectra, 1 or more."""
        parts = self.merged_spectra[:n]
        return ReductionRequest(
            self.scan.id, f"merge {n} {_hash_content(self.absorber, parts)}", 0, "merge", self.absorber, parts
        )


def build_sequence(board: Board, scan: Scan) -> XafsSequence:
    """Build the present state of a sequence from the board."""
    start = scan.start.get_message(XafsSequenceStart)
    companion = find_companion(board, scan)
    live = companion.start.message if companion is not None else None
    live = live if isinstance(live, XafsscanStart) else None
    absorber = Absorber(start.element, start.edge, start.mode, live.fluo_detector if live else None)
    if scan.is_implied:
        found = resolve_absorber(absorber, board.runs[scan.run_uids[0]], board.config)
        absorber = replace(absorber, mode="test") if found is None else found
    added = _exclude_other_channels(tuple(_build_added_repetitions(board, scan, absorber)))
    repetitions = (*added, *_find_failed_repetitions(board, scan, companion))
    first = next((board.runs[uid] for uid in scan.added_run_uids if uid in board.runs), None)
    stub = (live.filename if live else "") or _read_metadata(first, "filename") or _find_file_stem(scan)
    return XafsSequence(scan, _find_sample_name(live, first) or stub, stub, absorber, start.repetitions, repetitions)


@request_builders.register("xafs_sequence")
def build_merge_requests(board: Board, scan: Scan) -> Iterator[ReductionRequest]:
    """Yield a request for the merge after each repetition: the noise of each is part of the advice."""
    sequence = build_sequence(board, scan)
    if sequence.absorber.mode == "test":
        return
    for n in range(1, len(sequence.merged_spectra) + 1):
        yield sequence.build_merge_request(n)


@run_request_builders.register("xafs_sequence")
def build_run_requests(board: Board, scan: Scan) -> Iterator[RunRequest]:
    """Yield a request for each added run whose documents are missing or incomplete."""
    for uid in scan.added_run_uids:
        run = board.runs.get(uid)
        gone = run is None or (run.stop is None and scan.has_ended)
        if gone and uid not in board.missing_runs:
            yield RunRequest(uid)


def find_companion(board: Board, scan: Scan) -> Scan | None:
    """Find the live scan that belongs to a sequence: the first that started before the next sequence.

    That of an implied sequence is the implied scan of the same runs.
    """
    if scan.is_implied:
        return next((one for one in board.scans if one.kind == LIVE_KIND and one.outline is scan.outline), None)
    following = [
        one.start_position for one in board.scans if one.kind == scan.kind and one.start_position > scan.start_position
    ]
    until = min(following, default=None)
    inside = (
        one
        for one in board.scans
        if one.kind == LIVE_KIND
        and not one.is_implied
        and one.start_position > scan.start_position
        and (until is None or one.start_position < until)
    )
    return next(inside, None)


def _build_added_repetitions(board: Board, scan: Scan, absorber: Absorber) -> Iterator[Repetition]:
    settled, more = board.is_closed(scan), 0
    for place, uid in enumerate(scan.added_run_uids, start=1):
        run = board.runs.get(uid)
        number = (run.repetition if run is not None else None) or place
        if run is None or run.stop is None:
            yield Repetition(number, uid, problem=_describe_missing_run(board, uid, run, settled=settled))
        elif not run.has_succeeded:
            yield Repetition(number, uid, problem=_describe_exit_status(run))
        else:
            last = 0
            for one in list_measured_runs(run, board.config):
                last = (one.pass_number or 1) - 1
                yield _build_repetition(number + more + last, one, board.config, absorber)
            more += last


def _exclude_other_channels(repetitions: tuple[Repetition, ...]) -> tuple[Repetition, ...]:
    """Exclude the repetitions whose sum is of other fluorescence channels than that of most."""
    counts = Counter(one.spectrum.channels for one in repetitions if one.spectrum is not None)
    if len(counts) < 2:
        return repetitions
    usual = counts.most_common(1)[0][0]
    return tuple(
        one
        if one.spectrum is None or one.spectrum.channels == usual
        else replace(one, spectrum=None, problem=f"its channels are others: {', '.join(one.spectrum.channels)}")
        for one in repetitions
    )


def _describe_missing_run(board: Board, uid: str, run: Run | None, *, settled: bool) -> str:
    """Return the reason why an added repetition is missing, '' as long as it may still arrive."""
    if board.config.fetching_enabled:
        return board.missing_runs.get(uid, "")
    if not settled:
        return ""
    return "its run is not known" if run is None else "its run never ended"


def _build_repetition(number: int, run: Run, config: BoardConfig, absorber: Absorber) -> Repetition:
    try:
        spectrum = compute_absorption(run, config, absorber, number)
    except (MissingColumnError, NoChannelsError) as problem:
        return Repetition(number, run.uid, problem=str(problem))
    usable = int(np.count_nonzero(np.isfinite(spectrum.mu) & np.isfinite(spectrum.energy)))
    if usable < MIN_POINTS:
        return Repetition(number, run.uid, problem=f"{usable} of {len(run.points)} points can be used")
    return Repetition(number, run.uid, spectrum)


def _find_failed_repetitions(board: Board, scan: Scan, companion: Scan | None) -> Iterator[Repetition]:
    """Yield the repetitions that failed or were aborted: plans add only the successful ones."""
    for window in companion.windows if companion is not None else ():
        run = board.runs.get(window.run_uid or "")
        if run is None or run.uid in scan.added_run_uids or run.stop is None or run.has_succeeded:
            continue
        yield Repetition(window.repetition, run.uid, problem=_describe_exit_status(run))


def _describe_exit_status(run: Run) -> str:
    status = as_text(as_mapping(run.stop).get("exit_status"))
    return {"abort": "aborted", "fail": "failed", "": "failed"}.get(status, status)


def _hash_content(absorber: Absorber, parts: Iterable[Spectrum]) -> str:
    """Compute a name that identifies a merge: its absorber, and its spectra with their generations."""
    named = repr((absorber, [(part.uid, part.generation) for part in parts]))
    return blake2b(named.encode(), digest_size=12).hexdigest()


def _find_sample_name(live: XafsscanStart | None, run: Run | None) -> str:
    if live is not None and live.sample:
        return live.sample
    return as_text(as_mapping(run.xdi.get("Sample")).get("name")) if run is not None else ""


def _read_metadata(run: Run | None, key: str) -> str:
    return as_text(as_mapping(run.start.get("BMM_kafka")).get(key)) if run is not None else ""


def _find_file_stem(scan: Scan) -> str:
    name = scan.end.message.named_file if scan.end is not None else None
    return name.rpartition("/")[2].partition(".")[0] if name else scan.kind
