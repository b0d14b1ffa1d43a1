"""The loop of every worker: poll, decode, fold, publish a snapshot; one bad record costs one record."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from xafs_workers.consumer.attendance import Attendance
from xafs_workers.consumer.clock_skew import ClockSkew
from xafs_workers.consumer.counters import Counters
from xafs_workers.consumer.event_batch import EventBatch
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.ordered_reader import OrderedReader, RecordSource
from xafs_workers.consumer.record_parser import RecordParser, RejectedRecord
from xafs_workers.consumer.records import STAMPED_TOPICS, Partition, RawRecord
from xafs_workers.consumer.required_offsets import compute_required_offsets
from xafs_workers.consumer.roles import Role, TopicName
from xafs_workers.logs import get_logger, is_detailed, set_detail
from xafs_workers.scans.board import Board, UnknownRunError
from xafs_workers.scans.items import ClockTick, Document, ReceivedMessage
from xafs_workers.scans.runs import FetchedRun

log = get_logger("consumer")

STORE_INTERVAL = 1.0
"""Offsets are stored at most this often, seconds."""

RESULT_TIMEOUT = 0.02
"""How long a turn lasts at most while something is being reduced, seconds."""

VIEWER_RESULT_TIMEOUT = 0.1
"""The same in a viewer, where only a curve waits for the result, seconds."""

TURN_SECONDS = 1.0
"""A turn takes no further record after so long, so that heartbeats and systemd's watchdog are served, seconds."""

ATTENDANCE_STEP = 1.0
"""While records arrive, the board gets the time attended in steps of this size, seconds."""

ParsedRecord = ReceivedMessage | Document | RejectedRecord


class Loop:
    """Follows both topics and keeps the board.

    Attributes
    ----------
    board
        The newest snapshot; any thread may read it.
    caught_up
        True once everything that was there at the start has been folded.
    last_message
        Kind, action and record time of the newest control message.
    clock_skew
        Comparison of the senders' clocks, by the live records.
    """

    def __init__(self, source: RecordSource, role: Role, parser: RecordParser, board: Board, callbacks: LoopCallbacks):
        self.board = board
        self.counters = Counters()
        self.clock_skew = ClockSkew()
        self.caught_up = False
        self.last_record_time: float | None = None
        self.last_message: tuple[str, str, float] | None = None
        self._source, self._role, self._parser, self._callbacks = source, role, parser, callbacks
        self._ordered_reader = OrderedReader(source)
        self._released: deque[RawRecord] = deque()
        self._ends: dict[Partition, int] = {}
        self._next_offsets: dict[Partition, int] = {}
        self._stored_offsets: dict[Partition, int] = {}
        self._next_store_time = 0.0
        self._logged_once: set[str] = set()
        self._attendance = Attendance()

    def begin(self, positions: dict[Partition, int], ends: dict[Partition, int]) -> None:
        """Start from these offsets; what lies before `ends` counts as recovery."""
        self._load_regions()
        self._ordered_reader.begin(positions, ends)
        self._ends = dict(ends)
        self._next_offsets = dict(positions)
        self._stored_offsets = {}  # whether the first ones could be stored is not known here
        self._check_caught_up()

    @property
    def backlog_size(self) -> int:
        """Number of records that wait to be folded."""
        return self._ordered_reader.backlog_size + len(self._released)

    @property
    def waits_for(self) -> str:
        """Reason why a run that is being measured is not followed, '' for none."""
        joiner = self._callbacks.joiner
        return "" if joiner is None else joiner.waits_for

    @property
    def runs_without_arrays(self) -> tuple[str, ...]:
        """Runs on the board whose arrays, such as spectra, exceeded the limits of memory and were dropped."""
        return tuple(uid for uid, run in self.board.runs.items() if run.arrays.dropped)

    @property
    def recovery_size(self) -> int:
        """Number of offsets up to what was there at the start, 0 once the worker has caught up."""
        if self.caught_up:
            return 0
        counted = {place: at for place, at in self._next_offsets.items() if place[0] not in STAMPED_TOPICS}
        return sum(max(0, self._ends.get(partition, 0) - at) for partition, at in counted.items())

    def step(self, timeout: float = 0.2) -> int:
        """Do one turn and return how many records were processed."""
        count = self._read_records(self._compute_timeout(timeout))
        self._fold_joined()
        self._check_caught_up()
        self._apply_clock()
        if self._callbacks.run_requester is not None:
            self.board = self._callbacks.run_requester.fold(self.board, live=self.caught_up)
        if self._callbacks.frame_requester is not None:
            self.board = self._callbacks.frame_requester.fold(self.board)
        if self._callbacks.reduction_requester is not None:
            self.board = self._callbacks.reduction_requester.fold(self.board, live=self.caught_up)
        self._poll_handler()
        self._log_dropped_arrays()
        self._store_offsets()
        return count

    def _read_records(self, timeout: float) -> int:
        """Process the records whose turn has come; return how many. None is while too many messages are in hand."""
        if not self._callbacks.has_room():
            self._ordered_reader.take(timeout, is_held=True)
            return 0
        if not self._released:
            self._released.extend(self._ordered_reader.take(timeout))
        return self._process_released()

    def _log_dropped_arrays(self) -> None:
        """Log once for each run that its arrays were too large; its spectra come from a catalog."""
        for uid in self.runs_without_arrays:
            if self._is_first_time(f"arrays of {uid}"):
                config = self.board.config
                limits = f"more than {config.array_bytes} bytes of a run or {config.all_array_bytes} of all"
                log.warning("arrays_dropped", run=uid, reason=limits)

    def _apply_clock(self) -> None:
        """Let time pass on the board; a worker that writes lets none pass while brokers are away or records wait."""
        at_end = not self._released and self._ordered_reader.is_at_end()
        attended = self._attendance.measure(at_end)
        if self._ordered_reader.idle and self.caught_up and (at_end or not self._role.is_durable):
            self.board = self.board.apply(ClockTick(self._callbacks.clock(), attended))
        elif attended >= self.board.reading.attended + ATTENDANCE_STEP:
            self.board = self.board.apply(ClockTick(0.0, attended))

    def store_now(self) -> bool:
        """Store the offsets that are no longer needed, whatever the time; return whether it worked."""
        self._next_store_time = 0.0
        return self._store_offsets()

    def _compute_timeout(self, timeout: float) -> float:
        """Return how long to wait for records: a result that is on its way must not wait for the next one."""
        reductions = self._callbacks.reduction_requester
        limit = RESULT_TIMEOUT if self._role.is_durable else VIEWER_RESULT_TIMEOUT
        return min(timeout, limit) if reductions is not None and reductions.is_waiting else timeout

    def _process_released(self) -> int:
        """Process the released records, as many as fit into a turn; return how many.

        Events of one descriptor that follow each other are folded together.
        """
        count, deadline = 0, time.monotonic() + TURN_SECONDS
        batch = EventBatch()
        while self._released:
            record = self._released.popleft()
            self.last_record_time = record.time
            for entry in self._join(record, self._parse_record(record)):
                self._collect_or_process(batch, *entry)
            count += 1
            is_full = not self._callbacks.has_room()
            if is_full or time.monotonic() >= deadline:
                break
        self._fold_batch(batch)
        return count

    def _join(self, record: RawRecord, item: ParsedRecord | None) -> Iterable[tuple[RawRecord, ParsedRecord | None]]:
        """Return what is to be applied after a record; one whose document is a double, or waits, is finished."""
        joiner = self._callbacks.joiner
        if joiner is None or not isinstance(item, Document):
            return ((record, item),)
        joined = joiner.add(record, item)
        self._finish_record(record)
        return joined

    def _collect_or_process(self, batch: EventBatch, record: RawRecord, item: ParsedRecord | None) -> None:
        event = item if isinstance(item, Document) and item.name == "event" else None
        if event is None or not batch.accepts(event):
            self._fold_batch(batch)
        if event is None:
            self._process_item(record, item)
        else:
            batch.events.append((record, event))

    def _fold_batch(self, batch: EventBatch) -> None:
        events, batch.events = batch.events, []
        if events:
            self._fold_events(events)

    def _fold_joined(self) -> None:
        """Apply what the joiner held back long enough, and note the runs of which something never arrived."""
        joiner = self._callbacks.joiner
        if joiner is None:
            return
        batch = EventBatch()
        for record, item in joiner.take_due():
            self._collect_or_process(batch, record, item)
        self._fold_batch(batch)
        for uid, reason in joiner.take_losses():
            self.counters.incomplete_runs += 1
            requester = self._callbacks.run_requester
            if not self._callbacks.has_catalog:
                self.board = self.board.apply(FetchedRun(uid, None, reason))
            elif requester is not None:
                requester.request_run(uid)

    def _parse_record(self, record: RawRecord) -> ParsedRecord | None:
        """Parse a record; None if that fails for a reason that no record should cause."""
        try:
            return self._parser.parse_record(record)
        except Exception as error:
            log.exception("record_failed", record=str(record.position))
            self._reject_record(record, self._build_failure(record, None, error))
            return None

    def _fold_events(self, events: list[tuple[RawRecord, Document]]) -> None:
        """Fold events of one descriptor together; if that fails, one by one, so that each keeps its own outcome."""
        try:
            self.board = self.board.apply_events([item for _, item in events])
        except Exception:  # noqa: BLE001 - logged with the record that causes it
            for record, item in events:
                self._process_item(record, item)
            return
        self.counters.documents += len(events)
        for record, item in events:
            if self.caught_up:
                self._compare_clocks(record, item)
            self._finish_record(record)

    def _process_item(self, record: RawRecord, item: ParsedRecord | None) -> None:
        polls = False
        try:
            if item is not None:
                polls = self._fold(record, item)
                self._compare_clocks(record, item)
        except Exception as error:
            log.exception("record_failed", record=str(record.position))
            self._reject_record(record, self._build_failure(record, item, error))
        self._finish_record(record)
        if polls:  # outside of the try: a handler that cannot go on is no fault of this record
            self._poll_handler()

    def _poll_handler(self) -> None:
        """Let the handler do what has become due; what its messages still need stays on the board."""
        handler = self._callbacks.handler
        handler.poll(self.board)
        if handler.awaited is not self.board.table.awaited:
            self.board = self.board.apply(handler.awaited)

    def _finish_record(self, record: RawRecord) -> None:
        origin = record.position
        following = origin.offset + 1
        if self._callbacks.joiner is not None:  # which may give records back later than others of their partition
            following = max(following, self._next_offsets.get(record.partition, 0))
        self._next_offsets[record.partition] = following

    def _compare_clocks(self, record: RawRecord, item: ParsedRecord) -> None:
        """Compare the clock of the sender of a live record with this machine's."""
        if not self.caught_up or record.stamp_ms <= 0 or record.is_replayed:
            return
        stamp = record.stamp_ms / 1000
        self.clock_skew.add_record(self._find_topic(record), stamp, self._callbacks.clock())
        if isinstance(item, Document):
            self.clock_skew.add_document(item.doc.get("time"), stamp)

    def _build_failure(self, record: RawRecord, item: ParsedRecord | None, error: Exception) -> RejectedRecord:
        """Build the rejection of a record that raised; only the owner of a message answers it."""
        bad = RejectedRecord(
            self._find_topic(record), "failed", f"{type(error).__name__}: {error!s:.2000}", owner=self._role.name
        )
        if not isinstance(item, ReceivedMessage):
            return bad
        message = item.message
        message_id = (message.message_id or "") if message.owner == self._role.name else ""
        return replace(bad, kind=message.kind, action=message.action, message_id=message_id)

    def _fold(self, record: RawRecord, item: ParsedRecord) -> bool:
        """Fold a record; return whether something may have become due."""
        if isinstance(item, RejectedRecord):
            self._reject_record(record, item)
        elif isinstance(item, Document):
            return self._fold_document(record, item)
        else:
            self.counters.messages += 1
            self.board = self.board.apply(item)
            if item.message.reloads_regions:
                self._load_regions()
            if self._role.name in (item.message.owner, item.message.helper):
                self._callbacks.handler.on_message(item, self.board)
            try:
                self._log_message(item)
            except Exception:  # the message itself has been handed over
                log.exception("message_not_logged", message=item.id)
            return True
        return False

    def _load_regions(self) -> None:
        load, config = self._callbacks.load_regions, self.board.config
        if load is not None:
            self.board = replace(self.board, config=replace(config, regions=load(config.regions)))

    def _fold_document(self, record: RawRecord, item: Document) -> bool:
        self.counters.documents += 1
        try:
            self.board = self.board.apply(item)
        except UnknownRunError as error:
            self.counters.misplaced += 1
            if self._is_first_time(f"misplaced {error.subject}"):
                self._reject_record(record, RejectedRecord("documents", "invalid", str(error), item.name), count=False)
            return False
        return item.name == "stop"

    def _reject_record(self, record: RawRecord, bad: RejectedRecord, *, count: bool = True) -> None:
        if count:
            self.counters.count_rejected(bad.outcome)
        if bad.is_owned_by(self._role):
            self._callbacks.on_rejected_record(record, bad)

    def _log_message(self, item: ReceivedMessage) -> None:
        """Log a message: one line, with all of its fields where detail was requested."""
        message = item.message
        self.last_message = (message.kind, message.action, item.time)
        if message.detailed_logging is not None:
            set_detail(message.detailed_logging)
        if self.caught_up:
            fields: dict[str, object] = {"run": message.named_run} if message.named_run else {}
            if is_detailed():
                fields["fields"] = message.model_dump(exclude={"extras"})
            log.info("message", kind=message.kind, action=message.action, message=item.id, **fields)
            self._callbacks.on_live_message(item)
        extras = sorted(item.message.extras)
        if extras and self._is_first_time(f"extras of {item.message.kind}"):
            log.info("unknown_fields", kind=item.message.kind, action=item.message.action, fields=extras)

    def _is_first_time(self, what: str) -> bool:
        if what in self._logged_once or len(self._logged_once) > 100_000:
            return False
        self._logged_once.add(what)
        return True

    def _find_topic(self, record: RawRecord) -> TopicName:
        return "control" if record.position.topic == self._parser.control_topic else "documents"

    def _check_caught_up(self) -> None:
        if self._ordered_reader.caught_up and not self._released and not self.caught_up:
            self.caught_up = True
            log.info("caught_up", scans=len(self.board.scans), runs=len(self.board.runs))

    def _store_offsets(self) -> bool:
        if not self._role.is_durable or self._callbacks.clock() < self._next_store_time:
            return True
        self._next_store_time = self._callbacks.clock() + STORE_INTERVAL
        needed = self._compute_required_offsets()
        if needed == self._stored_offsets:
            return True
        stored = self._source.store(needed)
        if stored:
            self._stored_offsets = needed
        return stored

    def _compute_required_offsets(self) -> dict[Partition, int]:
        pending, joiner = self._callbacks.handler.pending(), self._callbacks.joiner
        if joiner is None:
            return compute_required_offsets(self.board, self._next_offsets, pending)
        waiting = (*pending, *joiner.pending())
        return compute_required_offsets(self.board, self._next_offsets, waiting, joiner.list_starts)
