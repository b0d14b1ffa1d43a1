"""Folder of one proposal: all reading and writing in it goes through `ProposalFolder`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from xafs_workers.settings import Storage
from xafs_workers.storage import folder_edits, publishing
from xafs_workers.storage.confined import (
    RootedPath,
    Roots,
    open_for_reading,
    open_regular,
    parse_path,
    read_chunks,
)
from xafs_workers.storage.errors import Absent, Refused, quote_value, translate_os_errors
from xafs_workers.storage.exclusive_names import give_name
from xafs_workers.storage.file_attributes import sync_folder
from xafs_workers.storage.leftovers import is_temporary, remove_leftovers
from xafs_workers.storage.owned_names import (
    OWNED_FILES,
    RESERVATIONS_FOLDER,
    check_target,
    check_writable,
    is_touchable,
)
from xafs_workers.storage.publishing import FileContent, PublishedFile
from xafs_workers.storage.session_access import open_in_session
from xafs_workers.storage.spelling import compose, find_spelling

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SESSION_DEPTH = 2  # components of <cycle>/<session>
_READ_LIMIT = 256 * 1024 * 1024  # bytes
_MAX_ROOM_KEPT = 1e9  # bytes that a copy leaves free at most


def build_proposal_path(start: Mapping[str, Any], settings: Storage) -> str:
    """Return the path of the proposal folder that a run's start document names: `<root>/<cycle>/<data_session>`.

    Raises
    ------
    Refused
        The cycle or the data session is missing or is not a plain word.
    """
    return os.path.join(str(settings.proposals_root), *find_proposal(start, settings))


def find_proposal(start: Mapping[str, Any], settings: Storage) -> tuple[str, str]:
    """Return (cycle, data session) of a run's start document.

    Raises
    ------
    Refused
        As in `build_proposal_path`.
    """
    run = f"run {quote_value(start.get('uid'))}"
    cycle = _find_outer_folder(start, settings)
    if cycle is None:
        places = ", ".join((*(f"start.{key}" for key in settings.cycle_keys), "the setting storage.cycle"))
        raise Refused(f"{run}: no cycle in any of {places} (expected one)")
    session = _find_first(start, settings.session_keys)
    if session is None:
        names = " or ".join(settings.session_keys)
        raise Refused(f"{run}: no {names} in the start document (expected the name of its proposal folder)")
    return _check_word(cycle, f"{run}: cycle"), _check_word(session, f"{run}: {settings.session_keys[0]}")


def _find_outer_folder(start: Mapping[str, Any], settings: Storage) -> object | None:
    """Find the folder that holds the proposal folder: that of the cycle, or the one for commissioning."""
    if _find_first(start, settings.commissioning_keys) is True:
        return settings.commissioning_folder
    return _find_first(start, settings.cycle_keys) or settings.cycle


def _find_first(start: Mapping[str, Any], keys: Iterable[str]) -> object | None:
    """Return the first value that is not blank; a dot in a key leads into an inner mapping."""
    for key in keys:
        *outer, last = key.split(".")
        inner = start
        for name in outer:
            inner = _get_mapping(inner, name)
        if not _is_blank(inner.get(last)):
            return inner[last]
    return None


def _get_mapping(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = mapping.get(key)
    return value if isinstance(value, Mapping) else {}


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _check_word(value: object, what: str) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise Refused(
            f"{what}: got {quote_value(value)} (expected one folder's name of letters, digits, '.', '_' and '-')"
        )
    return value


class ProposalFolder:
    """Folder of one proposal.

    Paths are relative to the folder; an absolute path must be inside it.

    Parameters
    ----------
    roots
        Allowed roots; the first one contains `<cycle>/<session>`.
    cycle, session
        Names of the cycle's folder and of the session's folder in it.

    Notes
    -----
    Only `mkdir("")` makes a session folder, and only if its cycle exists; all other methods raise `Absent`. The
    facility decides who may read a session folder, so a document alone never creates one.
    """

    def __init__(self, roots: Roots, cycle: str, session: str):
        self.cycle, self.session = _check_word(cycle, "cycle"), _check_word(session, "data_session")
        self._roots = roots
        self._session_path = RootedPath(roots.first, (cycle, session))
        self._open = partial(open_in_session, self._session_path)

    @classmethod
    def from_run(cls, start: Mapping[str, Any], roots: Roots, settings: Storage) -> ProposalFolder:
        """Build the folder that a run's start document names."""
        return cls(roots, *find_proposal(start, settings))

    @classmethod
    def from_path(cls, path: str, roots: Roots) -> tuple[ProposalFolder, str]:
        """Split an absolute path into its session folder and the rest of the path ("" for the folder itself)."""
        place = roots.resolve_path(path)
        if place.root is not roots.first or len(place.parts) < _SESSION_DEPTH:
            expected = os.path.join(roots.first.path, "<cycle>", "<session>")
            raise Refused(f"path {quote_value(path)} (expected a path in a proposal folder, {expected})")
        cycle, session, *rest = place.parts
        return cls(roots, cycle, session), "/".join(rest)

    @property
    def path(self) -> str:
        """Absolute path of the folder."""
        return self._session_path.path

    def publish(
        self,
        relative: str,
        content: FileContent,
        *,
        overwrite: bool = False,
        before_publish: Callable[[str, str], None],
    ) -> PublishedFile:
        """Publish a file, completely or not at all; replace other content only with `overwrite`.

        Parameters
        ----------
        content
            All bytes, or an iterable of parts (from `CopySource.read`, for a copy).
        before_publish
            Called with path and sha256 when the file is durable and only its name is missing, so that the ledger can
            record it. Not called if the same content exists already.

        Raises
        ------
        Refused, Conflict, Unavailable
            The file was not published; only new folders on its path remain. The program's own files are refused.
        """
        place = self._require_target(relative)
        with self._open_to_change(place.folder, make_from=_SESSION_DEPTH) as folder:
            self._sweep(folder)
            return publishing.publish(folder, place.path, content, overwrite=overwrite, before=before_publish)

    def replace(self, relative: str, content: bytes) -> PublishedFile:
        """Replace an index that the program owns, atomically."""
        place = self._require_owned(relative)
        with self._open_to_change(place.folder, make_from=_SESSION_DEPTH) as folder:
            self._sweep(folder)
            return publishing.publish(
                folder, place.path, content, overwrite=True, before=self._check_again, is_replaceable=True
            )

    def append(self, relative: str, content: bytes) -> str:
        """Append to a log that the program owns, durably; an incomplete write is removed again."""
        place = self._require_owned(relative)
        with self._open_to_change(place.folder, make_from=_SESSION_DEPTH) as folder:
            folder_edits.create_empty(folder, place.name, place.path)
            handle = open_regular(folder, place.name, place.path, os.O_WRONLY | os.O_APPEND)
            try:
                folder_edits.append(handle, place.path, content)
            finally:
                os.close(handle)
        return place.path

    def touch(self, relative: str) -> str:
        """Create an empty file unless the file exists; of the program's own files, only the list of dossiers."""
        place = self._resolve_path(relative)
        if not is_touchable(place.parts[_SESSION_DEPTH:]):
            place = self._require_target(relative)
        with self._open_to_change(place.folder, make_from=_SESSION_DEPTH) as folder:
            folder_edits.create_empty(folder, place.name, place.path)
            os.close(open_regular(folder, place.name, place.path))
        return place.path

    def mkdir(self, relative: str = "") -> str:
        """Create a folder with its parents unless it exists; the session folder only if its cycle exists."""
        place = self._resolve_path(relative)
        if len(place.parts) > _SESSION_DEPTH:
            self._require_target(relative, is_folder=True)
        depth = _SESSION_DEPTH if len(place.parts) > _SESSION_DEPTH else _SESSION_DEPTH - 1
        with self._open_to_change(place, make_from=depth):
            return place.path

    def archive_existing(self, relative: str) -> str | None:
        """Rename a file to `<name>.<UTC time of its last change>`; return the new path, None if there is no file."""
        place = self._require_target(relative)
        try:
            with (
                self._open_to_change(place.folder) as folder,
                open_for_reading(folder, place.name, place.path) as handle,
            ):
                return os.path.join(place.folder.path, folder_edits.archive_existing(folder, place.path, handle))
        except Absent:
            return None

    def reserve(self, name: str, content: bytes) -> bool:
        """Reserve a name with a content; return False if the name is taken, whatever its content."""
        place = self._resolve_path(f"{RESERVATIONS_FOLDER}/{name}")
        with self._open_to_change(place.folder, make_from=_SESSION_DEPTH) as folder:
            self._sweep(folder)
            with publishing.write_draft(folder, place.path, content) as complete, translate_os_errors(place.path):
                try:
                    give_name(folder, complete.temporary_name, place.name)
                except FileExistsError:
                    return False
                sync_folder(folder)
        return True

    def has_room(self, size: int) -> bool:
        """Check whether a file of `size` bytes leaves room for others: 5 % of the file system, at most 1 GB."""
        with self._open(self._session_path) as folder, translate_os_errors(self.path):
            disk = os.statvfs(folder)
        total, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
        return not total or free - size >= min(0.05 * total, _MAX_ROOM_KEPT)

    def exists(self, relative: str) -> bool:
        """Check whether a file, folder or link of that name exists; raise Unavailable if it cannot be checked."""
        return self._read_mode(relative) is not None

    def is_file(self, relative: str) -> bool:
        """Check whether a regular file of that name exists, readable or not; False for a link to a file."""
        mode = self._read_mode(relative)
        return mode is not None and stat.S_ISREG(mode)

    @contextmanager
    def _open_to_change(self, place: RootedPath, *, make_from: int | None = None) -> Iterator[int]:
        self._roots.before_change()
        with self._open(place, make_from=make_from) as folder:
            yield folder

    def _check_again(self, path: str, sha256: str) -> None:
        """Check again that an index may be replaced; no record, as it can be made again from the files it lists."""
        self._roots.before_change()

    def _read_mode(self, relative: str) -> int | None:
        place = self._resolve_path(relative)
        try:
            with self._open(place.folder) as folder, translate_os_errors(place.path):
                try:
                    return os.stat(place.name, dir_fd=folder, follow_symlinks=False).st_mode
                except FileNotFoundError:
                    return None
        except Absent:
            return None

    def is_folder(self, relative: str = "") -> bool:
        """Check whether a folder of that name exists, False for a link; raise Unavailable if it cannot be checked."""
        try:
            with self._open(self._resolve_path(relative)):
                return True
        except Refused:
            return False

    def list_names(self, relative: str = "") -> list[str]:
        """Return the sorted, composed names in a folder without temporary files; [] if the folder does not exist."""
        place = self._resolve_path(relative)
        try:
            with self._open(place) as folder, translate_os_errors(place.path):
                return sorted(compose(name) for name in os.listdir(folder) if not is_temporary(name))
        except Absent:
            return []

    def list_names_of(self, stub: str, relative: str = "") -> list[str]:
        """Return the names in a folder that begin with a stub, as this file system compares names.

        Where it ignores upper and lower case, a name is returned with the stub's own letters.
        """
        stub, found = compose(stub), list[str]()
        for name in self.list_names(relative):
            own = stub + name[len(stub) :]
            is_other_case = name != own and name[: len(stub)].casefold() == stub.casefold()
            if name == own or (is_other_case and self.exists(os.path.join(relative, own))):
                found.append(own)
        return found

    def read(self, relative: str, *, limit: int = _READ_LIMIT) -> bytes:
        """Read a regular file of at most `limit` bytes; raise Absent if it does not exist."""
        place = self._resolve_path(relative)
        with self._open(place.folder) as folder, open_for_reading(folder, place.name, place.path) as handle:
            size = os.fstat(handle).st_size
            if size > limit:
                raise Refused(f"{quote_value(place.path)}: {size} bytes: at most {limit} are read")
            return b"".join(read_chunks(handle, place.path))

    def read_beginning(self, relative: str, size: int) -> bytes:
        """Read at most `size` bytes from the beginning of a regular file; raise Absent if it does not exist."""
        place = self._resolve_path(relative)
        with self._open(place.folder) as folder, open_for_reading(folder, place.name, place.path) as handle:
            return os.read(handle, size)

    def digest(self, relative: str) -> str | None:
        """Return the sha256 of a regular file, or None if the name does not exist."""
        place = self._resolve_path(relative)
        try:
            with self._open(place.folder) as folder:
                return publishing.digest(folder, place.path)
        except Absent:
            return None

    def _sweep(self, folder: int) -> None:
        """Remove what killed processes left in an open folder, if the folder is due."""
        if self._roots.sweep_schedule.is_due(folder):
            remove_leftovers(folder)

    def _resolve_path(self, relative: str) -> RootedPath:
        return find_spelling(self._parse_path(relative), _SESSION_DEPTH)

    def _parse_path(self, relative: str) -> RootedPath:
        parts = parse_path(relative)
        if not relative.startswith("/"):
            place = RootedPath(self._session_path.root, self._session_path.parts + parts)
            parse_path(place.path)
            return place
        place = self._roots.resolve_path(relative)
        if place.root is not self._session_path.root or place.parts[:_SESSION_DEPTH] != self._session_path.parts:
            raise Refused(f"path {quote_value(relative)} (expected a path in this proposal's folder, {self.path})")
        return place

    def _require_target(self, relative: str, *, is_folder: bool = False) -> RootedPath:
        place = self._resolve_path(relative)
        check_target(relative, place.parts[_SESSION_DEPTH:], is_folder=is_folder)
        return place

    def _require_owned(self, relative: str) -> RootedPath:
        place = self._resolve_path(relative)
        inside = place.parts[_SESSION_DEPTH:]
        check_writable(relative, inside)
        if "/".join(inside) not in OWNED_FILES:
            raise Refused(
                f"path {quote_value(relative)}: only {', '.join(sorted(OWNED_FILES))} are replaced or appended to"
            )
        return place
