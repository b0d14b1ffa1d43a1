"""Durable queue of Slack posts (SQLite)."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from xafs_workers.services.slack_posts import Post
from xafs_workers.storage.ledger import RETENTION_DAYS

PostState = Literal["waiting", "unclear", "done", "failed"]

BUSY_SECONDS = 1.0
"""How long a change waits for another process that holds the file; then it is tried again later."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS posts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE, session TEXT NOT NULL, text TEXT NOT NULL, picture TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'unclear', 'done', 'failed')),
    file_id TEXT NOT NULL DEFAULT '', tried REAL NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
    changed REAL NOT NULL
)
"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS unfinished ON posts (session, number) WHERE state IN ('waiting', 'unclear')",
    "CREATE INDEX IF NOT EXISTS finished ON posts (changed) WHERE state IN ('done', 'failed')",
)
_PRUNE = "DELETE FROM posts WHERE state IN ('done', 'failed') AND changed < ?"
_COUNT_QUERY = "SELECT COUNT(*) FROM posts WHERE state IN ('waiting', 'unclear')"
_ROW = "key, session, text, picture, state, file_id, tried, reason"
_OLDEST_QUERY = """
SELECT number, key, session, text, picture, state, file_id, tried FROM posts WHERE number IN
(SELECT MIN(number) FROM posts WHERE state IN ('waiting', 'unclear') GROUP BY session) ORDER BY number
"""


class OutboxUnusable(Exception):
    """The file is not an outbox or cannot be opened."""


class OutboxUnavailable(OSError):
    """The outbox cannot be written now, for example because the disk is full."""


@dataclass(frozen=True, slots=True)
class PendingPost:
    """A post that is not finished.

    Attributes
    ----------
    number
        Position of the post in the queue; it increases with each post.
    post
        The post itself.
    state
        ``unclear`` if an attempt began whose result is not known: the post may have been made.
    file_id
        Slack's id of an uploaded picture, set just before the picture is shared.
    tried_at
        Start of the last attempt, POSIX seconds; 0: never.
    """

    number: int
    post: Post
    state: PostState
    file_id: str
    tried_at: float


@dataclass(frozen=True, slots=True)
class PostChange:
    """Change of one post, as two instances of a worker share it.

    Attributes
    ----------
    key
        Permanent name of the post.
    post
        The post, where it is new; None for a change of its state.
    state, file_id, tried_at, reason
        What is stored from now on; as in `PendingPost`, and the reason of the final state.
    """

    key: str
    post: Post | None = None
    state: PostState = "waiting"
    file_id: str = ""
    tried_at: float = 0.0
    reason: str = ""


class Outbox:
    """Queue of posts, each key once; safe to use from any thread.

    Attributes
    ----------
    share
        Commits a change for all instances and stores it here by `apply`; None for a worker that shares nothing.

    Raises
    ------
    OutboxUnusable
        The file is not an outbox.
    OutboxUnavailable
        The file cannot be opened or written now.
    """

    def __init__(self, path: Path):
        self._lock = threading.Lock()
        self._waiting_count = 0
        self.share: Callable[[PostChange], object] | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (sqlite3.Error, OSError) as error:
            raise OutboxUnavailable(errno.EIO, f"{path}: {error}") from error
        try:
            self._prepare()
            self._waiting_count = self._read_waiting_count()
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise _build_unavailable(error) from error
        except sqlite3.Error as error:
            self._connection.close()
            raise OutboxUnusable(f"{path}: {error} (expected an outbox made by xafs-workers)") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def put(self, post: Post) -> bool:
        """Store a post durably; return False if a post with its key is stored already.

        Raises
        ------
        OutboxUnavailable
            The post could not be stored; a later attempt may succeed.
        """
        try:
            if self.share is None:
                return self._insert(post)
            if self._find_row("key = ?", post.key) is not None:
                return False
            self.share(PostChange(post.key, post))
            return True
        except sqlite3.OperationalError as error:
            raise _build_unavailable(error) from error

    def list_oldest(self) -> list[PendingPost]:
        """Return the oldest unfinished post of each session, oldest first."""
        with self._lock:
            rows = self._connection.execute(_OLDEST_QUERY).fetchall()
        return [PendingPost(row[0], Post(*row[1:5]), *row[5:]) for row in rows]

    def begin_attempt(self, number: int, file_id: str = "") -> None:
        """Record that a post is about to be made; until the attempt ends its result is unknown."""
        self._change(number, "unclear", file_id=file_id, tried_at=time.time())

    def mark_not_posted(self, number: int) -> None:
        """Record that an attempt certainly made no post."""
        self._change(number, "waiting", file_id="")

    def finish(self, number: int, state: Literal["done", "failed"], reason: str = "") -> None:
        """Record the final state of a post."""
        self._change(number, state, reason=reason)

    def apply(self, change: PostChange) -> None:
        """Store a change that is committed; doing it again changes nothing.

        Raises
        ------
        OutboxUnavailable
            The change could not be stored; a later attempt may succeed.
        """
        try:
            if change.post is not None:
                self._insert(change.post)
            else:
                self._store_state(change)
        except sqlite3.OperationalError as error:
            raise _build_unavailable(error) from error

    def list_changes(self) -> list[PostChange]:
        """Return the changes that make the same posts elsewhere, in order."""
        with self._lock:
            rows = self._connection.execute(f"SELECT {_ROW} FROM posts ORDER BY number").fetchall()  # noqa: S608
        posts = [PostChange(row[0], Post(*row[:4])) for row in rows]
        return posts + [PostChange(row[0], None, *row[4:]) for row in rows if row[4] != "waiting"]

    def count_waiting(self) -> int:
        """Return how many posts are not finished, as counted after the last change; nothing is waited for."""
        return self._waiting_count

    def prune(self, days: float = RETENTION_DAYS) -> None:
        """Delete the posts that were finished more than `days` ago."""
        self._update(_PRUNE, (time.time() - days * 86400,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"version {version} (expected {_VERSION})")
        self._connection.execute(_SCHEMA)
        for index in _INDEXES:
            self._connection.execute(index)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _change(self, number: int, state: PostState, **values: Any) -> None:
        """Store the new state of a post; what is not given stays as it is."""
        row = self._find_row("number = ?", number)
        if row is None:
            return
        change = replace(PostChange(row[0], None, *row[4:]), state=state, **values)
        if self.share is None:
            self._store_state(change)
        else:
            self.share(change)

    def _find_row(self, condition: str, value: object) -> tuple[Any, ...] | None:
        with self._lock:
            return self._connection.execute(f"SELECT {_ROW} FROM posts WHERE {condition}", (value,)).fetchone()  # noqa: S608

    def _insert(self, post: Post) -> bool:
        return self._update(
            "INSERT INTO posts (key, session, text, picture, state, changed) VALUES (?, ?, ?, ?, 'waiting', ?) "
            "ON CONFLICT DO NOTHING",
            (post.key, post.session, post.text, post.picture, time.time()),
        )

    def _store_state(self, change: PostChange) -> None:
        self._update(
            "UPDATE posts SET state = ?, file_id = ?, tried = ?, reason = ?, changed = ? WHERE key = ?",
            (change.state, change.file_id, change.tried_at, change.reason, time.time(), change.key),
        )

    def _update(self, query: str, values: tuple[object, ...]) -> bool:
        with self._lock:
            changed = self._connection.execute(query, values).rowcount > 0
            with suppress(sqlite3.OperationalError):  # the change is made; the count is of the next change
                self._waiting_count = self._read_waiting_count()
            return changed

    def _read_waiting_count(self) -> int:
        return self._connection.execute(_COUNT_QUERY).fetchone()[0]


def _build_unavailable(error: sqlite3.OperationalError) -> OutboxUnavailable:
    is_full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return OutboxUnavailable(errno.ENOSPC if is_full else errno.EIO, str(error))
