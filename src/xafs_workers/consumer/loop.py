"""The loop of every worker: poll, decode, fold, publish a snapshot; one bad record costs one record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from xafs_workers.consumer.counters import Counters
from xafs_workers.consumer.ordered_reader import Intake, Source
from xafs_workers.consumer.record_parser import Bad, Reader
from xafs_workers.consumer.reduction_requests import Reductions
from xafs_workers.consumer.required_offsets import positions_needed
from xafs_workers.consumer.roles import Role, TopicName
from xafs_workers.consumer.run_requests import Fetches
from xafs_workers.consumer.source import Partition, RawRecord
from xafs_workers.logs import get_logger, is_detailed, set_detail
from xafs_workers.messages.verbose import Verbose
from xafs_workers.scans.board import Board, Misplaced
from xafs_workers.scans.items import Control, Document, Tick

log = get_logger("consumer")

STORE_EVERY = 1.0
"""Offsets are stored at most this often, seconds."""

RESULT_WAIT = 0.02
"""How long a turn lasts at most while something is being reduced, seconds."""


class Duty(Protocol):
    """What a role does besides following along."""

    def consider(self, control: Control, board: Board) -> None:
        """Take note of a message that the role owns; the board has it already."""
        ...

    def advance(self, board: Board) -> None:
        """Look whether something has become due."""
        ...

    def unfinished(self) -> Iterable[Control]:
        """Return the messages whose effects are not done."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the loop hands things to.

    Attributes
    ----------
    dead_letter
        Called with a record of this role's concern that could not be used.
    clock
        POSIX seconds.
    reductions
        None for a worker that has nothing reduced.
    fetches
        None for a worker that asks no catalog for runs that scans name.
    hears
        Told of each message that comes, whoever owns it; not of those of the past.
    """

    duty: Duty
    dead_letter: Callable[[RawRecord, Bad], None]
    clock: Callable[[], float] = time.time
    reductions: Reductions | None = None
    fetches: Fetches | None = None
    hears: Callable[[Control], object] = lambda control: None


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
    """

    def __init__(self, source: Source, role: Role, reader: Reader, board: Board, ports: Ports):
        self.board = board
        self.counters = Counters()
        self.caught_up = False
        self.last_record: float | None = None
        self.last_message: tuple[str, str, float] | None = None
        self._source, self._role, self._reader, self._ports = source, role, reader, ports
        self._intake = Intake(source)
        self._reached: dict[Partition, int] = {}
        self._stored: dict[Partition, int] = {}
        self._store_due = 0.0
        self._noted: set[str] = set()

    def begin(self, positions: dict[Partition, int], ends: dict[Partition, int]) -> None:
        """Start from these offsets; what lies before `ends` counts as recovery."""
        self._intake.begin(positions, ends)
        self._reached = dict(positions)
        self._stored = dict(positions)
        self._look_whether_caught_up()

    @property
    def behind(self) -> int:
        """How many records wait to be folded."""
        return self._intake.behind

    def step(self, timeout: float = 0.2) -> int:
        """Do one turn and return how many records were taken."""
        records = self._intake.take(self._patience(timeout))
        for record in records:
            self._take(record)
        self._look_whether_caught_up()
        if self._intake.idle and self.caught_up:
            self.board = self.board.apply(Tick(self._ports.clock()))
        if self._ports.fetches is not None:
            self.board = self._ports.fetches.fold(self.board, live=self.caught_up)
        if self._ports.reductions is not None:
            self.board = self._ports.reductions.fold(self.board, live=self.caught_up)
        self._ports.duty.advance(self.board)
        self._store()
        return len(records)

    def store_now(self) -> bool:
        """Store the offsets that are no longer needed, whatever the time; return whether it worked."""
        self._store_due = 0.0
        return self._store()

    def _patience(self, timeout: float) -> float:
        """Return how long to wait for records: a result that is on its way must not wait for the next one."""
        reductions = self._ports.reductions
        return min(timeout, RESULT_WAIT) if reductions is not None and reductions.waiting else timeout

    def _take(self, record: RawRecord) -> None:
        origin = record.origin
        partition = (origin.topic, origin.partition)
        self.last_record = record.time
        try:
            self._fold(record)
        except Exception as error:
            log.exception("record_failed", record=str(origin))
            bad = Bad(self._topic(record), "failed", f"{type(error).__name__}: {error}", owner=self._role.name)
            self._refuse(record, bad)
        self._reached[partition] = origin.offset + 1

    def _fold(self, record: RawRecord) -> None:
        item = self._reader.read(record)
        if isinstance(item, Bad):
            self._refuse(record, item)
        elif isinstance(item, Document):
            self._fold_document(record, item)
        else:
            self.counters.messages += 1
            self.board = self.board.apply(item)
            self._note(item)
            if self._role.name in (item.message.owner, item.message.helper):
                self._ports.duty.consider(item, self.board)
            self._ports.duty.advance(self.board)

    def _fold_document(self, record: RawRecord, item: Document) -> None:
        self.counters.documents += 1
        try:
            self.board = self.board.apply(item)
        except Misplaced as error:
            self.counters.misplaced += 1
            if self._first_time(f"misplaced {error.subject}"):
                self._refuse(record, Bad("documents", "invalid", str(error), item.name), count=False)
            return
        if item.name == "stop":
            self._ports.duty.advance(self.board)

    def _refuse(self, record: RawRecord, bad: Bad, *, count: bool = True) -> None:
        if count:
            self.counters.bad(bad.outcome)
        if bad.concerns(self._role):
            self._ports.dead_letter(record, bad)

    def _note(self, item: Control) -> None:
        """Tell of a message: one line, with all of its fields where somebody asked for detail."""
        message = item.message
        self.last_message = (message.kind, message.action, item.time)
        if isinstance(message, Verbose):
            set_detail(message.on)
        if self.caught_up:
            uid = getattr(message, "uid", None)
            fields = {"run": uid} if uid else {}
            if is_detailed():
                fields["fields"] = message.model_dump(exclude={"extras"})
            log.info("message", kind=message.kind, action=message.action, message=item.id, **fields)
            self._ports.hears(item)
        extras = sorted(item.message.extras)
        if extras and self._first_time(f"extras of {item.message.kind}"):
            log.info("unknown_fields", kind=item.message.kind, action=item.message.action, fields=extras)

    def _first_time(self, what: str) -> bool:
        if what in self._noted or len(self._noted) > 100_000:
            return False
        self._noted.add(what)
        return True

    def _topic(self, record: RawRecord) -> TopicName:
        return "control" if record.origin.topic == self._reader.control_topic else "documents"

    def _look_whether_caught_up(self) -> None:
        if self._intake.caught_up and not self.caught_up:
            self.caught_up = True
            log.info("caught_up", scans=len(self.board.scans), runs=len(self.board.runs))

    def _store(self) -> bool:
        if not self._role.kept or self._ports.clock() < self._store_due:
            return True
        self._store_due = self._ports.clock() + STORE_EVERY
        needed = positions_needed(self.board, self._reached, self._ports.duty.unfinished())
        if needed == self._stored:
            return True
        stored = self._source.store(needed)
        if stored:
            self._stored = needed
        return stored
