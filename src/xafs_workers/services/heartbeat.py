"""Heartbeats: state of a worker, on the status topic every few seconds and in the log at least once a minute."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from xafs_workers import __version__
from xafs_workers.logs import get_logger

log = get_logger("services")

LOG_INTERVAL = 60.0
"""Longest time between two heartbeats in the log, seconds."""


class Heartbeat:
    """Sender of status records at a fixed interval; the worker's loop calls it.

    Parameters
    ----------
    worker
        Name of the worker.
    send
        Sends a status record.
    state
        Returns the changing fields: counters, reasons to wait, the last file.
    every
        Seconds between two records.

    Attributes
    ----------
    newest
        Newest record; it is replaced, never modified.
    """

    def __init__(
        self,
        worker: str,
        send: Callable[[dict[str, Any]], None],
        state: Callable[[], Mapping[str, Any]],
        every: float,
    ):
        self._worker, self._send, self._state, self._every = worker, send, state, every
        self._started = time.time()
        self.newest: dict[str, Any] = {}
        self._due = 0.0
        self._log_due = 0.0

    def send_if_due(self, *, now: float | None = None, force: bool = False) -> bool:
        """Send a heartbeat if one is due; return whether one was sent."""
        moment = time.time() if now is None else now
        if not force and moment < self._due:
            return False
        self._due = moment + self._every
        state = dict(self._state())
        self._send_status(state, moment)
        if force or moment >= self._log_due:
            self._log_due = moment + LOG_INTERVAL
            log.info("heartbeat", **state)
        return True

    def send_final(self, state: Literal["stopped", "died"]) -> None:
        """Send the last heartbeat of a worker: `stopped` on request, or `died` of an error."""
        self._send_status({**self._state(), "state": state, "waits_for": ""}, time.time())

    def _send_status(self, state: Mapping[str, Any], moment: float) -> None:
        self.newest = {
            "worker": self._worker,
            "version": __version__,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "time": moment,
            "uptime": round(moment - self._started, 3),
            "every": self._every,
            **state,
        }
        self._send(self.newest)
