"""The engine of messages that have effects: look up, queue, try until done, record, answer, give up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.required_offsets import PendingRecord
from xafs_workers.consumer.source import RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.runtime.attempts import DROPPED, try_task
from xafs_workers.runtime.deferred_jobs import DeferredJob, DeferredJobs
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.outcome import Outcome, Postponed, Task
from xafs_workers.runtime.outcome_reporter import OutcomeReporter, guard_step
from xafs_workers.runtime.rejections import RejectionJob
from xafs_workers.runtime.retry import retry_until_done
from xafs_workers.runtime.waiting import list_waiting
from xafs_workers.runtime.work_queues import WorkQueues
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import AwaitedMessages, ReceivedMessage
from xafs_workers.storage.errors import Unavailable

log = get_logger("workers")

OUTCOME_QUEUE = "outcomes"
"""Queue of messages whose outcome is known at once: they wait behind no other work."""

REJECTED_QUEUE = "rejected records"
"""Queue of the dead letters of records that cannot be used."""

LOOKUP_RETRY_SECONDS = 1.0
"""Between two look-ups of a message while the ledger cannot be read, seconds."""

QUEUE_LIMIT = 1000
"""Number of messages in hand, each with a board, at which no more are read: memory stays limited in any outage."""

EXAMINED_EACH_TURN = 100
"""With more messages waiting for the board than these, examining them takes at most a tenth of the time."""

IDLE_TIMEOUT = 0.5
"""How long the end waits where no message is in hand (a warm-up may be), seconds."""

MAX_REASON_LENGTH = 2000
"""Number of characters of an unexpected error in the reason of a failure."""


class MessageWork(Protocol):
    """Decisions that differ between workers; called by the loop's thread, so nothing may be waited for."""

    def is_relevant(self, control: ReceivedMessage) -> bool:
        """Check whether the worker acts on a message."""
        ...

    def is_answered_again(self, control: ReceivedMessage) -> bool:
        """Check whether a message that is read again after a restart gets its answer again."""
        ...

    def examine(self, control: ReceivedMessage, board: Board) -> Task | Outcome | None:
        """Return the task to queue or the outcome; None: accept the message and wait for `find_task`."""
        ...

    def find_task(self, control: ReceivedMessage, board: Board) -> Task | Outcome | None:
        """Return the task or the outcome of an accepted message; None while the board is not ready for it."""
        ...


@dataclass(slots=True, eq=False)
class _Arrival:
    """Message with the board of its arrival; `found` is its task, from the first board that was ready for it."""

    control: ReceivedMessage
    board: Board
    since: float
    found: Task | Outcome | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A job of a queue; `pending` is what it holds back the stored offset for, None for a warm-up."""

    run: Callable[[Callable[[str], None]], bool]
    pending: ReceivedMessage | PendingRecord | None
    task: Task | None = None


class MessageEngine:
    """Message handler of the loop for messages that have effects.

    The loop's thread calls `on_message`, `on_rejected_record`, `poll` and `pending`, which never wait; queues do the
    work, write the ledger and send the answers.

    Parameters
    ----------
    worker
        Name of the worker, for its answers.
    stop
        Ends all waits; `close` sets it.
    awaits_documents
        Returns whether a task in a queue waits for documents, which may not have been read yet.
    """

    def __init__(
        self,
        work: MessageWork,
        callbacks: EngineCallbacks,
        worker: str,
        stop: threading.Event | None = None,
        awaits_documents: Callable[[], bool] = lambda: False,
    ):
        self._awaits_documents = awaits_documents
        self._work, self._callbacks, self._worker = work, callbacks, worker
        self._stop = stop or threading.Event()
        self._arrivals: deque[_Arrival] = deque()
        self.awaited = AwaitedMessages()
        self._release_due = 0.0
        self._lookup_due = 0.0
        self._examination_due = 0.0
        self._lookup_problem = ""
        self._accepted: list[_Arrival] = []
        self._deferred = DeferredJobs()
        self._queues: WorkQueues[_Job] = WorkQueues(lambda job, note: job.run(note))
        self.last_files: tuple[str, ...] = ()

    def warm_up(self, queue: str, load: Callable[[], object]) -> None:
        """Put a job that has no effect at the front of a queue."""

        def run(note: Callable[[str], None]) -> bool:
            load()
            return True

        self._queues.put(queue, _Job(run, None))

    def on_message(self, control: ReceivedMessage, board: Board) -> None:
        """Accept a message; `poll` looks it up, in order of arrival."""
        if control.message.not_acted_on or self._work.is_relevant(control):
            self._arrivals.append(_Arrival(control, board, time.monotonic()))
            self.awaited = AwaitedMessages(
                self.awaited.ids | {control.id}, self.awaited.runs.union(_list_named_runs(control))
            )

    def on_rejected_record(self, record: RawRecord, rejected: RejectedRecord) -> None:
        """Queue the dead letter of a record that cannot be used."""
        rejections = self._callbacks.rejections
        if rejections is None:
            return
        job = RejectionJob(record, rejected, rejections, self._stop)
        pending = PendingRecord(record.position, record.time)
        self._queues.put(REJECTED_QUEUE, _Job(job.run, pending))

    def poll(self, board: Board) -> None:
        """Look up what arrived and queue what has become ready; raise RuntimeError where a queue died."""
        self._queues.check()
        self._take_arrivals()
        self._examine_waiting(board)
        self._enqueue_ready()
        self._release_runs()
        for job in self._deferred.take_due(board.reading.attended):
            self._queues.put(job.queue, _Job(job.run, job.pending))

    def _examine_waiting(self, board: Board) -> None:
        """Find the tasks of the messages for which this board is ready."""
        began = time.monotonic()
        if len(self.awaited.ids) > EXAMINED_EACH_TURN and began < self._examination_due:
            return
        for arrival in (*self._accepted, *self._arrivals):  # a later board may no longer hold a message's scan
            if arrival.found is None:
                arrival.found = self._call_work(self._work.find_task, arrival.control, board)
                if arrival.found is not None:
                    self._stop_waiting(arrival.control)
        self._examination_due = began + 10.0 * (time.monotonic() - began)

    def _stop_waiting(self, control: ReceivedMessage) -> None:
        """Note that a message needs its scan on the board no longer."""
        self.awaited = replace(self.awaited, ids=self.awaited.ids - {control.id})

    def _release_runs(self) -> None:
        """Note which runs are needed no longer, in at most a tenth of the time."""
        began = time.monotonic()
        if not self.awaited.runs or began < self._release_due:
            return
        needed = frozenset(
            uid for item in self.pending() if isinstance(item, ReceivedMessage) for uid in _list_named_runs(item)
        )
        if needed != self.awaited.runs:
            self.awaited = replace(self.awaited, runs=needed)
        self._release_due = began + 10.0 * (time.monotonic() - began)

    def _enqueue_ready(self) -> None:
        """Queue the accepted messages that are ready; one that cannot be queued takes no other with it."""
        queued: set[_Arrival] = set()
        try:
            for arrival in self._accepted:
                if arrival.found is not None:
                    self._enqueue(arrival, arrival.found)
                    queued.add(arrival)
        finally:
            if queued:
                self._accepted = [arrival for arrival in self._accepted if arrival not in queued]

    def pending(self) -> tuple[ReceivedMessage | PendingRecord, ...]:
        """Return the messages and records whose effects are not done."""
        jobs = tuple(job.pending for job in self._queues.list_jobs() if job.pending is not None)
        deferred = self._deferred.list_messages()  # after the queues: a job is deferred before it leaves its queue
        return (*(arrival.control for arrival in (*self._arrivals, *self._accepted)), *jobs, *deferred)

    def list_messages(self) -> tuple[ReceivedMessage, ...]:
        """Return the accepted, queued and postponed messages that are not done, those not looked up excepted."""
        jobs = (job.pending for job in self._queues.list_jobs())
        queued = tuple(item for item in jobs if isinstance(item, ReceivedMessage))
        postponed = (job.pending for _, _, jobs in self._deferred.list_postponed() for job in jobs)
        return (*(arrival.control for arrival in self._accepted), *queued, *postponed)

    def list_waiting(self) -> list[dict[str, Any]]:
        """Return what waits, for heartbeats."""
        queues = (*self._queues.list_queues(), *self._deferred.list_postponed())
        return list_waiting(queues, [arrival.control for arrival in self._accepted])

    def count_in_hand(self) -> int:
        """Return the number of messages and records whose effects are not done."""
        return len({item.position for item in self.pending()})  # a job that is tried again is in its queue as well

    def has_room(self) -> bool:
        """Check whether more messages may be read: those in hand are few, or wait for what must be read.

        Messages that wait on the board do not count, nor do postponed ones, which are in their queues from time to
        time: they wait for what other records or workers bring.
        """
        count = len(self._arrivals) + self._queues.count_jobs() - self._deferred.count_queued()
        return count < QUEUE_LIMIT or self._awaits_documents()

    @property
    def waits_for(self) -> str:
        """Reason for the wait, '' for none."""
        full = "" if self.has_room() else f"{QUEUE_LIMIT} messages in hand: no more are read until some are done"
        parts = (self._lookup_problem, self._queues.waits_for, self._deferred.waits_for, full)
        return "; ".join(dict.fromkeys(part for part in parts if part))

    def drain(self, timeout: float) -> bool:
        """Wait until all queued jobs are done; return whether they are."""
        return self._queues.drain(timeout)

    def close(self, timeout: float = 3.0) -> None:
        """Stop after what is in hand; the rest is done after the next start."""
        self._stop.set()
        busy = any(job.pending is not None for job in self._queues.list_jobs())
        self._queues.close(timeout if busy else min(timeout, IDLE_TIMEOUT))

    def _take_arrivals(self) -> None:
        """Look up the messages that arrived; while the ledger cannot be read they wait, in order."""
        if self._arrivals and time.monotonic() < self._lookup_due:
            return
        while self._arrivals:
            try:
                self._begin(self._arrivals[0], self._callbacks.find_outcome(self._arrivals[0].control))
            except Unavailable as away:
                self._report_lookup(away.reason)
                self._lookup_due = time.monotonic() + LOOKUP_RETRY_SECONDS
                return
            self._arrivals.popleft()
        self._report_lookup("")

    def _report_lookup(self, reason: str) -> None:
        if reason != self._lookup_problem:
            log.warning("waiting_for", reason=reason) if reason else log.info("wait_ended", was=self._lookup_problem)
            self._lookup_problem = reason

    def _begin(self, arrival: _Arrival, before: Outcome | None) -> None:
        """Answer a message that was done before; queue or accept a new one."""
        if before is not None:
            self._stop_waiting(arrival.control)
            with guard_step("answer_failed", arrival.control):
                if self._work.is_answered_again(arrival.control):
                    self._reporter.repeat(arrival.control, arrival.since, before)
            self._begin_follow_up(arrival, before)
            return
        found = self._call_work(self._work.examine, arrival.control, arrival.board)
        if found is not None:
            self._stop_waiting(arrival.control)
            self._enqueue(arrival, found)
            return
        self._reporter.accept(arrival.control, arrival.since)
        self._accepted.append(arrival)

    @property
    def _reporter(self) -> OutcomeReporter:
        return OutcomeReporter(self._callbacks, self._worker)

    def _call_work(
        self, ask: Callable[[ReceivedMessage, Board], Task | Outcome | None], control: ReceivedMessage, board: Board
    ) -> Task | Outcome | None:
        """Let the handler examine a message; an error makes this message fail and no other."""
        if self._callbacks.is_dropped(control):
            return Outcome("failed", reason=DROPPED)
        if control.message.not_acted_on:
            return Outcome("done", reason=f"not acted on: {control.message.not_acted_on}")
        try:
            return ask(control, board)
        except Exception as error:
            log.exception("message_failed", message=control.id)
            return _fail(error)

    def _enqueue(self, arrival: _Arrival, found: Task | Outcome) -> None:
        task = found if isinstance(found, Task) else Task(OUTCOME_QUEUE, lambda: found)
        self._queues.put(task.queue, _Job(lambda note: self._do_task(arrival, task, note), arrival.control, task))

    def _do_task(self, arrival: _Arrival, task: Task, note: Callable[[str], None]) -> bool:
        """Carry out a message, however long something is away; return False when asked to stop meanwhile."""
        control, callbacks = arrival.control, self._callbacks
        try:
            outcome = retry_until_done(
                lambda: self._try_task(arrival, task, note), self._stop, lambda: callbacks.is_dropped(control)
            )
        except Postponed as waits:
            note("")
            self._deferred.add(DeferredJob(task.queue, control, partial(self._do_task, arrival, task), str(waits)))
            return True
        if outcome is None:
            return False
        if isinstance(outcome, Task):
            note("")
            if outcome.first is not None and not self._reporter.answer_first(
                control, arrival.since, outcome.first, self._stop, note
            ):
                return False
            self._enqueue(arrival, outcome)
            self._deferred.settle(control, finished=True)
            return True
        if not self._reporter.settle(control, arrival.since, outcome, self._stop, note):
            return False
        if callbacks.is_dropped(control):
            callbacks.on_dropped(control)
        if outcome.state != "value":
            self.last_files = outcome.paths or self.last_files
        self._deferred.settle(control, finished=True)
        self._begin_follow_up(arrival, outcome)
        return True

    def _begin_follow_up(self, arrival: _Arrival, outcome: Outcome) -> None:
        with guard_step("follow_up_failed", arrival.control):
            follow_up = self._callbacks.find_follow_up(arrival.control, arrival.board, outcome)
            if follow_up is not None:
                self._deferred.add_follow_up(arrival.control, follow_up)

    def _try_task(self, arrival: _Arrival, task: Task, note: Callable[[str], None]) -> Outcome | Task | None:
        if self._callbacks.is_dropped(arrival.control):
            return Outcome("failed", reason=DROPPED)
        try:
            return try_task(task, arrival.since, self._callbacks.refused_seconds, note)
        except Postponed:
            raise
        except Exception as error:
            log.exception("action_failed", message=arrival.control.id)
            return _fail(error)


def _list_named_runs(control: ReceivedMessage) -> tuple[str, ...]:
    """List the uids of the runs that a message names."""
    one = control.message.named_run
    return (*((one,) if one else ()), *(control.message.named_runs or ()))


def _fail(error: Exception) -> Outcome:
    return Outcome("failed", reason=f"{type(error).__name__}: {error}"[:MAX_REASON_LENGTH])
