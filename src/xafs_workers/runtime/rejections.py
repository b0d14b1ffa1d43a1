"""Dead letters of records that cannot be used: each is sent once and recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.source import RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.runtime.retry import retry_until_done
from xafs_workers.storage.errors import Unavailable

log = get_logger("workers")


@dataclass(frozen=True, slots=True)
class RejectionCallbacks:
    """Functions that send the dead letter of a record once.

    Attributes
    ----------
    is_recorded
        Returns whether the record's dead letter was sent before.
    send
        Sends the dead letter.
    record
        Records that it was sent.
    """

    is_recorded: Callable[[RawRecord], bool]
    send: Callable[[RawRecord, RejectedRecord], object]
    record: Callable[[RawRecord], object]


class RejectionJob:
    """The dead letter of a record, sent once and recorded."""

    def __init__(
        self, record: RawRecord, rejected: RejectedRecord, callbacks: RejectionCallbacks, stop: threading.Event
    ):
        self._record, self._rejected, self._callbacks, self._stop = record, rejected, callbacks, stop
        self._sent = False

    def run(self, note: Callable[[str], None]) -> bool:
        """Send the dead letter unless it was sent before; return False when asked to stop meanwhile."""
        done = retry_until_done(lambda: self._try_once(note), self._stop) is not None
        if done:
            note("")
        return done

    def _try_once(self, note: Callable[[str], None]) -> bool | None:
        try:
            if not self._sent:
                if self._callbacks.is_recorded(self._record):
                    return True
                self._send()
                self._sent = True
            self._callbacks.record(self._record)
        except Unavailable as away:
            note(away.reason)
            return None
        return True

    def _send(self) -> None:
        try:
            self._callbacks.send(self._record, self._rejected)
        except Exception:
            log.exception("dead_letter_failed", record=str(self._record.position))
