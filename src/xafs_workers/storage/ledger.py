"""Durable ledger of a worker's effects (SQLite): one row for each effect of each message."""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal, Protocol

from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder

EffectState = Literal["pending", "done", "failed"]

RETENTION_DAYS = 90.0
"""How long what was finished is remembered, here and in the outbox: longer than topics keep their messages."""

BUSY_SECONDS = 1.0
"""How long a change waits for another process that holds the ledger; then it is tried again later."""

READ_BUSY_SECONDS = 0.05
"""How long a look-up from the loop waits, which must go on."""

_TRANSIENT_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""Primary codes of errors that may go away; any other means that the file is no ledger (any more)."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS effects (
    cluster TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
    time_ms INTEGER NOT NULL, effect TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    path TEXT NOT NULL, sha256 TEXT NOT NULL, reason TEXT NOT NULL, paths TEXT NOT NULL, changed REAL NOT NULL,
    PRIMARY KEY (cluster, topic, partition, offset, time_ms, effect)
) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX IF NOT EXISTS finished ON effects (changed) WHERE state != 'pending'"
"""Index of `prune`, which would otherwise read each entry."""

_PRUNE = "DELETE FROM effects WHERE state != 'pending' AND changed < ?"
_COPIES_SCHEMA = "CREATE TABLE IF NOT EXISTS copies (source TEXT PRIMARY KEY, position INTEGER NOT NULL)"
_KEY = "cluster = ? AND topic = ? AND partition = ? AND offset = ? AND time_ms = ? AND effect = ?"
_COLUMNS = "cluster, topic, partition, offset, time_ms, effect, state, path, sha256, reason, paths, changed"
_BEGIN = f"""
INSERT INTO effects ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, '', '[]', ?)
ON CONFLICT DO UPDATE SET path = excluded.path, sha256 = excluded.sha256, changed = excluded.changed
WHERE state = 'pending'
"""  # noqa: S608 - constants of this module
_PUT = f"INSERT OR REPLACE INTO effects ({_COLUMNS}) VALUES ({', '.join('?' * 12)})"  # noqa: S608 - as above
_FINISH = f"""
INSERT INTO effects ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, ?)
ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, paths = excluded.paths,
changed = excluded.changed WHERE state = 'pending'
"""  # noqa: S608 - constants of this module


class LedgerUnusable(Exception):
    """The file is not a ledger, or its file system cannot keep a ledger safely."""


class AlreadyFinished(Exception):
    """A finished effect was begun again, or finished with another outcome; the caller must read its entry first."""


@dataclass(frozen=True, slots=True, order=True)
class EffectKey:
    """Identity of one effect of one message.

    The record's stamp (ms) is part of it because the offsets of a topic that was deleted and created again start at 0.
    """

    cluster: str
    topic: str
    partition: int
    offset: int
    time_ms: int
    effect: str


@dataclass(frozen=True, slots=True)
class EffectEntry:
    """State of one effect.

    Attributes
    ----------
    path, sha256
        Path and checksum of the file that is about to get its name.
    reason
        Reason of a failure.
    paths
        Paths of the files that the effect made.
    changed_at
        Time of the last change, seconds since 1970.
    """

    key: EffectKey
    state: EffectState
    path: str
    sha256: str
    reason: str
    paths: tuple[str, ...]
    changed_at: float


class EffectTable(Protocol):
    """Table of effects, of one worker alone or shared with another instance."""

    def find_entry(self, key: EffectKey) -> EffectEntry | None:
        """Return the entry of an effect, None if the effect was never begun."""
        ...

    def look_up(self, key: EffectKey) -> EffectEntry | None:
        """Find the entry of an effect without waiting for a thread or process that writes."""
        ...

    def begin(self, key: EffectKey, path: str = "", sha256: str = "") -> None:
        """Record durably that an effect is about to happen."""
        ...

    def finish(
        self, key: EffectKey, state: Literal["done", "failed"], reason: str = "", paths: Iterable[str] = ()
    ) -> None:
        """Record durably how an effect ended."""
        ...


class Ledger:
    """Ledger of one worker; safe to use from any thread. Open it with `Ledger.open`."""

    def __init__(self, connection: sqlite3.Connection, reader: sqlite3.Connection, path: Path):
        self.path = path
        self._connection, self._reader = connection, reader
        self._lock, self._reader_lock = threading.Lock(), threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Open a ledger, creating the file and its folder (mode 0700) if they do not exist.

        Raises
        ------
        LedgerUnusable
            The file is not a ledger, was written by a newer program, or is not on a local file system.
        Unavailable
            The file cannot be opened or written now.
        """
        with _translate_sqlite_errors(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = _connect(path, BUSY_SECONDS)
            try:
                _prepare(connection, path)
                reader = _connect(path, READ_BUSY_SECONDS)
            except BaseException:
                connection.close()
                raise
        return cls(connection, reader, path)

    def close(self) -> None:
        """Close the file; the ledger cannot be used any more."""
        with self._reader_lock:
            self._reader.close()
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def find_entry(self, key: EffectKey) -> EffectEntry | None:
        """Return the entry of an effect, None if the effect was never begun."""
        rows = self._select_entries(f"SELECT {_COLUMNS} FROM effects WHERE {_KEY}", astuple(key))  # noqa: S608
        return rows[0] if rows else None

    def look_up(self, key: EffectKey) -> EffectEntry | None:
        """Find the entry of an effect as `find_entry` does, without waiting for a thread or process that writes.

        Raises
        ------
        Unavailable
            The ledger cannot be read at once.
        """
        query = f"SELECT {_COLUMNS} FROM effects WHERE {_KEY}"  # noqa: S608 - constants of this module
        with self._reader_lock, _translate_sqlite_errors(self.path):
            row = self._reader.execute(query, astuple(key)).fetchone()
        return None if row is None else _parse_row(row)

    def begin(self, key: EffectKey, path: str = "", sha256: str = "") -> None:
        """Record durably that an effect is about to happen; call it again for each new attempt.

        Raises
        ------
        AlreadyFinished
            The effect is done or failed.
        """
        if not self._apply_change(_BEGIN, (*astuple(key), path, sha256, time.time())):
            raise AlreadyFinished(f"{key}: begun again after it was finished (call find_entry before begin)")

    def finish(
        self, key: EffectKey, state: Literal["done", "failed"], reason: str = "", paths: Iterable[str] = ()
    ) -> None:
        """Record durably how an effect ended; the effect need not have begun.

        Raises
        ------
        AlreadyFinished
            The effect ended before with another state.
        """
        made = json.dumps(list(paths))
        if self._apply_change(_FINISH, (*astuple(key), state, reason, made, time.time())):
            return
        known = self.find_entry(key)
        if known is None or known.state != state:
            raise AlreadyFinished(f"{key}: cannot be {state!r}, it is {known.state if known else 'gone'} already")

    def put_entries(self, entries: Iterable[EffectEntry], source: str, position: int) -> None:
        """Store entries as they are, and up to where the topic `source` that they come from is stored, all or none."""
        rows = [_build_row(entry) for entry in entries]
        with self._lock, _translate_sqlite_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_PUT, rows)
                self._connection.execute("INSERT OR REPLACE INTO copies VALUES (?, ?)", (source, position))
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def read_position(self, source: str) -> int:
        """Return up to where a topic is stored by `put_entries`, 0 if it never was."""
        with self._lock, _translate_sqlite_errors(self.path):
            row = self._connection.execute("SELECT position FROM copies WHERE source = ?", (source,)).fetchone()
        return 0 if row is None else row[0]

    def list_entries(self) -> list[EffectEntry]:
        """Return all entries, oldest change first."""
        return self._select_entries(f"SELECT {_COLUMNS} FROM effects ORDER BY changed", ())  # noqa: S608

    def prune(self, days: float) -> int:
        """Delete the effects that were finished more than `days` ago; return how many were deleted.

        `days` must be longer than the topics keep their messages.
        """
        oldest = time.time() - days * 86400
        return self._apply_change(_PRUNE, (oldest,))

    def _select_entries(self, query: str, values: tuple[object, ...]) -> list[EffectEntry]:
        with self._lock, _translate_sqlite_errors(self.path):
            return [_parse_row(row) for row in self._connection.execute(query, values)]

    def _apply_change(self, query: str, values: tuple[object, ...]) -> int:
        with self._lock, _translate_sqlite_errors(self.path):
            return self._connection.execute(query, values).rowcount


def is_already_published(entry: EffectEntry | None, folder: ProposalFolder) -> bool:
    """Check whether the file of a pending effect is published: the worker was killed before it recorded the end."""
    if entry is None or entry.state != "pending" or not entry.path or not entry.sha256:
        return False
    try:
        return folder.digest(entry.path) == entry.sha256
    except Refused:
        return False


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerUnusable(
            f"{path}: journal mode {mode!r} (expected 'wal'; the state directory must be on a local disk)"
        )
    connection.execute("PRAGMA synchronous = FULL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _VERSION):
        raise LedgerUnusable(f"{path}: ledger of version {version} (expected {_VERSION}; a newer program wrote it)")
    connection.execute(_SCHEMA)
    connection.execute(_INDEX)
    connection.execute(_COPIES_SCHEMA)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


@contextmanager
def _translate_sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _TRANSIENT_CODES:
            number = errno.ENOSPC if code == sqlite3.SQLITE_FULL else errno.EIO
            raise Unavailable(f"ledger {path}: {error}", number) from error
        raise LedgerUnusable(f"{path}: {error} (expected a ledger made by xafs-workers)") from error
    except OSError as error:
        raise Unavailable(f"ledger {path}: {error}", error.errno) from error


def _parse_row(row: tuple) -> EffectEntry:
    state, path, sha256, reason, paths, changed = row[6:]
    return EffectEntry(EffectKey(*row[:6]), state, path, sha256, reason, tuple(json.loads(paths)), changed)


def _build_row(entry: EffectEntry) -> tuple[object, ...]:
    made = json.dumps(list(entry.paths))
    return (*astuple(entry.key), entry.state, entry.path, entry.sha256, entry.reason, made, entry.changed_at)
