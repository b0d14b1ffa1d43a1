"""Requests of the staff to drop a message that waits: small files in the state folder of the worker.

No control message does it, because any sender on the topic could then drop what others wait for. The state folder
belongs to the worker's account alone.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

FOLDER = "drop"
MAX_AGE = 600.0
"""Age from which a request is removed without effect, seconds: its message may be sent again under the same id."""

LOOK_SECONDS = 1.0
"""Time between two looks into the folder, seconds."""

MAX_ID_BYTES = 4096


class DropRequests:
    """Requests to drop messages, in a worker's state folder.

    Parameters
    ----------
    state_folder
        State folder of the worker; it need not exist.
    """

    def __init__(self, state_folder: Path):
        self._folder = state_folder / FOLDER
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()
        self._look_due = 0.0

    def add(self, message_id: str) -> Path:
        """Request that a message be dropped; return the file of the request, which the worker removes."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / _build_name(message_id)
        path.write_bytes(message_id.encode(errors="backslashreplace")[:MAX_ID_BYTES])
        return path

    def is_requested(self, *ids: str) -> bool:
        """Check whether one of the ids of a message was requested to be dropped; looks at most once a second."""
        names = self._list_names()
        return bool(names) and any(_build_name(message_id) in names for message_id in ids)

    def remove(self, *ids: str) -> None:
        """Remove the requests to drop a message, which was carried out."""
        for message_id in ids:
            with suppress(OSError):
                (self._folder / _build_name(message_id)).unlink()
        with self._lock:
            self._look_due = 0.0

    def _list_names(self) -> frozenset[str]:
        with self._lock:
            if time.monotonic() >= self._look_due:
                self._look_due = time.monotonic() + LOOK_SECONDS
                self._names = frozenset(self._look())
            return self._names

    def _look(self) -> list[str]:
        names: list[str] = []
        with suppress(OSError):  # no request was ever made, or the state folder is away
            for entry in os.scandir(self._folder):
                if time.time() - entry.stat().st_mtime < MAX_AGE:
                    names.append(entry.name)
                else:
                    os.unlink(entry.path)
        return names


def _build_name(message_id: str) -> str:
    return hashlib.sha256(message_id.encode(errors="backslashreplace")).hexdigest()
