"""Messages that wait in the durable workers, from their heartbeats, and the request to drop one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xafs_workers.consumer.roles import FILE_MANAGER, HEADLESS
from xafs_workers.diagnostics.worker_status import GONE_STATES, WorkerStatus
from xafs_workers.runtime.drop_requests import DropRequests
from xafs_workers.settings import Settings

DURABLE_WORKERS = (FILE_MANAGER.name, HEADLESS.name)

POLL_SECONDS = 0.2
"""Time between two looks whether a worker took a request, seconds."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that waits, as a heartbeat lists it.

    Attributes
    ----------
    since
        Record time of the message, POSIX seconds, 0 for unknown.
    """

    worker: str
    host: str
    message: str
    record: str
    what: str
    since: float
    queue: str
    reason: str
    progress: str

    @classmethod
    def from_entry(cls, beat: Mapping[str, Any], entry: Mapping[str, Any]) -> WaitingMessage:
        """Build it from an entry of a heartbeat; the texts may hold anything."""
        since = entry.get("since")
        is_time = isinstance(since, int | float) and 0 <= since < 1e11
        texts = [str(entry.get(name) or "") for name in ("message", "record", "queue", "reason", "progress")]
        what = ".".join(filter(None, (str(entry.get("kind") or ""), str(entry.get("action") or ""))))
        message, record, queue, reason, progress = texts
        return cls(
            worker=str(beat.get("worker", "?")),
            host=str(beat.get("host", "?")),
            message=message,
            record=record,
            what=what,
            since=float(since) if is_time and since is not None else 0.0,
            queue=queue,
            reason=reason,
            progress=progress,
        )


def list_waiting_messages(workers: Iterable[WorkerStatus], now: float) -> list[WaitingMessage]:
    """Return what waits in the workers that live, by worker; of each the messages first for which others wait."""
    found: list[WaitingMessage] = []
    for worker in workers:
        entries = worker.heartbeat.get("waiting")
        if worker.determine_state(now) in GONE_STATES or not isinstance(entries, list):
            continue
        found += [WaitingMessage.from_entry(worker.heartbeat, one) for one in entries if isinstance(one, Mapping)]
    return found


def find_state_folders(settings: Settings, worker: str | None) -> list[Path]:
    """Return the state folders of the durable workers of this account and machine; those of one worker if named."""
    names = DURABLE_WORKERS if worker is None else (worker,)
    return [folder for name in names if (folder := settings.find_state_folder() / name).is_dir()]


def drop_message(folders: Iterable[Path], message_id: str, timeout: float) -> bool:
    """Request that a message be dropped and wait until a worker did; return whether one did.

    A request that no worker took is withdrawn. So a message that is sent later under the same id is not dropped.

    Raises
    ------
    OSError
        A state folder cannot be written to.
    """
    requests = [DropRequests(folder) for folder in folders]
    paths = [one.add(message_id) for one in requests]
    deadline = time.monotonic() + timeout
    try:
        while time.monotonic() < deadline:
            if not all(path.exists() for path in paths):
                return True
            time.sleep(POLL_SECONDS)
        return False
    finally:
        for one in requests:
            one.remove(message_id)
