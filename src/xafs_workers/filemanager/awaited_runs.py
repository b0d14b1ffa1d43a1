"""Waits of messages for runs that no board has yet: few threads, and the messages of one run keep their order."""

from __future__ import annotations

import threading
import zlib
from collections import Counter
from collections.abc import Callable

from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, NotYetAvailable
from xafs_workers.catalog.finished_run import RunCatalog
from xafs_workers.catalog.retry import RetryState
from xafs_workers.runtime.outcome import Postponed
from xafs_workers.scans.items import ReceivedMessage, RecordPosition

WAITING_QUEUES = 4
"""Number of queues in which runs are looked for; each has one thread, however many messages wait."""


MAX_RUN_QUEUES = 32
"""Number of awaited runs that have a queue, and so a thread, of their own; the messages of further runs share few."""


class AwaitedRuns:
    """Messages that wait for a run which this worker did not follow.

    Parameters
    ----------
    catalog
        Finished runs.
    is_dropped
        Function that returns whether the staff asked to drop a message: it holds back no other.
    """

    def __init__(self, catalog: RunCatalog, is_dropped: Callable[[ReceivedMessage], bool]):
        self._catalog, self._is_dropped = catalog, is_dropped
        self._lock = threading.Lock()
        self._own_queues: Counter[str] = Counter()
        self._waits: dict[str, dict[RecordPosition, tuple[ReceivedMessage, RetryState]]] = {}

    def claim_own_queue(self, uid: str) -> bool:
        """Count a message in the queue of its run; return False where too many runs have one.

        There the message waits in its thread, which finds a run within a second, and no message of its proposal gets
        far ahead of it.
        """
        with self._lock:
            allowed = uid not in self._waits and (uid in self._own_queues or len(self._own_queues) < MAX_RUN_QUEUES)
            if allowed:
                self._own_queues[uid] += 1
            return allowed

    def release_own_queue(self, uid: str) -> None:
        """Count a message of a run's queue as done."""
        with self._lock:
            self._own_queues[uid] -= 1
            if self._own_queues[uid] <= 0:
                del self._own_queues[uid]

    def add_message(self, uid: str, control: ReceivedMessage) -> str:
        """Add a message that names a run; return the name of the queue in which the run is looked for."""
        with self._lock:
            self._waits.setdefault(uid, {})[control.position] = (control, self._catalog.begin_retries())
        return f"waiting for runs {zlib.crc32(uid.encode(errors='replace')) % WAITING_QUEUES}"

    def require_run(self, uid: str, control: ReceivedMessage) -> None:
        """Return if the run can be read and no earlier message waits for it; then the message waits no longer.

        Raises
        ------
        Postponed
            Another attempt is to be made after a pause.
        CatalogError
            The run will not come, or its time is over.
        """
        state = self._require_first(uid, control)
        if state is None:
            return
        try:
            self._catalog.find_run(uid)
        except NotYetAvailable as trouble:
            self._record_failure(uid, control, state, trouble)
            raise Postponed(str(trouble)) from trouble
        except CatalogError:
            self._remove(uid, control)
            raise
        self._remove(uid, control)

    def _require_first(self, uid: str, control: ReceivedMessage) -> RetryState | None:
        """Return the state of a message's wait, None where it waits no longer; postpone it behind an earlier one."""
        with self._lock:
            waits = dict(self._waits.get(uid, {}))
        for earlier, _ in waits.values():
            if earlier.position == control.position:
                break
            if not self._is_dropped(earlier):
                raise Postponed(f"run {uid}: an earlier message waits for it")
            self._remove(uid, earlier)
        found = waits.get(control.position)
        return None if found is None else found[1]

    def _record_failure(self, uid: str, control: ReceivedMessage, state: RetryState, trouble: NotYetAvailable) -> None:
        """Count the time of a failed attempt; a catalog that is away is waited for as long as it takes."""
        try:
            state.record_failure(trouble)
        except CatalogUnavailable:
            return
        except CatalogError:
            self._remove(uid, control)
            raise

    def _remove(self, uid: str, control: ReceivedMessage) -> None:
        with self._lock:
            waits = self._waits.get(uid, {})
            waits.pop(control.position, None)
            if not waits:
                self._waits.pop(uid, None)
