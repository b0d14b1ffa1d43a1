"""The board: all scans that a worker knows, built from items in any order of arrival."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.frames import Frames, list_streamed_keys, move_frames
from xafs_workers.scans.items import AwaitedMessages, ClockTick, Document, ReceivedMessage, ReductionResult
from xafs_workers.scans.metadata import is_same_content
from xafs_workers.scans.outline_builder import may_change
from xafs_workers.scans.results import ResultTable, add_result, select_scan_results
from xafs_workers.scans.run_events import add_baseline, add_events, extend_stream
from xafs_workers.scans.runs import (
    FetchedRun,
    Run,
    build_run,
    create_stream,
    limit_array_memory,
)
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_table import ChangedScans, ScanTable, add_message, add_run, review_run
from xafs_workers.scans.settling import ReadingState, has_stopped, is_scan_settled

BoardItem = ReceivedMessage | Document | ClockTick | ReductionResult | FetchedRun | Frames | AwaitedMessages

RESOURCE_DOCUMENTS = ("resource", "stream_resource")

MAX_RESOURCES = 64
"""Largest number of resource documents of a run: a detector that writes a file for each point names thousands."""


class UnknownRunError(ValueError):
    """A document of an unknown run or descriptor, or a second start document with other content.

    Attributes
    ----------
    subject
        Uid of the run or descriptor.
    """

    def __init__(self, subject: str, reason: str):
        super().__init__(reason)
        self.subject = subject


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Snapshot of all scans and runs. It never changes; `apply` returns the next one.

    Attributes
    ----------
    version
        Number that rises with each item that changes the board.
    reading
        Times up to which the topics are read.
    streams
        Run uid and stream name by descriptor uid.
    table
        Scans with their bound runs, and the messages that affect them.
    results
        Results of the requested reductions.
    ended_at
        Value of `reading.attended` when the end of a scan was received, by the scan's id, seconds.
    missing_runs
        Reasons by uid why a run that a scan names, or its spectra, are not available from a catalog.
    """

    config: BoardConfig = field(default_factory=BoardConfig)
    version: int = 0
    reading: ReadingState = field(default_factory=ReadingState)
    runs: Mapping[str, Run] = field(default_factory=dict[str, Run])
    streams: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    table: ScanTable = field(default_factory=ScanTable)
    results: ResultTable = field(default_factory=ResultTable)
    missing_runs: Mapping[str, str] = field(default_factory=dict[str, str])
    ended_at: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def scans(self) -> tuple[Scan, ...]:
        """Scans with their bound runs, in the order in which they started."""
        return self.table.scans

    @property
    def messages(self) -> tuple[ReceivedMessage, ...]:
        """Messages that affect scans, sorted by record time."""
        return self.table.messages

    @property
    def now(self) -> float:
        """Latest time of any record or clock tick, POSIX seconds."""
        return self.reading.now

    def get_runs(self, scan: Scan) -> tuple[Run, ...]:
        """Return the runs bound to a scan."""
        return tuple(self.runs[uid] for uid in scan.run_uids if uid in self.runs)

    def find_scan(self, control: ReceivedMessage) -> Scan | None:
        """Find the scan that a message started, continued or ended, None for none."""
        place = bisect_right(self.scans, control.time, key=lambda scan: scan.start.time)
        while place:
            place -= 1
            scan = self.scans[place]
            if scan.end is not None and scan.end.time < control.time:
                continue
            if any(part.position == control.position for part in scan.all_messages):
                return scan
        return None

    def is_settled(self, scan: Scan) -> bool:
        """Check whether a scan has ended and no more points of it are expected."""
        ended_at = self.ended_at.get(scan.id, 0.0)
        return is_scan_settled(scan, self.runs, self.missing_runs, self.reading, ended_at, self.config)

    def describe_missing_runs(self, uids: Iterable[str]) -> str:
        """Return which of these runs have not come whole, and why; '' where all have."""
        return "; ".join(
            self.missing_runs.get(uid)
            or f"run {uid}: its {'stop document' if uid in self.runs else 'documents'} did not come"
            for uid in uids
            if not has_stopped(uid, self.runs)
        )

    def is_expired(self, scan: Scan) -> bool:
        """Check whether a scan without an end message is older than the expiry time."""
        return not scan.has_ended and self.now > scan.start_position[0] + self.config.expiry_time

    def is_closed(self, scan: Scan) -> bool:
        """Check whether a scan has settled or expired."""
        return self.is_settled(scan) or self.is_expired(scan)

    def apply(self, item: BoardItem) -> Board:
        """Apply an item; returns the next board.

        Raises
        ------
        UnknownRunError
            The item is a document of an unknown run or descriptor; the board does not change.
        """
        if isinstance(item, Document):
            return _apply_document(self, item)
        if isinstance(item, ReceivedMessage):
            return _apply_message(self, item)
        if isinstance(item, ClockTick):
            reading = self.reading.add_tick(item)
            return self if reading is self.reading else replace(self, reading=reading)
        if isinstance(item, FetchedRun):
            return _apply_fetched_run(self, item)
        if isinstance(item, Frames):
            return _apply_frames(self, item)
        if isinstance(item, AwaitedMessages):
            return replace(self, table=replace(self.table, awaited=item))
        assert isinstance(item, ReductionResult)  # noqa: S101 - the union has no other member
        results = add_result(self.results, item)
        return self if results is self.results else replace(self, version=self.version + 1, results=results)

    def apply_events(self, items: Sequence[Document]) -> Board:
        """Apply events of one descriptor that follow each other; as `apply` of each, and faster.

        Raises
        ------
        UnknownRunError
            The descriptor is unknown; the board does not change.
        """
        return _apply_events(self, items)


def _apply_fetched_run(board: Board, item: FetchedRun) -> Board:
    """Apply a fetched run: it replaces an incomplete one, and adds arrays that the documents did not contain.

    Its own uid counts: it may have been asked for by the first characters of it.
    """
    absent = board.missing_runs
    if item.problem:
        absent = {**absent, item.uid: item.problem}
    run = item.run
    known = None if run is None else board.runs.get(run.uid)
    if run is not None and known is not None:
        is_whole = known.stop is not None and len(known.points) >= len(run.points)
        merged = known if is_whole else _keep_followed_parts(run, known)
        run = replace(merged, arrays=run.arrays) if run.arrays.size else merged
    if run is None or run is known:
        return replace(board, version=board.version + 1, missing_runs=absent)
    changed = replace(board, runs={**board.runs, run.uid: run}, missing_runs=absent)
    if known is None:
        return _update_scans(changed, add_run(board.table, run, changed.runs, board.config))
    return _review_run(replace(changed, version=board.version + 1), run)


def _keep_followed_parts(run: Run, known: Run) -> Run:
    """Return a fetched run with what the documents brought beside its points."""
    return replace(
        run,
        start_position=known.start_position,
        descriptor=known.descriptor or run.descriptor,
        baseline=known.baseline,
        streams=known.streams,
        resources=known.resources,
    )


def _apply_message(board: Board, item: ReceivedMessage) -> Board:
    changed = replace(board, reading=board.reading.advance(item.time))
    found = add_message(board.table, item, board.runs, board.config)
    return changed if found is None else _update_scans(changed, found)


def _update_scans(board: Board, found: ChangedScans) -> Board:
    """Replace the scans, and remove what belongs to scans and runs that are no longer kept."""
    table, runs = found
    streams, results = board.streams, board.results
    if len(table.scans) != len(board.scans):
        results = select_scan_results(results, {scan.id for scan in table.scans})
    if len(runs) != len(board.runs):
        streams = {uid: stream for uid, stream in streams.items() if stream[0] in runs}
    # the ends of scans that have just been received are of now
    ended_at = {
        s.id: board.ended_at.get(s.id, board.reading.attended) for s in table.from_messages if s.end is not None
    }
    return replace(
        board,
        version=board.version + 1,
        runs=runs,
        streams=streams,
        table=table,
        results=results,
        ended_at=ended_at,
    )


def _apply_document(board: Board, item: Document) -> Board:
    if item.name in ("event", "event_page"):
        return _apply_events(board, (item,))
    if item.name == "start":
        return _apply_start(board, item)
    if item.name == "descriptor":
        return _apply_descriptor(board, item)
    if item.name == "stop":
        return _apply_stop(board, item)
    if item.name == "stream_datum":
        return _apply_stream_datum(board, item)
    if item.name in RESOURCE_DOCUMENTS:
        return _apply_resource(board, item)
    return replace(board, reading=board.reading.add_documents(item))


def _apply_start(board: Board, item: Document) -> Board:
    uid = item.doc["uid"]
    known = board.runs.get(uid)
    if known is not None:
        if not is_same_content(known.start, item.doc):
            raise UnknownRunError(uid, f"a second, different start document of run {uid}")
        return board
    run, reading = build_run(item), board.reading.add_documents(item)
    changed = replace(board, reading=reading, runs={**board.runs, uid: run})
    return _update_scans(changed, add_run(board.table, run, changed.runs, board.config))


def _apply_descriptor(board: Board, item: Document) -> Board:
    uid, run_uid, stream = item.doc["uid"], item.doc["run_start"], str(item.doc.get("name", "primary"))
    run = _find_run(board, run_uid, item.name)
    if uid in board.streams:
        return board
    board = replace(board, reading=board.reading.add_documents(item), streams={**board.streams, uid: (run_uid, stream)})
    if stream == "primary" and not run.data_keys:
        made = create_stream(item.doc)
        return _replace_run(
            board,
            replace(run, data_keys=made.data_keys, points=made.points, arrays=made.arrays, descriptor=item.doc),
        )
    if stream in ("primary", "baseline") or stream in run.streams:
        return board
    return _replace_run(board, replace(run, streams={**run.streams, stream: create_stream(item.doc)}))


def _find_stream(board: Board, event: Document) -> tuple[str, str]:
    """Return the uid of the run and the name of the stream of an event or event page."""
    descriptor = event.doc["descriptor"]
    stream = board.streams.get(descriptor)
    if stream is None:
        raise UnknownRunError(descriptor, f"an {event.name} of the unknown descriptor {descriptor}")
    return stream


def _apply_events(board: Board, items: Sequence[Document]) -> Board:
    """Apply events of one descriptor, or one event page."""
    uid, stream = _find_stream(board, items[0])
    run, limit, store = board.runs[uid], board.config.array_bytes, board.config.array_store
    if stream == "primary":
        return _replace_run(board, _move_frames(add_events(run, items, limit, store), stream, board.config), *items)
    if stream == "baseline":
        read = add_baseline(run, items[0])
        return board if read is run else _replace_run(board, read)
    extended = extend_stream(run.streams[stream], items, limit, store)
    return _replace_run(
        board, _move_frames(replace(run, streams={**run.streams, stream: extended}), stream, board.config)
    )


def _apply_resource(board: Board, item: Document) -> Board:
    """Store the name of a file with data of a run; a document of no known run is ignored."""
    run = board.runs.get(str(item.doc.get("run_start")))
    document = (item.name, item.doc)
    if run is not None and item.name == "stream_resource":
        run = replace(run, frames=run.frames.add_resource(item.doc))
        board = replace(board, runs={**board.runs, run.uid: run})
    if run is None or len(run.resources) >= MAX_RESOURCES or any(is_same_content(document, k) for k in run.resources):
        return replace(board, reading=board.reading.add_documents(item))
    return _replace_run(board, replace(run, resources=(*run.resources, document)), item)


def _apply_stream_datum(board: Board, item: Document) -> Board:
    """Note which frames a stream datum document adds to a run; one of no known stream is ignored."""
    stream = board.streams.get(str(item.doc.get("descriptor")))
    run = None if stream is None else board.runs.get(stream[0])
    if run is None or stream is None:
        return replace(board, reading=board.reading.add_documents(item))
    frames = run.frames.add_datum(item.doc, stream[1], list_streamed_keys(run.find_data_keys(stream[1])))
    if frames is run.frames:
        return replace(board, reading=board.reading.add_documents(item))
    return _replace_run(board, replace(run, frames=frames), item)


def _apply_frames(board: Board, item: Frames) -> Board:
    """Add frames that were read to their run, and the points that are whole by them."""
    run = _find_run(board, item.request.run_uid, "frames")
    frames, stream = run.frames.add_frames(item), item.request.stream
    return _replace_run(board, _move_frames(replace(run, frames=frames), stream, board.config))


def _move_frames(run: Run, stream: str, config: BoardConfig) -> Run:
    """Move the frames that have come to the points of a stream."""
    if not run.frames.held:
        return run
    if stream == "primary":
        frames, points = move_frames(run.frames, stream, run.data_keys, run.points, config)
        return replace(run, frames=frames, points=points)
    known = run.streams[stream]
    frames, points = move_frames(run.frames, stream, known.data_keys, known.points, config)
    return replace(run, frames=frames, streams={**run.streams, stream: replace(known, points=points)})


def _apply_stop(board: Board, item: Document) -> Board:
    run = _find_run(board, item.doc["run_start"], item.name)
    if run.stop is not None:
        return board
    return _replace_run(board, replace(run, stop=item.doc), item)


def _replace_run(board: Board, run: Run, *items: Document) -> Board:
    """Replace a run on the board; the items are what changed it."""
    runs = {**board.runs, run.uid: run}
    changed = Board(
        board.config,
        board.version + 1,
        board.reading.add_documents(*items) if items else board.reading,
        limit_array_memory(runs, board.config.all_array_bytes, board.config.array_store) if run.arrays.size else runs,
        board.streams,
        board.table,
        board.results,
        board.missing_runs,
        board.ended_at,
    )
    outline = board.table.outlines[run.uid]
    return _review_run(changed, run) if may_change(outline, run, items) else changed


def _review_run(board: Board, run: Run) -> Board:
    """Describe a run again, and bind it again where what it is has changed."""
    found = review_run(board.table, run, board.runs, board.config)
    return board if found is None else _update_scans(board, found)


def _find_run(board: Board, uid: str, name: str) -> Run:
    run = board.runs.get(uid)
    if run is None:
        raise UnknownRunError(uid, f"a {name} of the unknown run {uid}")
    return run
