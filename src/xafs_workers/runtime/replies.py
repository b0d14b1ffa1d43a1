"""Replies in the key store to plans that poll it: written only while the plan still waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.analysis import Reply, is_later_measured
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.key_store import KeyStoreWriter

log = get_logger("workers")


class ReplyWriter:
    """Writer of replies. Queues call it, never the loop: it waits for the server.

    Parameters
    ----------
    store
        None where no key store is configured: nothing is written.
    get_board
        Returns the newest board.
    reply_time
        How long after its message a reply may be written, seconds.
    clock
        POSIX seconds.
    """

    def __init__(
        self,
        store: KeyStoreWriter | None,
        get_board: Callable[[], Board],
        reply_time: float,
        clock: Callable[[], float] = time.time,
    ):
        self._store, self._get_board, self.reply_time, self._clock = store, get_board, reply_time, clock

    def describe_staleness(self, control: ReceivedMessage) -> str:
        """Describe why no plan waits for the answer to a message any more; '' where one may.

        A replayed message is never stale: it is answered, and no reply is written.
        """
        if control.is_replayed:
            return ""
        age = self._clock() - control.time
        if age > self.reply_time:
            return (
                f"{age:.1f} s after the message no plan waits for the answer (expected {self.reply_time:g} s at most)"
            )
        if is_later_measured(self._get_board(), control):
            return "another scan has started since the message"
        return ""

    def write(self, control: ReceivedMessage, replies: Sequence[Reply]) -> str:
        """Write the replies to a message, all at once, and return why not: '' where they are written.

        Raises
        ------
        TryLater
            The server is away.
        """
        if self._store is None or control.is_replayed or not replies:
            return ""
        stale = self.describe_staleness(control)
        if stale:
            return stale
        presets = tuple(key for reply in replies if reply.needs_preset for key in reply.keys)
        result = self._store.write_where_preset({key: one.text for one in replies for key in one.keys}, presets)
        if result == "away":
            raise TryLater("the key store is away")
        if result == "not preset":
            log.info("reply_not_written", message=control.id, keys=presets)
            return f"no plan waits for it: none of {', '.join(presets)} is preset"
        return ""
