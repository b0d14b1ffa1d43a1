"""Messages that wait in a worker, as its heartbeats list them for the staff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from xafs_workers.runtime.outcome import Task
from xafs_workers.scans.items import ReceivedMessage

MAX_LISTED = 20
"""Largest number of messages in a heartbeat."""

NOT_READY = "its scan or run is not complete"
BEHIND = "behind another message of its queue"


class QueuedJob(Protocol):
    """Job of a queue: its message, and its task where it has one."""

    @property
    def pending(self) -> object:
        """The message, or something else."""
        ...

    @property
    def task(self) -> Task | None:
        """The task that carries the message out."""
        ...


def list_waiting(
    queues: Iterable[tuple[str, str, tuple[QueuedJob, ...]]], accepted: Iterable[ReceivedMessage]
) -> list[dict[str, Any]]:
    """Return what waits, those first for which others wait; what is in hand and waits for nothing is left out.

    Parameters
    ----------
    queues
        For each queue its name, what it waits for, and its jobs in order.
    accepted
        Messages for which the board is not ready.
    """
    entries = [*_list_queued(queues), *(_describe(control, "", NOT_READY) for control in accepted)]
    return list(islice(sorted(entries, key=lambda entry: entry["reason"] == BEHIND), MAX_LISTED))


def _list_queued(queues: Iterable[tuple[str, str, tuple[QueuedJob, ...]]]) -> Iterator[dict[str, Any]]:
    for name, reason, jobs in queues:
        for place, job in enumerate(jobs):
            if not isinstance(job.pending, ReceivedMessage):
                continue
            progress = job.task.describe_progress() if job.task is not None else ""
            why = BEHIND if place else reason
            if why or progress:
                yield _describe(job.pending, name, why, progress)


def _describe(control: ReceivedMessage, queue: str, reason: str, progress: str = "") -> dict[str, Any]:
    return {
        "message": control.id,
        "record": str(control.position),
        "kind": control.message.kind,
        "action": control.message.action,
        "since": control.time,
        "queue": queue,
        "reason": reason,
        "progress": progress,
    }
