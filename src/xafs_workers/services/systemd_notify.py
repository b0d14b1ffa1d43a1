"""Notifications to systemd (sd_notify(3)): status, ready, watchdog, stopping."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from xafs_workers.logs import get_logger

log = get_logger("services")

SIGNALS_PER_WATCHDOG = 3.0
"""Number of watchdog signals sent within systemd's watchdog time."""


class Notifier:
    """Sender of notifications to systemd; without a socket it does nothing.

    Parameters
    ----------
    address
        Path of the socket; an abstract one begins with ``@``.
    watchdog
        Seconds without a watchdog signal after which systemd restarts this process; 0: never.
    """

    def __init__(self, address: str = "", watchdog: float = 0.0):
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._every = watchdog / SIGNALS_PER_WATCHDOG
        self._due = 0.0
        self._failed = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Notifier:
        """Build the notifier from systemd's environment variables."""
        given = os.environ if environment is None else environment
        own = given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = given.get("WATCHDOG_USEC", "") if own else ""
        return cls(given.get("NOTIFY_SOCKET", ""), int(microseconds) / 1e6 if microseconds.isdigit() else 0.0)

    def send_status(self, text: str) -> None:
        """Send a status text of one line."""
        self._send(f"STATUS={text}")

    def send_ready(self) -> None:
        """Report that the worker has started."""
        self._send(f"READY=1\nSTATUS=running\nMAINPID={os.getpid()}")

    def send_watchdog(self) -> None:
        """Send a watchdog signal if one is due; the worker's loop calls it, so a loop that hangs sends none."""
        if self._every and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every
            self._send("WATCHDOG=1")

    def send_stopping(self) -> None:
        """Report that the worker is stopping."""
        self._send("STOPPING=1\nSTATUS=stopping")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.sendto(state.encode(), self._address)
        except OSError as error:
            if not self._failed:
                log.warning("sd_notify_failed", socket=self._address, reason=str(error))
            self._failed = True
