"""A group's proposal folder: where it is, and files published in it without replacing."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from xafs_workers.settings import Storage
from xafs_workers.storage.confined import Root, like_parent, safe_parts
from xafs_workers.storage.errors import Conflict, Refused, Unavailable, unavailable
from xafs_workers.storage.noreplace import publish_noreplace

_PREFIX, _SUFFIX = ".xafs-workers-", ".tmp"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Published:
    """A file in place.

    Attributes
    ----------
    state
        ``new``, ``same`` (it was there with this very content) or ``replaced``.
    """

    path: str
    sha256: str
    state: Literal["new", "same", "replaced"]


def proposal_of(start: Mapping[str, Any], storage: Storage) -> tuple[str, str]:
    """Return (cycle, data session) of a run.

    The cycle is that of the start document, else of its XDI metadata, else the configured one.

    Raises
    ------
    Refused
        One of them is not told.
    """
    session = start.get("data_session")
    if not isinstance(session, str) or not session:
        raise Refused(f"run {start.get('uid')}: its start document names no data_session")
    facility = (start.get("XDI") or {}).get("Facility") if isinstance(start.get("XDI"), Mapping) else None
    xdi = facility.get("cycle") if isinstance(facility, Mapping) else None
    cycle = next((str(c) for c in (start.get("cycle"), xdi, storage.cycle) if c), None)
    if cycle is None:
        raise Refused(f"run {start.get('uid')}: no cycle in its start document and none configured (storage.cycle)")
    return cycle, session


class ProposalFolder:
    """One session's folder below the root.

    Raises
    ------
    Refused
        The cycle or the session is no plain name.
    """

    def __init__(self, root: Root, cycle: str, session: str):
        for name in (cycle, session):
            if len(safe_parts(name)) != 1 or "/" in name or name.startswith("."):
                raise Refused(f"{name!r:.100} is no name of a cycle or session")
        self._root = root
        self._home = (cycle, session)
        self.path = "/".join((root.path, *self._home))

    def parts(self, path: str) -> tuple[str, ...]:
        """Return the components of a path inside the folder, given relative to it or absolute.

        Raises
        ------
        Refused
            It lies outside.
        """
        if not path.startswith("/"):
            return safe_parts(path)
        parts = self._root.parts(path)
        if parts[:2] != self._home or len(parts) < 3:
            raise Refused(f"path {path!r:.100}: expected one inside {self.path}")
        return parts[2:]

    def publish(
        self,
        path: str,
        content: bytes,
        *,
        overwrite: bool = False,
        before_publish: Callable[[str, str], None] | None = None,
    ) -> Published:
        """Put a file in place: written beside, flushed to disk, then given its name without replacing.

        Parameters
        ----------
        path
            Relative to the folder, or absolute inside it.
        overwrite
            Replace a file with other content.
        before_publish
            Called with (path, sha256) when all is on disk but the name.

        Raises
        ------
        Conflict
            A file with other content is there.
        Refused
            The path is not allowed.
        Unavailable
            Not now.
        """
        parts = self.parts(path)
        shown = "/".join((self.path, *parts))
        digest = hashlib.sha256(content).hexdigest()
        with self._open(parts[:-1], create=True) as fd, _os_errors(shown):
            _sweep(fd)
            there = _digest(fd, parts[-1], shown)
            if there == digest:
                return Published(shown, digest, "same")
            if there is not None and not overwrite:
                raise Conflict(f"{shown} exists with other content")
            with _temporary(fd, content) as temporary:
                if before_publish is not None:
                    before_publish(shown, digest)
                if overwrite:
                    os.rename(temporary, parts[-1], src_dir_fd=fd, dst_dir_fd=fd)
                elif not _named(fd, temporary, parts[-1], digest, shown):
                    return Published(shown, digest, "same")
            os.fsync(fd)
        return Published(shown, digest, "replaced" if there is not None else "new")

    def names(self, path: str = "") -> list[str]:
        """Return the names in a folder inside this one, [] where it is not there."""
        try:
            with self._open(self.parts(path) if path else ()) as fd, _os_errors(f"{self.path}/{path}"):
                return sorted(os.listdir(fd))
        except Refused:
            return []

    def read(self, path: str) -> bytes | None:
        """Return the content of a regular file, None where there is none."""
        parts = self.parts(path)
        try:
            with self._open(parts[:-1]) as fd, _os_errors(f"{self.path}/{path}"):
                return _content(fd, parts[-1], path)
        except Refused:
            return None

    def _open(self, parts: tuple[str, ...], *, create: bool = False) -> Any:
        home = len(self._home)
        return self._root.directory((*self._home, *parts), create_from=home if create else None)


@contextmanager
def _os_errors(shown: str) -> Iterator[None]:
    try:
        yield
    except Unavailable:
        raise
    except OSError as error:
        raise unavailable(error, shown) from error


@contextmanager
def _temporary(fd: int, content: bytes) -> Iterator[str]:
    """Write a temporary file, complete and on disk; whatever happens, it is gone afterwards."""
    name = f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
    file = os.open(name, _NEW, 0o600, dir_fd=fd)
    try:
        # Held while we live: so nobody sweeps it away, and anybody may when we were killed.
        fcntl.flock(file, fcntl.LOCK_EX)
        _write_all(file, content)
        like_parent(fd, file)
        os.fsync(file)
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=fd)
        os.close(file)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _named(fd: int, temporary: str, name: str, digest: str, shown: str) -> bool:
    """Give the temporary file its name; False where somebody put the same content there meanwhile."""
    try:
        publish_noreplace(fd, temporary, name)
    except FileExistsError:
        if _digest(fd, name, shown) == digest:
            return False
        raise Conflict(f"{shown} exists with other content") from None
    return True


def _digest(fd: int, name: str, shown: str) -> str | None:
    content = _content(fd, name, shown)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _content(fd: int, name: str, shown: str) -> bytes | None:
    try:
        file = os.open(name, _OLD, dir_fd=fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"{shown}: not a regular file ({error.strerror}); links are not followed") from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Refused(f"{shown}: not a regular file")
    with os.fdopen(file, "rb") as stream:
        return stream.read()


def _sweep(fd: int) -> None:
    """Remove what killed workers left behind: temporary files that nobody holds."""
    for name in os.listdir(fd):
        if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)):
            continue
        with suppress(OSError):
            file = os.open(name, _OLD, dir_fd=fd)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=fd)
            finally:
                os.close(file)
