"""The board: all scans a worker knows, folded from items in any order of arrival."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xafs_workers.scans.arrays import Arrays
from xafs_workers.scans.binding import bind
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control, Document, Fetched, Item, Reduced, Tick
from xafs_workers.scans.points import Points
from xafs_workers.scans.results import Results, with_result, without_scans
from xafs_workers.scans.retention import retained
from xafs_workers.scans.runs import Run, array_keys, new_run, readings, scalar_keys, within_budget
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.scan_builder import is_told, scans_told, told_at

RESOURCES = ("resource", "stream_resource")

MOST_RESOURCES = 64
"""Kept of a run; a detector that writes a file a point would name thousands."""


class Misplaced(ValueError):
    """A document that has no place: of a run or descriptor that is unknown, or told twice with other content.

    Attributes
    ----------
    subject
        uid of the unknown run or descriptor.
    """

    def __init__(self, subject: str, reason: str):
        super().__init__(reason)
        self.subject = subject


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A snapshot of everything known. Never changed; `apply` returns the next one.

    Attributes
    ----------
    version
        Rises with every item that changed something.
    now
        The latest time any item brought, POSIX seconds.
    messages
        Those that tell of scans, sorted by record time.
    streams
        Descriptor uid -> (run uid, stream name).
    scans
        Bound to their runs, in the order in which they started.
    hidden
        Ids of figures that were closed by messages no longer kept.
    results
        Of the reductions that were asked for.
    absent
        By uid, what of a run that a scan names is not to be had from a catalog, and why.
    """

    rules: Rules = field(default_factory=Rules)
    version: int = 0
    now: float = 0.0
    messages: tuple[Control, ...] = ()
    runs: Mapping[str, Run] = field(default_factory=dict[str, Run])
    streams: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    scans: tuple[Scan, ...] = ()
    hidden: frozenset[str] = frozenset()
    results: Results = field(default_factory=Results)
    absent: Mapping[str, str] = field(default_factory=dict[str, str])

    def scan(self, scan_id: str) -> Scan | None:
        """Return the scan with this id."""
        return next((scan for scan in self.scans if scan.id == scan_id), None)

    def runs_of(self, scan: Scan) -> tuple[Run, ...]:
        """Return the runs bound to a scan."""
        return tuple(self.runs[uid] for uid in scan.runs if uid in self.runs)

    def told_by(self, control: Control) -> Scan | None:
        """Return the scan in which a message had a part: that it started, went on with, or ended."""
        for scan in reversed(self.scans):
            if any(part.origin == control.origin for part in scan.parts):
                return scan
        return None

    def settled(self, scan: Scan) -> bool:
        """Tell whether no more points are to be expected.

        Either each window has its run, and the runs' stop documents came, or time enough passed: documents may
        arrive after the end message, and whole repetitions at once. A kind that lives from messages waits for none.
        """
        if scan.end is None:
            return bool(scan.given_up)
        if self.now >= scan.end.time + self.rules.settle:
            return True
        if scan_kinds[scan.kind].motors is None and not scan.added:
            return True
        runs = [self.runs.get(uid or "") for uid in (*(window.run for window in scan.windows), *scan.added_runs)]
        return bool(runs) and all(run is not None and run.stop is not None for run in runs)

    def released(self, scan: Scan) -> bool:
        """Tell whether a scan that nobody ended is so old that it is given up."""
        return not scan.ended and self.now > scan.begins[0] + self.rules.release

    def closed(self, scan: Scan) -> bool:
        """Tell whether a scan is over, by messages and documents, or by age."""
        return self.settled(scan) or self.released(scan)

    def apply(self, item: Item) -> Board:
        """Return the board after one more item.

        Raises
        ------
        Misplaced
            A document that belongs to nothing known; the board stays as it is.
        """
        if isinstance(item, Document):
            return _with_document(self, item)
        if isinstance(item, Control):
            return _with_message(self, item)
        if isinstance(item, Tick):
            return self if item.time <= self.now else replace(self, now=item.time)
        if isinstance(item, Fetched):
            return _with_fetched(self, item)
        assert isinstance(item, Reduced)  # noqa: S101 - the union has no other member
        results = with_result(self.results, item)
        return self if results is self.results else replace(self, version=self.version + 1, results=results)


def _with_fetched(board: Board, item: Fetched) -> Board:
    """Take a run from a catalog where the documents did not bring it whole, or its arrays where they hold none."""
    absent = board.absent
    if item.problem:
        absent = {**absent, item.uid: item.problem}
    known, run = board.runs.get(item.uid), item.run
    if run is not None and known is not None:
        begun = known if known.stop is not None else replace(run, begins=known.begins)
        run = replace(begun, arrays=run.arrays) if run.arrays.size else begun
    if run is None or run is known:
        return replace(board, version=board.version + 1, absent=absent)
    return _rebound(replace(board, runs={**board.runs, item.uid: run}, absent=absent))


def _with_message(board: Board, item: Control) -> Board:
    now = max(board.now, item.time)
    if not is_told(item) or any(known.origin == item.origin for known in board.messages):
        return replace(board, now=now)
    messages = list(board.messages)
    insort(messages, item, key=told_at)
    return _rebound(replace(board, now=now, messages=tuple(messages)))


def _rebound(board: Board) -> Board:
    """Tell and bind again, and let go of what is beyond the limits."""
    scans = bind(scans_told(board.messages, board.hidden), board.runs.values(), board.rules)
    kept = retained(scans, board.messages, board.runs, board.rules)
    streams, results = board.streams, board.results
    if len(kept.scans) != len(scans):
        results = without_scans(results, {scan.id for scan in kept.scans})
    if len(kept.runs) != len(board.runs):
        streams = {uid: stream for uid, stream in streams.items() if stream[0] in kept.runs}
    hidden = board.hidden if kept.hidden is None else kept.hidden
    return replace(
        board,
        version=board.version + 1,
        messages=kept.messages,
        runs=kept.runs,
        streams=streams,
        scans=kept.scans,
        hidden=hidden,
        results=results,
    )


def _with_document(board: Board, item: Document) -> Board:
    if item.name == "event":
        return _with_event(board, item)
    if item.name == "start":
        return _with_start(board, item)
    if item.name == "event_page":
        return _with_event_page(board, item)
    if item.name == "descriptor":
        return _with_descriptor(board, item)
    if item.name == "stop":
        return _with_stop(board, item)
    if item.name in RESOURCES:
        return _with_resource(board, item)
    return replace(board, now=max(board.now, item.time))


def _with_start(board: Board, item: Document) -> Board:
    uid = item.doc["uid"]
    known = board.runs.get(uid)
    if known is not None:
        if known.start != item.doc:
            raise Misplaced(uid, f"a second, different start document of run {uid}")
        return board
    runs = {**board.runs, uid: new_run(item)}
    return _rebound(replace(board, now=max(board.now, item.time), runs=runs))


def _with_descriptor(board: Board, item: Document) -> Board:
    uid, run_uid, stream = item.doc["uid"], item.doc["run_start"], str(item.doc.get("name", "primary"))
    run = _run(board, run_uid, item)
    if uid in board.streams:
        return board
    board = replace(board, now=max(board.now, item.time), streams={**board.streams, uid: (run_uid, stream)})
    if stream != "primary" or run.data_keys:
        return board
    data_keys = item.doc.get("data_keys", {})
    points, arrays = Points.of(scalar_keys(data_keys)), Arrays.of(array_keys(data_keys))
    return _with_run(board, replace(run, data_keys=data_keys, points=points, arrays=arrays))


def _with_event(board: Board, item: Document) -> Board:
    doc = item.doc
    stream = board.streams.get(doc["descriptor"])
    if stream is None:
        raise Misplaced(doc["descriptor"], f"an event of the unknown descriptor {doc['descriptor']}")
    if stream[1] != "primary":
        return _beside_the_points(board, stream, doc["data"])
    run = board.runs[stream[0]]
    points = run.points.with_point(doc["seq_num"], doc["time"], doc["data"])
    arrays = run.arrays.with_point(doc["seq_num"], doc["data"], board.rules.array_bytes)
    return _with_run(board, _with_points(run, points, arrays), item.time)


def _with_resource(board: Board, item: Document) -> Board:
    """Keep which files hold data of a run; a document that names no run that is known is of no use."""
    run = board.runs.get(str(item.doc.get("run_start")))
    document = (item.name, item.doc)
    if run is None or document in run.resources or len(run.resources) >= MOST_RESOURCES:
        return replace(board, now=max(board.now, item.time))
    return _with_run(board, replace(run, resources=(*run.resources, document)), item.time)


def _beside_the_points(board: Board, stream: tuple[str, str], data: Mapping[str, Any]) -> Board:
    """Keep where everything stood when a run began: the first reading of `baseline`; other streams are not kept."""
    run = board.runs[stream[0]]
    if stream[1] != "baseline" or run.baseline:
        return board
    return _with_run(board, replace(run, baseline=readings(data)))


def _with_event_page(board: Board, item: Document) -> Board:
    doc = item.doc
    stream = board.streams.get(doc["descriptor"])
    if stream is None:
        raise Misplaced(doc["descriptor"], f"an event_page of the unknown descriptor {doc['descriptor']}")
    if stream[1] != "primary":
        return _beside_the_points(board, stream, {key: values[0] for key, values in doc["data"].items() if values})
    run = board.runs[stream[0]]
    points, arrays = run.points, run.arrays
    for row, sequence in enumerate(doc["seq_num"]):
        data = {key: values[row] for key, values in doc["data"].items()}
        points = points.with_point(sequence, doc["time"][row], data)
        arrays = arrays.with_point(sequence, data, board.rules.array_bytes)
    return _with_run(board, _with_points(run, points, arrays), item.time)


def _with_stop(board: Board, item: Document) -> Board:
    run = _run(board, item.doc["run_start"], item)
    if run.stop is not None:
        return board
    return _with_run(board, replace(run, stop=item.doc), item.time)


def _with_points(run: Run, points: Points, arrays: Arrays) -> Run:
    return Run(run.uid, run.start, run.begins, run.data_keys, points, run.stop, arrays, run.baseline, run.resources)


def _with_run(board: Board, run: Run, time: float = 0.0) -> Board:
    runs = {**board.runs, run.uid: run}
    return Board(
        board.rules,
        board.version + 1,
        max(board.now, time),
        board.messages,
        within_budget(runs, board.rules.all_array_bytes) if run.arrays.size else runs,
        board.streams,
        board.scans,
        board.hidden,
        board.results,
        board.absent,
    )


def _run(board: Board, uid: str, item: Document) -> Run:
    run = board.runs.get(uid)
    if run is None:
        raise Misplaced(uid, f"a {item.name} of the unknown run {uid}")
    return run
