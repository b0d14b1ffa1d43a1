"""Durable queue of Slack posts (SQLite)."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from xafs_workers.services.slack_posts import Post

PostState = Literal["waiting", "unclear", "done", "failed"]

RETENTION_DAYS = 90.0
"""Days after which finished posts are deleted: longer than the topics keep their messages."""

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
_INDEX = "CREATE INDEX IF NOT EXISTS unfinished ON posts (session, number) WHERE state IN ('waiting', 'unclear')"
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


class Outbox:
    """Queue of posts, each key once; safe to use from any thread.

    Raises
    ------
    OutboxUnusable
        The file is not an outbox or cannot be written.
    """

    def __init__(self, path: Path):
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as error:
            raise OutboxUnusable(f"{path}: {error}; expected a file that this account may write") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise OutboxUnusable(f"{path}: {error}; expected an outbox made by xafs-workers") from error

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
        row = (post.key, post.session, post.text, post.picture, time.time())
        try:
            return self._update(
                "INSERT INTO posts (key, session, text, picture, state, changed) VALUES (?, ?, ?, ?, 'waiting', ?) "
                "ON CONFLICT DO NOTHING",
                row,
            )
        except sqlite3.OperationalError as error:
            full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
            raise OutboxUnavailable(errno.ENOSPC if full else errno.EIO, str(error)) from error

    def list_oldest(self) -> list[PendingPost]:
        """Return the oldest unfinished post of each session, oldest first."""
        with self._lock:
            rows = self._connection.execute(_OLDEST_QUERY).fetchall()
        return [PendingPost(row[0], Post(*row[1:5]), *row[5:]) for row in rows]

    def begin_attempt(self, number: int, file_id: str = "") -> None:
        """Record that a post is about to be made; until the attempt ends its result is unknown."""
        now = time.time()
        self._update(
            "UPDATE posts SET state = 'unclear', file_id = ?, tried = ?, changed = ? WHERE number = ?",
            (file_id, now, now, number),
        )

    def mark_not_posted(self, number: int) -> None:
        """Record that an attempt certainly made no post."""
        self._update(
            "UPDATE posts SET state = 'waiting', file_id = '', changed = ? WHERE number = ?", (time.time(), number)
        )

    def finish(self, number: int, state: Literal["done", "failed"], reason: str = "") -> None:
        """Record the final state of a post."""
        self._update(
            "UPDATE posts SET state = ?, reason = ?, changed = ? WHERE number = ?", (state, reason, time.time(), number)
        )

    def count_waiting(self) -> int:
        """Return the number of unfinished posts."""
        with self._lock:
            query = "SELECT COUNT(*) FROM posts WHERE state IN ('waiting', 'unclear')"
            return self._connection.execute(query).fetchone()[0]

    def prune(self, days: float = RETENTION_DAYS) -> None:
        """Delete the posts that were finished more than `days` ago."""
        self._update(
            "DELETE FROM posts WHERE state IN ('done', 'failed') AND changed < ?", (time.time() - days * 86400,)
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"version {version}, expected {_VERSION}")
        self._connection.execute(_SCHEMA)
        self._connection.execute(_INDEX)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _update(self, query: str, values: tuple[object, ...]) -> bool:
        with self._lock:
            return self._connection.execute(query, values).rowcount > 0
