"""Thread that commits what a leader records and sends, and renews its lease."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from xafs_workers.consumer.publisher import EncodedRecord
from xafs_workers.logs import get_logger
from xafs_workers.runtime.failover.changes import APPLY_RETRY_SECONDS, Change, Lease, encode_item
from xafs_workers.runtime.failover.fenced_producer import LeadershipLost
from xafs_workers.runtime.failover.lease import RENEWALS_PER_TAKEOVER, VALID_SHARE, read_clock
from xafs_workers.storage.errors import Unavailable
from xafs_workers.threads import SupervisedThread

log = get_logger("workers")

MAX_CHANGES = 500
"""Largest number of changes of one transaction."""


class TransactionSender(Protocol):
    """Producer that commits records in one transaction."""

    def commit(self, records: Sequence[EncodedRecord]) -> int:
        """Commit records and return the offset of the last one in the ledger topic."""
        ...


def end_process(reason: str) -> None:
    """End the process at once: an instance that lost its leadership must not finish what it is doing."""
    log.error("leadership_lost", reason=reason)
    sys.stderr.flush()
    os._exit(1)


@dataclass(slots=True, eq=False)
class _Pending:
    """A change with its records, encoded where a text that cannot be sent harms no other change."""

    change: Change
    records: list[EncodedRecord] = field(default_factory=list[EncodedRecord])
    done: threading.Event = field(default_factory=threading.Event)


class SharedWriter:
    """Commits changes in order, several in one transaction; any thread may call it.

    Parameters
    ----------
    lease
        The lease that is renewed.
    apply
        Stores committed changes in the state folder, with the offset of the last one.
    takeover_seconds
        Time after which another instance takes over.
    on_lost
        Called when another instance has taken over; must end the process.
    """

    def __init__(
        self,
        producer: TransactionSender,
        topic: str,
        lease: Lease,
        apply: Callable[[Sequence[Change], int], object],
        takeover_seconds: float,
        on_lost: Callable[[str], object] = end_process,
    ):
        self._producer, self._topic, self._lease, self._apply = producer, topic, lease, apply
        self._renewal_seconds = takeover_seconds / RENEWALS_PER_TAKEOVER
        self._valid_seconds = takeover_seconds * VALID_SHARE
        self._on_lost = on_lost
        self._queue: queue.SimpleQueue[_Pending] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._closed = threading.Event()
        self._is_behind = False
        self._confirmed_time = -float("inf")
        self._renewed_time = -float("inf")
        self._thread = SupervisedThread(self._run, "failover", self._closing.is_set)
        self.waits_for = ""
        self.claim_offset = -1

    def start(self) -> None:
        """Claim the lease, then commit and renew from a thread.

        Raises
        ------
        LeadershipLost
            Another instance claimed it at the same time.
        """
        self.claim_offset = self._commit([], must_renew=True)
        self._thread.start()

    def submit(self, change: Change) -> None:
        """Queue a change without waiting for it."""
        self._put(change)

    def commit(self, change: Change) -> None:
        """Commit a change and wait for it, however long Kafka is away.

        Raises
        ------
        Unavailable
            The worker ends.
        """
        pending = self._put(change)
        while not pending.done.wait(0.5):
            if self._closed.is_set() and not pending.done.is_set():
                raise Unavailable("the worker ends")

    def check(self) -> None:
        """Return when this instance certainly leads: its last commit is recent, or a new one succeeds.

        Raises
        ------
        Unavailable
            The worker ends.
        """
        if self._closing.is_set():
            raise Unavailable("the worker ends")
        if read_clock() - self._confirmed_time >= self._valid_seconds:
            self.commit(Change())

    def close(self, timeout: float = 5.0) -> None:
        """Commit what is queued and release the lease, so that another instance takes over at once."""
        self._closing.set()
        if self._thread.is_alive():
            self._queue.put(_Pending(Change()))
            self._thread.join(timeout)
        self._closed.set()

    def _put(self, change: Change) -> _Pending:
        if self._closing.is_set():
            raise Unavailable("the worker ends")
        items = (*change.entries, *change.posts)
        pending = _Pending(change, [*(encode_item(self._topic, item) for item in items), *change.records])
        self._queue.put(pending)
        return pending

    def _run(self) -> None:
        try:
            self._commit_until_closed()
        except LeadershipLost as lost:
            self._on_lost(str(lost))
            raise

    def _commit_until_closed(self) -> None:
        while not self._closing.is_set():
            self._commit_pending(self._take())
        while not self._queue.empty():
            self._commit_pending(self._take())
        self._closed.set()
        self._lease = Lease(self._lease.instance, self._lease.host, self._lease.pid, is_released=True)
        self._commit([], must_renew=True)

    def _take(self) -> list[_Pending]:
        """Wait for changes until the lease is due; return those that are queued."""
        wait = max(0.0, self._renewed_time + self._renewal_seconds - read_clock())
        found: list[_Pending] = []
        try:
            found.append(self._queue.get(timeout=wait))
            while len(found) < MAX_CHANGES:
                found.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return found

    def _commit_pending(self, pending: list[_Pending]) -> None:
        changes, records = [one.change for one in pending], [record for one in pending for record in one.records]
        offset = self._commit(records, must_renew=not records)
        self._apply_until_done([change for change in changes if change.entries or change.posts], offset)
        for one in pending:
            one.done.set()

    def _commit(self, records: Sequence[EncodedRecord], *, must_renew: bool) -> int:
        began = read_clock()
        renews = must_renew or began - self._renewed_time >= self._renewal_seconds
        lease = [encode_item(self._topic, self._lease)] if renews else []
        offset = self._producer.commit([*records, *lease])
        self._confirmed_time = began
        if renews:
            self._renewed_time = began
        return offset

    def _apply_until_done(self, changes: list[Change], offset: int) -> None:
        """Store committed changes; without the state folder this instance cannot go on, and lets its lease run out.

        A copy that lacks changes at the end gets no later ones: the next start reads them from the topic.
        """
        while changes and not self._is_behind:
            try:
                self._apply(changes, offset)
            except (Unavailable, OSError) as away:
                if str(away) != self.waits_for:
                    log.warning("waiting_for", reason=str(away))
                self.waits_for = str(away)
                self._is_behind = self._closing.wait(APPLY_RETRY_SECONDS)
            else:
                self.waits_for = ""
                return
