"""Paths below configured roots, opened one component at a time without following symbolic links.

A path from a message is hostile input. It is first checked as text (`parse_path`). Then each component is opened
relative to the folder that is already open, so that a folder replaced by a link cannot lead outside the root.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from xafs_workers.settings import Storage
from xafs_workers.storage.confusables import describe_confusable
from xafs_workers.storage.errors import (
    Absent,
    Refused,
    Unavailable,
    describe_file_type,
    quote_value,
    translate_os_errors,
)
from xafs_workers.storage.file_attributes import apply_ownership, sync_folder
from xafs_workers.storage.sweep_schedule import SweepSchedule

MAX_PATH = 4095  # bytes; PATH_MAX of Linux less its NUL
MAX_COMPONENT = 255  # bytes; NAME_MAX
CHUNK_SIZE = 1 << 20  # bytes

# Traversing needs search permission only; O_DIRECTORY also triggers an automount.
_TRAVERSE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_LINE_BREAKS_AND_CONTROLS = {"Cc", "Zl", "Zp", "Cs"}


def check_component(name: str) -> str:
    """Return `name` if it may be one component of a path; raise Refused otherwise."""
    if name in ("", ".", ".."):
        raise Refused(f"name {quote_value(name)} (expected the name of a file or folder, never '.' or '..')")
    if not name.strip(". "):  # file systems that drop dots and blanks at the end take ".. " for ".."
        raise Refused(f"name {quote_value(name)} is of dots and blanks alone (expected letters or signs)")
    if "/" in name:
        raise Refused(f"name {quote_value(name)} (expected one component of a path, without '/')")
    for character in name:
        if unicodedata.category(character) in _LINE_BREAKS_AND_CONTROLS:
            raise Refused(
                f"name {quote_value(name)}: a control character (U+{ord(character):04X}) is not allowed in a file name"
            )
    if found := describe_confusable(name):
        shown = f"name {quote_value(name)}, {ascii(name)[:MAX_COMPONENT]}"
        raise Refused(f"{shown}: {found} makes it look like another name (expected plain letters and signs)")
    if len(name.encode()) > MAX_COMPONENT:
        raise Refused(f"name {quote_value(name)} has {len(name.encode())} bytes: at most {MAX_COMPONENT} are allowed")
    return name


def parse_path(path: str) -> tuple[str, ...]:
    """Split a path into its checked components, without empty ones and ".".

    Raises
    ------
    Refused
        The path is not text or too long, or `check_component` refuses a component.
    """
    if not isinstance(path, str):
        raise Refused(f"path {quote_value(path)} is a {type(path).__name__} (expected a path as text)")
    if len(path.encode(errors="surrogatepass")) > MAX_PATH:
        raise Refused(f"path {quote_value(path)} has {len(path)} characters: at most {MAX_PATH} bytes are allowed")
    return tuple(check_component(name) for name in path.split("/") if name not in ("", "."))


@dataclass(frozen=True, slots=True)
class Root:
    """Folder below which paths are allowed.

    Parameters
    ----------
    path
        Absolute path from the configuration; links in it are followed.
    aliases
        Other beginnings of a path: `{"/nsls2/data": "/nsls2/data3"}` treats a path below the first as one below the
        second.
    """

    path: str
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (self.path, *self.aliases, *self.aliases.values()):
            if not name.startswith("/"):
                raise Refused(f"root or alias {quote_value(name)} (expected an absolute path)")
            parse_path(name)

    def resolve_below(self, path: str) -> tuple[str, ...] | None:
        """Return the components of an absolute path below this root, or None if the path is not below it.

        Each is tried as it is and under the name that its alias has, for two names may be aliases of each other.
        """
        roots, names = self._list_names(self.path), self._list_names(path)
        found = (given[len(own) :] for own in roots for given in names if given[: len(own)] == own)
        return next(found, None)

    def _list_names(self, path: str) -> tuple[tuple[str, ...], ...]:
        parts = parse_path(path)
        return (self._resolve_aliases(parts), parts)

    def _resolve_aliases(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        known = sorted(((parse_path(a), parse_path(b)) for a, b in self.aliases.items()), key=lambda ab: -len(ab[0]))
        for alias, name in known:
            if parts[: len(alias)] == alias:
                return name + parts[len(alias) :]
        return parts


@dataclass(frozen=True, slots=True)
class RootedPath:
    """Path below a root, checked as text but not opened."""

    root: Root
    parts: tuple[str, ...]

    @property
    def path(self) -> str:
        """Absolute path, beginning with the root's own path."""
        return os.path.join(self.root.path, *self.parts)

    @property
    def name(self) -> str:
        """Last component of the path."""
        return self.parts[-1]

    @property
    def folder(self) -> RootedPath:
        """Folder that contains the path."""
        return RootedPath(self.root, self.parts[:-1])


class Roots:
    """Folders below which a worker may read or write.

    Parameters
    ----------
    roots
        Allowed roots; proposal folders are below the first one.
    before_change
        Called before each change in a proposal folder; it raises Unavailable where this process may change nothing now.

    Attributes
    ----------
    sweep_schedule
        Times at which folders below the roots were searched for leftovers.
    """

    def __init__(self, *roots: Root, before_change: Callable[[], object] = lambda: None):
        if not roots:
            raise Refused("no root is configured (expected at least one)")
        self.roots, self.before_change = roots, before_change
        self.sweep_schedule = SweepSchedule()

    @classmethod
    def from_settings(cls, storage: Storage, before_change: Callable[[], object] = lambda: None) -> Roots:
        """Build the roots from the storage settings: the proposals root with its aliases."""
        return cls(Root(str(storage.proposals_root), storage.root_aliases), before_change=before_change)

    @property
    def first(self) -> Root:
        """Root of the proposal folders."""
        return self.roots[0]

    def resolve_path(self, path: str) -> RootedPath:
        """Find the root of an absolute path and return the path below that root.

        Raises
        ------
        Refused
            The path is not absolute, is below no root, or has a component that is not allowed.
        """
        parts = parse_path(path)
        if not path.startswith("/"):
            raise Refused(f"path {quote_value(path)} (expected an absolute path below {self._format_allowed()})")
        for root in self.roots:
            inside = root.resolve_below("/" + "/".join(parts))
            if inside is not None:
                return RootedPath(root, inside)
        raise Refused(f"path {quote_value(path)} (expected a path below {self._format_allowed()})")

    def _format_allowed(self) -> str:
        return " or ".join(quote_value(name) for root in self.roots for name in (root.path, *root.aliases))


@contextmanager
def open_folder(place: RootedPath, *, make_from: int | None = None) -> Iterator[int]:
    """Open a folder and give its file descriptor.

    Parameters
    ----------
    place
        The folder; no component below the root may be a link.
    make_from
        Missing components from this index on are created, with the mode and group of the folder they are in.

    Raises
    ------
    Absent
        The folder or one of its parents does not exist.
    Refused
        A component is a link or not a folder.
    Unavailable
        The root is missing or empty (not mounted), or the file system reports an error.
    """
    current = _open_root(place)
    try:
        for depth in range(len(place.parts)):
            here = RootedPath(place.root, place.parts[: depth + 1])
            last = depth == len(place.parts) - 1
            make = make_from is not None and depth >= make_from
            inner = _enter(current, here, flags=_LIST if last else _TRAVERSE, make=make)
            os.close(current)
            current = inner
        yield current
    finally:
        os.close(current)


def _open_root(place: RootedPath) -> int:
    try:
        return os.open(place.root.path, _TRAVERSE if place.parts else _LIST)
    except OSError as error:
        reason = f"the root {quote_value(place.root.path)} cannot be opened: {os.strerror(error.errno or errno.EIO)}"
        raise Unavailable(f"{reason}; is it mounted?", error.errno) from error


def _enter(folder: int, here: RootedPath, *, flags: int, make: bool) -> int:
    if make:
        make_folder(folder, here.name, here.path)
    with translate_os_errors(here.path):
        try:
            return os.open(here.name, flags | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError as error:
            if len(here.parts) == 1 and _is_empty(folder):
                reason = f"the root {quote_value(here.root.path)} is empty; is it mounted?"
                raise Unavailable(reason, errno.ENOENT) from error
            raise Absent(f"{quote_value(here.path)} does not exist (expected an existing folder)") from error
        except NotADirectoryError as error:
            found = describe_file_type(os.stat(here.name, dir_fd=folder, follow_symlinks=False).st_mode)
            raise Refused(
                f"{quote_value(here.path)} is {found} (expected a folder, and links are not followed)"
            ) from error


def _is_empty(folder: int) -> bool:
    listed = os.open(".", _LIST, dir_fd=folder)
    try:
        return not os.listdir(listed)
    finally:
        os.close(listed)


def make_folder(folder: int, name: str, path: str) -> None:
    """Create a folder unless it exists, with the mode (including setgid) and the group of its parent folder."""
    with translate_os_errors(path):
        parent = os.fstat(folder)
        mode = stat.S_IMODE(parent.st_mode) & 0o2777 | 0o700
        try:
            os.mkdir(name, mode, dir_fd=folder)
        except FileExistsError:
            return
        made = os.open(name, _LIST | os.O_NOFOLLOW, dir_fd=folder)
        try:
            apply_ownership(made, gid=parent.st_gid, mode=mode)
        finally:
            os.close(made)
        sync_folder(folder)


def open_regular(folder: int, name: str, path: str, flags: int = os.O_RDONLY) -> int:
    """Open an existing regular file; its type is checked first, because opening a device may have an effect."""
    with translate_os_errors(path):
        try:
            _require_regular(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode, path)
            handle = os.open(name, flags | _FILE, dir_fd=folder)
        except FileNotFoundError as error:
            raise Absent(f"{quote_value(path)} does not exist (expected a regular file)") from error
        try:
            _require_regular(os.fstat(handle).st_mode, path)
        except Refused:
            os.close(handle)
            raise
        return handle


def _require_regular(mode: int, path: str) -> None:
    if not stat.S_ISREG(mode):
        raise Refused(
            f"{quote_value(path)} is {describe_file_type(mode)} (expected a regular file, and links are not followed)"
        )


@contextmanager
def open_for_reading(folder: int, name: str, path: str) -> Iterator[int]:
    """Open a regular file in an open folder for the block and yield its file descriptor."""
    handle = open_regular(folder, name, path)
    try:
        yield handle
    finally:
        os.close(handle)


def read_chunks(handle: int, path: str) -> Iterator[bytes]:
    """Yield the remaining content of an open file in parts."""
    while chunk := _read(handle, path):
        yield chunk


def _read(handle: int, path: str) -> bytes:
    with translate_os_errors(path):
        return os.read(handle, CHUNK_SIZE)
