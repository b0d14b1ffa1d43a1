"""Paths below a root, walked component by component with no symbolic link followed."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from xafs_workers.settings import Storage
from xafs_workers.storage.errors import Refused, unavailable

LONGEST_PATH = 4000
LONGEST_NAME = 240
"""Bytes; file systems allow 255, some characters are left for suffixes."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def safe_parts(path: str) -> tuple[str, ...]:
    """Return the components of a relative path.

    Raises
    ------
    Refused
        It is absolute, climbs with `..`, is too long, or has control characters.
    """
    if not path or path.startswith("/"):
        raise Refused(f"path {path!r:.100}: expected one relative to the proposal folder")
    if len(path.encode("utf-8", "surrogatepass")) > LONGEST_PATH:
        raise Refused(f"path of {len(path)} characters: the limit is {LONGEST_PATH} bytes")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if not parts:
        raise Refused(f"path {path!r:.100} names no file")
    for part in parts:
        _check_name(part, path)
    return parts


def _check_name(name: str, path: str) -> None:
    if name == "..":
        raise Refused(f"path {path!r:.100}: '..' is not allowed")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise Refused(f"path {path!r:.100}: control characters are not allowed in names")
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        raise Refused(f"path {path!r:.100}: a name may have {LONGEST_NAME} bytes")


class Root:
    """The folder below which everything lies, and the other names it goes by."""

    def __init__(self, path: Path, aliases: Mapping[str, str] | None = None):
        self.path = str(path).rstrip("/")
        self._aliases = {name.rstrip("/"): target.rstrip("/") for name, target in (aliases or {}).items()}

    @classmethod
    def from_settings(cls, storage: Storage) -> Root:
        """Take the root from the settings."""
        return cls(storage.proposals_root, storage.root_aliases)

    def parts(self, path: str) -> tuple[str, ...]:
        """Return the components of an absolute path below the root.

        Raises
        ------
        Refused
            It lies elsewhere.
        """
        for alias, target in self._aliases.items():
            if path == alias or path.startswith(alias + "/"):
                path = target + path[len(alias) :]
                break
        if not path.startswith(self.path + "/"):
            raise Refused(f"path {path!r:.100}: expected one below {self.path}")
        return safe_parts(path[len(self.path) + 1 :])

    @contextmanager
    def directory(self, parts: Sequence[str], *, create_from: int | None = None) -> Iterator[int]:
        """Open a directory below the root; yield its file descriptor.

        Parameters
        ----------
        create_from
            Components from this position on are made where they are missing, with the mode and group of their
            parent; None: nothing is made.

        Raises
        ------
        Refused
            A component is missing, a symbolic link, or no directory.
        Unavailable
            The root is not there, or not to be opened now.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise unavailable(error, self.path) from error
        try:
            for depth, part in enumerate(parts):
                make = create_from is not None and depth >= create_from
                below = self._enter(fd, parts[: depth + 1], part, make)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)

    def _enter(self, fd: int, path: Sequence[str], name: str, make: bool) -> int:
        shown = "/".join((self.path, *path))
        for attempt in range(2):
            try:
                return os.open(name, _DIRECTORY, dir_fd=fd)
            except OSError as error:
                if error.errno == errno.ENOENT and make and not attempt:
                    _make_like_parent(fd, name, shown)
                elif error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise Refused(f"{shown}: a symbolic link or no folder; links are not followed") from error
                elif error.errno == errno.ENOENT:
                    raise Refused(f"{shown}: no such folder") from error
                else:
                    raise unavailable(error, shown) from error
        raise Refused(f"{shown}: vanished while it was made")


def _make_like_parent(fd: int, name: str, shown: str) -> None:
    try:
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, _DIRECTORY, dir_fd=fd)
    except FileExistsError:
        return
    except OSError as error:
        raise unavailable(error, shown) from error
    try:
        like_parent(fd, below)
    finally:
        os.close(below)


def like_parent(parent: int, fd: int) -> None:
    """Give a new file or folder the mode and group of the folder it is in, as far as permitted."""
    above, own = os.fstat(parent), os.fstat(fd)
    if own.st_gid != above.st_gid:
        try:
            os.fchown(fd, -1, above.st_gid)
        except PermissionError:
            pass  # not a member of that group: the file stays with ours, as with any other program
    mode = stat.S_IMODE(above.st_mode)
    os.fchmod(fd, mode if stat.S_ISDIR(own.st_mode) else mode & 0o666)
