"""Topics without Kafka: control messages, answers, heartbeats and dead letters in one SQLite file of the state folder.

All workers of an account on one machine share the file. It must lie on a local disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from xafs_workers.settings import Settings

FILE_NAME = "topics.sqlite"
BUSY_SECONDS = 5.0
"""How long a writer waits for another one, seconds."""
RETENTION_SECONDS = 30 * 86400.0
"""Age at which records are removed, seconds."""
STATUS_RETENTION_SECONDS = 86400.0
"""The same for heartbeats, which come every few seconds."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
  topic TEXT NOT NULL, offset INTEGER NOT NULL, time REAL NOT NULL, key BLOB, value BLOB, PRIMARY KEY (topic, offset)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_times ON records (topic, time);
CREATE TABLE IF NOT EXISTS next_offsets (topic TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed (
  reader TEXT NOT NULL, topic TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (reader, topic)
) WITHOUT ROWID;
"""


class LocalRecord(NamedTuple):
    """A record of a local topic; `time` is the time at which it was appended, POSIX seconds."""

    offset: int
    time: float
    key: bytes | None
    value: bytes | None


class LocalTopics:
    """The topics of one state folder; each object is a connection, which several threads may use.

    Every record is on the disk when `append` returns.

    Parameters
    ----------
    path
        The SQLite file; it is created with its folder, readable by the account alone.

    Raises
    ------
    sqlite3.Error, OSError
        The file cannot be opened (raised by all methods).
    """

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._db.execute("SELECT id FROM store").fetchone() is None:
                self._db.execute("INSERT INTO store VALUES (?)", (uuid.uuid4().hex,))
        self.id = str(self._db.execute("SELECT id FROM store").fetchone()[0])

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the topics of the state folder that the settings name."""
        return cls(settings.find_state_folder() / FILE_NAME)

    def append(self, topic: str, value: bytes | None, key: bytes | None = None, moment: float | None = None) -> int:
        """Append a record and return its offset."""
        now = time.time() if moment is None else moment
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            offset = self._find_next(topic)
            self._db.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", (topic, offset, now, key, value))
            self._db.execute("INSERT OR REPLACE INTO next_offsets VALUES (?, ?)", (topic, offset + 1))
        return offset

    def read(self, topic: str, offset: int, limit: int) -> list[LocalRecord]:
        """Return records from an offset on, in order."""
        query = "SELECT offset, time, key, value FROM records WHERE topic = ? AND offset >= ? ORDER BY offset LIMIT ?"
        with self._lock:
            return [LocalRecord(*row) for row in self._db.execute(query, (topic, offset, limit))]

    def fetch_watermarks(self, topic: str) -> tuple[int, int]:
        """Return the oldest offset kept and the next one to be written."""
        with self._lock:
            oldest = self._db.execute("SELECT min(offset) FROM records WHERE topic = ?", (topic,)).fetchone()[0]
            following = self._find_next(topic)
        return (following if oldest is None else oldest, following)

    def find_offset(self, topic: str, moment: float) -> int:
        """Return the first offset whose time is `moment` (POSIX seconds) or later, else the next one to be written."""
        query = "SELECT min(offset) FROM records WHERE topic = ? AND time >= ?"
        with self._lock:
            found = self._db.execute(query, (topic, moment)).fetchone()[0]
            return self._find_next(topic) if found is None else int(found)

    def commit(self, reader: str, offsets: Mapping[str, int]) -> None:
        """Store the next offset to be read, of each topic, under a reader's name."""
        rows = [(reader, topic, offset) for topic, offset in offsets.items()]
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO committed VALUES (?, ?, ?)", rows)

    def fetch_committed(self, reader: str) -> dict[str, int]:
        """Return the stored offsets of a reader by topic."""
        with self._lock:
            return dict(self._db.execute("SELECT topic, offset FROM committed WHERE reader = ?", (reader,)).fetchall())

    def prune(self, status_topic: str, other_topics: Iterable[str]) -> None:
        """Remove old records; heartbeats earlier than others."""
        ages = {status_topic: STATUS_RETENTION_SECONDS} | dict.fromkeys(other_topics, RETENTION_SECONDS)
        rows = [(topic, time.time() - age) for topic, age in ages.items()]
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("DELETE FROM records WHERE topic = ? AND time < ?", rows)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find_next(self, topic: str) -> int:
        row = self._db.execute("SELECT offset FROM next_offsets WHERE topic = ?", (topic,)).fetchone()
        return 0 if row is None else int(row[0])
