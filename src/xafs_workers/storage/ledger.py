"""The ledger: what became of each message, kept through any crash, so that nothing is done twice."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

KEEP_DAYS = 90.0

_TABLE = """
create table if not exists effects (
    cluster text, topic text, partition integer, offset integer, time_ms integer, effect text,
    state text not null, path text not null, sha256 text not null,
    reason text not null, paths text not null, written real not null,
    primary key (cluster, topic, partition, offset, time_ms, effect)
) without rowid
"""


class LedgerInUse(RuntimeError):
    """Another worker of this role runs with the same state directory."""


@dataclass(frozen=True, slots=True)
class Key:
    """One effect of one record. Cluster and time are part of it: a recreated topic starts again at offset 0."""

    cluster: str
    topic: str
    partition: int
    offset: int
    time_ms: int
    effect: str

    def values(self) -> tuple[str, str, int, int, int, str]:
        """Return the columns."""
        return (self.cluster, self.topic, self.partition, self.offset, self.time_ms, self.effect)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of an effect.

    Attributes
    ----------
    state
        ``pending`` (about to be published), ``done`` or ``failed``.
    """

    state: str
    path: str = ""
    sha256: str = ""
    reason: str = ""
    paths: tuple[str, ...] = ()


class Ledger:
    """SQLite in the worker's state directory; every change is on disk when the call returns."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._held)
            raise LedgerInUse(f"{folder} is in use by another worker: give each its own state directory") from None
        self._lock = threading.Lock()
        self._base = sqlite3.connect(folder / "ledger.sqlite", check_same_thread=False, isolation_level=None)
        self._base.execute("pragma journal_mode=wal")
        self._base.execute("pragma synchronous=full")
        self._base.execute(_TABLE)
        self._base.execute("delete from effects where written < ?", (time.time() - KEEP_DAYS * 86400,))

    def entry(self, key: Key) -> Entry | None:
        """Return what is known of an effect, None for a new one."""
        where = "cluster=? and topic=? and partition=? and offset=? and time_ms=? and effect=?"
        with self._lock:
            row = self._base.execute(
                f"select state, path, sha256, reason, paths from effects where {where}",  # noqa: S608 - constant text
                key.values(),
            ).fetchone()
        return None if row is None else Entry(row[0], row[1], row[2], row[3], tuple(json.loads(row[4])))

    def write(self, key: Key, entry: Entry) -> None:
        """Record an effect, in place of what was known of it."""
        with self._lock:
            self._base.execute(
                "insert or replace into effects values (?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *key.values(),
                    entry.state,
                    entry.path,
                    entry.sha256,
                    entry.reason,
                    json.dumps(entry.paths),
                    time.time(),
                ),
            )

    def close(self) -> None:
        """Close the file and let another worker have it."""
        with self._lock:
            self._base.close()
        os.close(self._held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
