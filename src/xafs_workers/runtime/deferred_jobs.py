"""Jobs between two attempts: they hold back the stored offset, but no queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from xafs_workers.logs import get_logger
from xafs_workers.runtime.attempts import TRANSIENT_ERRORS
from xafs_workers.runtime.outcome import Task
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("workers")

PAUSE_SECONDS = 3.0
"""Between two attempts of a deferred job, seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """Work that goes on after a message is done, such as a page that waits for pictures.

    Attributes
    ----------
    queue
        Name of the queue; between two attempts it does other jobs.
    attempt
        Does what can be done now; returns whether nothing is left to do. Outages are waited out.
    patience
        Attended time after which it ends, seconds.
    """

    queue: str
    attempt: Callable[[], bool]
    patience: float


@dataclass(slots=True, eq=False)
class DeferredJob:
    """A job of a queue that is done again after a pause.

    Attributes
    ----------
    run
        The job, as a queue calls it.
    reason
        What a message waits for, '' for a follow-up.
    patience
        Attended time after which a follow-up ends, seconds; None: a message, which ends by itself.
    due
        When it goes to its queue, seconds of `time.monotonic`.
    since
        Attended time when it was deferred, seconds; None before the first turn of the loop.
    """

    queue: str
    pending: ReceivedMessage
    run: Callable[[Callable[[str], None]], bool]
    reason: str = ""
    patience: float | None = None
    due: float = 0.0
    since: float | None = None
    is_queued: bool = False

    @property
    def task(self) -> Task | None:
        """None: nothing is known of how far it is."""
        return None


class DeferredJobs:
    """The deferred jobs of an engine, by message; any thread may add and settle them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[object, DeferredJob] = {}

    def add(self, job: DeferredJob) -> None:
        """Add a job, or defer it once more."""
        job.due = time.monotonic() + PAUSE_SECONDS
        with self._lock:
            before = self._jobs.get(job.pending.position)
            self._jobs[job.pending.position] = job
        if job.reason and (before is None or before.reason != job.reason):
            log.info("message_postponed", message=job.pending.id, reason=job.reason)

    def add_follow_up(self, control: ReceivedMessage, follow_up: FollowUp) -> None:
        """Add the follow-up of a message that is done."""
        run = partial(self._do_follow_up, control, follow_up)
        self.add(DeferredJob(follow_up.queue, control, run, patience=follow_up.patience))

    def _do_follow_up(self, control: ReceivedMessage, follow_up: FollowUp, note: Callable[[str], None]) -> bool:
        """Make one attempt of a follow-up; what is left is done after a pause, in which the queue does other jobs."""
        try:
            finished = follow_up.attempt()
        except TRANSIENT_ERRORS as away:
            log.info("follow_up_waits", message=control.id, reason=str(away))
            finished = False
        except Exception:
            log.exception("follow_up_failed", message=control.id)
            finished = True
        self.settle(control, finished=finished)
        return True

    def settle(self, control: ReceivedMessage, *, finished: bool) -> None:
        """Remove the job of a message that is finished, or defer it once more."""
        with self._lock:
            job = self._jobs.get(control.position)
            if job is None:
                return
            if finished:
                del self._jobs[control.position]
            else:
                job.is_queued, job.due = False, time.monotonic() + PAUSE_SECONDS

    def take_due(self, attended: float) -> list[DeferredJob]:
        """Return the jobs that are to go to their queues now; those whose patience is over end.

        A follow-up waits until the worker has read both topics to their ends: before, the board does not show what the
        message was about.
        """
        now, due = time.monotonic(), list[DeferredJob]()
        with self._lock:
            for job in tuple(self._jobs.values()):
                job.since = attended if job.since is None else job.since
                if job.is_queued or (job.patience is not None and attended <= 0.0):
                    continue
                if job.patience is not None and attended - job.since >= job.patience:
                    del self._jobs[job.pending.position]
                    log.info("follow_up_ended", message=job.pending.id, seconds=job.patience)
                elif now >= job.due:
                    job.is_queued = True
                    due.append(job)
        return due

    def count_queued(self) -> int:
        """Return the number of deferred jobs that are in their queues again for another attempt."""
        with self._lock:
            return sum(job.is_queued for job in self._jobs.values())

    def list_messages(self) -> tuple[ReceivedMessage, ...]:
        """Return the messages of all jobs."""
        with self._lock:
            return tuple(job.pending for job in self._jobs.values())

    def list_postponed(self) -> list[tuple[str, str, tuple[DeferredJob, ...]]]:
        """Return for each postponed message the name of its queue, what it waits for, and its job."""
        with self._lock:
            return [(job.queue, job.reason, (job,)) for job in self._jobs.values() if job.reason]

    @property
    def waits_for(self) -> str:
        """What messages wait for, '' where none does."""
        with self._lock:
            return "; ".join(dict.fromkeys(job.reason for job in self._jobs.values() if job.reason))
