"""The folder of one group: everything that is read from it or put into it goes through `ProposalFolder`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xafs_workers.settings import Storage
from xafs_workers.storage import folder_edits, publishing
from xafs_workers.storage.confined import (
    RootedPath,
    Roots,
    open_folder,
    open_for_reading,
    open_regular,
    parse_path,
    read_chunks,
    sync_folder,
)
from xafs_workers.storage.errors import Absent, Refused, quote_value, translate_os_errors
from xafs_workers.storage.publishing import FileContent, PublishedFile

# Indexes and logs the program owns: only these are replaced or appended to.
OWNED_FILES = frozenset(
    {
        "dossier/MANIFEST",
        "dossier/00INDEX.html",
        "dossier/messagelog.html",
        "dossier/.rawlog",
        "file_manager.log",
        "headless.log",
    }
)
RESERVATIONS_FOLDER = "dossier/.sequence"

_ALLOWED_HIDDEN_NAMES = frozenset({".introduction_made", ".rawlog"})
_RAW_DATA = "assets"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SESSION_DEPTH = 2  # components of <cycle>/<session>
_READ_LIMIT = 256 * 1024 * 1024  # bytes


def build_proposal_path(start: Mapping[str, Any], settings: Storage) -> str:
    """Return the path of the proposal folder that a run's start document names: `<root>/<cycle>/<data_session>`.

    Raises
    ------
    Refused
        No cycle or no data session, or one that is not a plain word.
    """
    return os.path.join(str(settings.proposals_root), *find_proposal(start, settings))


def find_proposal(start: Mapping[str, Any], settings: Storage) -> tuple[str, str]:
    """Return (cycle, data session) of a run's start document; raises as `build_proposal_path` does."""
    run = f"run {quote_value(start.get('uid'))}"
    cycle = _find_first(start, settings.cycle_keys) or settings.cycle
    if cycle is None:
        places = ", ".join((*(f"start.{key}" for key in settings.cycle_keys), "the setting storage.cycle"))
        raise Refused(f"{run}: no cycle in any of {places}: expected one")
    session = _find_first(start, settings.session_keys)
    if session is None:
        names = " or ".join(settings.session_keys)
        raise Refused(f"{run}: no {names} in the start document: expected the name of its proposal folder")
    return _check_word(cycle, f"{run}: cycle"), _check_word(session, f"{run}: {settings.session_keys[0]}")


def _find_first(start: Mapping[str, Any], keys: Iterable[str]) -> object | None:
    """Return the first value that is there, of keys with dots into inner mappings."""
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
            f"{what}: came {quote_value(value)}, expected one folder's name of letters, digits, '.', '_' and '-'"
        )
    return value


class ProposalFolder:
    """The folder of one group.

    Paths are relative to it; an absolute one must lie in it.

    Parameters
    ----------
    roots
        The first root holds `<cycle>/<session>`.

    Notes
    -----
    Only `mkdir("")` makes a session folder, where its cycle exists: elsewhere a missing one is `Absent`. Who may read
    a session folder is for the facility to say, so none appears because some document names it.
    """

    def __init__(self, roots: Roots, cycle: str, session: str):
        self.cycle, self.session = _check_word(cycle, "cycle"), _check_word(session, "data_session")
        self._roots = roots
        self._session_path = RootedPath(roots.first, (cycle, session))

    @classmethod
    def from_run(cls, start: Mapping[str, Any], roots: Roots, settings: Storage) -> ProposalFolder:
        """Return the folder that a run's start document names."""
        return cls(roots, *find_proposal(start, settings))

    @classmethod
    def from_path(cls, path: str, roots: Roots) -> tuple[ProposalFolder, str]:
        """Return the session folder an absolute path lies in, and the rest of the path ("" for the folder)."""
        place = roots.resolve_path(path)
        if place.root is not roots.first or len(place.parts) < _SESSION_DEPTH:
            expected = os.path.join(roots.first.path, "<cycle>", "<session>")
            raise Refused(f"came {quote_value(path)}: expected a path in a proposal folder, {expected}")
        cycle, session, *rest = place.parts
        return cls(roots, cycle, session), "/".join(rest)

    @property
    def path(self) -> str:
        """The absolute path."""
        return self._session_path.path

    def publish(
        self,
        relative: str,
        content: FileContent,
        *,
        overwrite: bool = False,
        before_publish: Callable[[str, str], None],
    ) -> PublishedFile:
        """Put a file in its place, whole or not at all, never over another content unless `overwrite`.

        Parameters
        ----------
        content
            All bytes, or an iterable of parts (of `Roots.read_chunks`, for a copy).
        before_publish
            Called with path and sha256 when the file is durable and only its name is missing: the ledger's moment.
            Not called when the same content is there already.

        Raises
        ------
        Refused, Conflict, CatalogUnavailable
            Nothing of the attempt stays but folders made on the way.
        """
        place = self._require_writable(relative)
        with open_folder(place.folder, make_from=_SESSION_DEPTH) as folder:
            return publishing.publish(folder, place.path, content, overwrite=overwrite, before=before_publish)

    def replace(self, relative: str, content: bytes) -> PublishedFile:
        """Replace an index that the program owns, atomically."""
        self._require_owned(relative)
        return self.publish(relative, content, overwrite=True, before_publish=_skip_record)

    def append(self, relative: str, content: bytes) -> str:
        """Append to a log that the program owns, durably; what could not be written whole is taken back."""
        place = self._require_owned(relative)
        with open_folder(place.folder, make_from=_SESSION_DEPTH) as folder:
            folder_edits.create_empty(folder, place.name, place.path)
            handle = open_regular(folder, place.name, place.path, os.O_WRONLY | os.O_APPEND)
            try:
                folder_edits.append(handle, place.path, content)
            finally:
                os.close(handle)
        return place.path

    def touch(self, relative: str) -> str:
        """Make an empty file, or leave the one that is there."""
        place = self._require_writable(relative)
        with open_folder(place.folder, make_from=_SESSION_DEPTH) as folder:
            folder_edits.create_empty(folder, place.name, place.path)
            os.close(open_regular(folder, place.name, place.path))
        return place.path

    def mkdir(self, relative: str = "") -> str:
        """Make a folder with its parents, or leave the one that is there; the session itself where its cycle exists."""
        place = self._resolve_path(relative)
        if len(place.parts) > _SESSION_DEPTH:
            self._require_writable(relative)
        with open_folder(place, make_from=_SESSION_DEPTH if len(place.parts) > _SESSION_DEPTH else _SESSION_DEPTH - 1):
            return place.path

    def archive_existing(self, relative: str) -> str | None:
        """Rename a file to `<name>.<UTC time of its last change>` and return the new path; None when there is none."""
        place = self._require_writable(relative)
        try:
            with open_folder(place.folder) as folder, open_for_reading(folder, place.name, place.path) as handle:
                return os.path.join(place.folder.path, folder_edits.archive_existing(folder, place.path, handle))
        except Absent:
            return None

    def reserve(self, name: str, content: bytes) -> bool:
        """Take a name among the reservations; False when it is taken by whatever content."""
        place = self._resolve_path(f"{RESERVATIONS_FOLDER}/{name}")
        with open_folder(place.folder, make_from=_SESSION_DEPTH) as folder:
            publishing.sweep(folder)
            with publishing.write_draft(folder, place.path, content) as complete, translate_os_errors(place.path):
                try:
                    publishing.link(folder, complete.temporary_name, place.name)
                except FileExistsError:
                    return False
                sync_folder(folder)
        return True

    def exists(self, relative: str) -> bool:
        """Tell whether there is anything of that name, a link or a folder too; storage in trouble raises."""
        return self._read_mode(relative) is not None

    def is_file(self, relative: str) -> bool:
        """Tell whether there is a regular file of that name, readable or not; a link to one is none."""
        mode = self._read_mode(relative)
        return mode is not None and stat.S_ISREG(mode)

    def _read_mode(self, relative: str) -> int | None:
        place = self._resolve_path(relative)
        try:
            with open_folder(place.folder) as folder, translate_os_errors(place.path):
                try:
                    return os.stat(place.name, dir_fd=folder, follow_symlinks=False).st_mode
                except FileNotFoundError:
                    return None
        except Absent:
            return None

    def is_folder(self, relative: str = "") -> bool:
        """Tell whether there is a folder of that name; a link to one is none, and storage in trouble raises."""
        try:
            with open_folder(self._resolve_path(relative)):
                return True
        except Refused:
            return False

    def list_names(self, relative: str = "") -> list[str]:
        """Return the sorted names in a folder, without temporary files; a missing folder has none."""
        place = self._resolve_path(relative)
        try:
            with open_folder(place) as folder, translate_os_errors(place.path):
                return sorted(name for name in os.listdir(folder) if not publishing.is_temporary(name))
        except Absent:
            return []

    def read(self, relative: str, *, limit: int = _READ_LIMIT) -> bytes:
        """Return the content of a regular file of at most `limit` bytes; Absent when there is none."""
        place = self._resolve_path(relative)
        with open_folder(place.folder) as folder, open_for_reading(folder, place.name, place.path) as handle:
            size = os.fstat(handle).st_size
            if size > limit:
                raise Refused(f"{quote_value(place.path)} has {size} bytes: at most {limit} are read")
            return b"".join(read_chunks(handle, place.path))

    def digest(self, relative: str) -> str | None:
        """Return the sha256 of a regular file, or None when there is nothing of that name."""
        place = self._resolve_path(relative)
        try:
            with open_folder(place.folder) as folder:
                return publishing.digest(folder, place.path)
        except Absent:
            return None

    def _resolve_path(self, relative: str) -> RootedPath:
        parts = parse_path(relative)
        if not relative.startswith("/"):
            place = RootedPath(self._session_path.root, self._session_path.parts + parts)
            parse_path(place.path)
            return place
        place = self._roots.resolve_path(relative)
        if place.root is not self._session_path.root or place.parts[:_SESSION_DEPTH] != self._session_path.parts:
            raise Refused(f"came {quote_value(relative)}: expected a path in this proposal's folder, {self.path}")
        return place

    def _require_writable(self, relative: str) -> RootedPath:
        place = self._resolve_path(relative)
        inside = place.parts[_SESSION_DEPTH:]
        if not inside:
            raise Refused(f"came {quote_value(relative)}, the proposal folder itself: expected a name in it")
        if inside[0] == _RAW_DATA:
            raise Refused(f"came {quote_value(relative)}: raw data, {_RAW_DATA}/, are never written by a worker")
        hidden = [name for name in inside if name.startswith(".") and name not in _ALLOWED_HIDDEN_NAMES]
        if hidden:
            allowed = " and ".join(sorted(_ALLOWED_HIDDEN_NAMES))
            raise Refused(f"came {quote_value(relative)}: hidden names are not written, but for {allowed}")
        return place

    def _require_owned(self, relative: str) -> RootedPath:
        place = self._require_writable(relative)
        if "/".join(place.parts[_SESSION_DEPTH:]) not in OWNED_FILES:
            raise Refused(
                f"came {quote_value(relative)}: only {', '.join(sorted(OWNED_FILES))} are replaced or appended to"
            )
        return place


def _skip_record(path: str, sha256: str) -> None:
    """Let pass what needs no ledger: an index is made anew from what it lists."""
