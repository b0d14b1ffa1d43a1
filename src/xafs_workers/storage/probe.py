"""Publication tried out in a folder with small hidden files, which are removed again."""

from __future__ import annotations

import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from xafs_workers.storage import publishing
from xafs_workers.storage.errors import Unavailable, translate_os_errors
from xafs_workers.storage.exclusive_names import Way, give_name
from xafs_workers.storage.file_attributes import sync_file, sync_folder

CONTENT = b"xafs-workers doctor\n"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Properties of a file system that were found.

    Attributes
    ----------
    way
        How a complete file gets its name.
    keeps_modes
        Whether files get the mode and the group of their folder.
    has_sync
        Whether files and folders can be made durable.
    ignores_case, ignores_composition, drops_dots
        Whether names are one that differ in case, in Unicode's composition, or in a dot at the end.
    """

    way: Way
    keeps_modes: bool
    has_sync: bool
    ignores_case: bool
    ignores_composition: bool
    drops_dots: bool


def probe_publishing(path: Path) -> ProbeResult:
    """Publish a small file in a folder and remove it.

    Raises
    ------
    Refused, Unavailable
        Files cannot be published there.
    """
    with _open_folder(path) as folder, translate_os_errors(str(path)):
        name = _make_name("é")
        shown = str(path / name)
        try:
            with publishing.write_draft(folder, shown, CONTENT) as draft:
                synced = sync_file(draft.handle)
                way = give_name(folder, draft.temporary_name, name)
                keeps_modes = _has_mode_of_folder(folder, draft.handle)
            synced = sync_folder(folder) and synced
            _check_exclusive(folder, shown, name)
            return ProbeResult(
                way,
                keeps_modes,
                synced,
                ignores_case=_exists(folder, name.upper()),
                ignores_composition=_exists(folder, unicodedata.normalize("NFD", name)),
                drops_dots=_exists(folder, f"{name}."),
            )
        finally:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)


@contextmanager
def _open_folder(path: Path) -> Iterator[int]:
    with translate_os_errors(str(path)):
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _make_name(letter: str) -> str:
    return f".xafs-workers-doctor-{letter}-{secrets.token_hex(8)}a"


def _has_mode_of_folder(folder: int, handle: int) -> bool:
    parent, made = os.fstat(folder), os.fstat(handle)
    mode = stat.S_IMODE(parent.st_mode) & 0o666 | 0o600
    return made.st_gid == parent.st_gid and stat.S_IMODE(made.st_mode) == mode


def _check_exclusive(folder: int, shown: str, name: str) -> None:
    """Raise Unavailable unless the file is there and a second one does not replace it."""
    with publishing.write_draft(folder, shown, b"another") as second:
        try:
            give_name(folder, second.temporary_name, name)
        except FileExistsError:
            pass
        else:
            raise Unavailable(f"{shown}: a second file replaced the first (expected that it is refused)")
    if publishing.digest(folder, shown, size=len(CONTENT)) in (None, ""):
        raise Unavailable(f"{shown}: the published file cannot be read back")


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True
