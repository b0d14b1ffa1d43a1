"""Publication of complete files: write a temporary file, make it durable, then give it its name without replacing.

`leftovers` describes the names of the temporary files, and removes those that killed processes left.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from xafs_workers.storage.confined import open_for_reading, read_chunks
from xafs_workers.storage.errors import Absent, Conflict, Unavailable, quote_value, translate_os_errors
from xafs_workers.storage.exclusive_names import give_name, is_being_claimed
from xafs_workers.storage.file_attributes import apply_ownership, sync_file, sync_folder
from xafs_workers.storage.leftovers import read_boot_id, remove_leftovers

FileContent = bytes | Iterable[bytes]
BeforePublish = Callable[[str, str], None]

_RESERVED_BYTES = 38  # of a temporary name: two dots, boot, dash, random, ".claim.tmp"


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A published file: `new`, `replaced` another file, or the `same` content existed already."""

    path: str
    sha256: str
    state: Literal["new", "same", "replaced"]


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """Checksum and size (bytes) of a content."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A complete temporary file that does not have its final name yet."""

    folder: int
    handle: int
    temporary_name: str
    digest: ContentDigest


def publish(
    folder: int,
    path: str,
    content: FileContent,
    *,
    overwrite: bool,
    before: BeforePublish,
    is_replaceable: bool = False,
) -> PublishedFile:
    """Publish a file in an open folder, completely or not at all.

    Parameters
    ----------
    folder
        File descriptor of the folder.
    path
        Absolute path of the file; its last component is the name.
    content
        All bytes, or an iterable of parts.
    overwrite
        Whether to replace other content, atomically.
    before
        Called with path and sha256 when the content is durable and only the name is missing. Not called for `same`.
    is_replaceable
        Whether the file can always be made again. After a power cut, the one that it replaced may be back.

    Raises
    ------
    Conflict
        A file of that name exists with other content.
    Refused
        Something else than a regular file has that name.
    Unavailable
        The file system reports an error; the attempt leaves nothing behind.
    """
    ready = None
    if isinstance(content, bytes):
        ready = ContentDigest(hashlib.sha256(content).hexdigest(), len(content))
        if existing := _check_existing(folder, path, ready, overwrite=overwrite):
            return existing
    else:
        digest(folder, path, size=-1)  # refuses anything but a file before a temporary file is made
        content = _read_first_part(content)
    with write_draft(folder, path, content, ready) as complete:
        if existing := _check_existing(folder, path, complete.digest, overwrite=overwrite):
            return existing
        before(path, complete.digest.sha256)
        with translate_os_errors(path):
            return _link_to_name(complete, path, overwrite=overwrite, is_replaceable=is_replaceable)


def _read_first_part(content: Iterable[bytes]) -> Iterator[bytes]:
    """Read the first part now, so that unreadable content leads to no temporary file; return all parts."""
    parts = iter(content)
    return chain([next(parts, b"")], parts)


def _check_existing(folder: int, path: str, ready: ContentDigest, *, overwrite: bool) -> PublishedFile | None:
    found = digest(folder, path, size=ready.size)
    if found == ready.sha256:
        return PublishedFile(path, ready.sha256, "same")
    if found is not None and not overwrite:
        if is_being_claimed(folder, os.path.basename(path)):
            remove_leftovers(folder)  # also the claim, if its worker was killed
            raise Unavailable(f"{quote_value(path)}: another worker is publishing it", errno.EAGAIN)
        # A claim may have ended after the look at the content: then that is another one now.
        if digest(folder, path, size=ready.size) != found:
            raise Unavailable(f"{quote_value(path)}: another worker is publishing it", errno.EAGAIN)
        raise Conflict(
            f"{quote_value(path)} exists with other content: it is only replaced when the message asks for overwrite"
        )
    return None


def digest(folder: int, path: str, *, size: int | None = None) -> str | None:
    """Return the sha256 of a regular file in an open folder, or None if the name does not exist.

    A file whose size differs from `size` is not read; its checksum is then the empty text.
    """
    total = hashlib.sha256()
    try:
        with open_for_reading(folder, os.path.basename(path), path) as handle:
            if size is not None and os.fstat(handle).st_size != size:
                return ""
            for chunk in read_chunks(handle, path):
                total.update(chunk)
    except Absent:
        return None
    return total.hexdigest()


@contextmanager
def write_draft(folder: int, path: str, content: FileContent, known: ContentDigest | None = None) -> Iterator[Draft]:
    """Write a complete and durable temporary file; its temporary name is removed at the end of the block.

    Parameters
    ----------
    known
        Checksum and size of the content, where the caller has computed them.
    """
    with translate_os_errors(path):
        temporary, handle = _create_temporary(folder, os.path.basename(path))
    try:
        ready = _write(handle, path, content, known)
        with translate_os_errors(path):
            parent = os.fstat(folder)
            apply_ownership(handle, gid=parent.st_gid, mode=stat.S_IMODE(parent.st_mode) & 0o666 | 0o600)
            sync_file(handle)
        yield Draft(folder, handle, temporary, ready)
    finally:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        os.close(handle)


def _create_temporary(folder: int, name: str) -> tuple[str, int]:
    stem = name.encode()[: 255 - _RESERVED_BYTES].decode(errors="ignore")
    while True:
        temporary = f".{stem}.{read_boot_id()}-{secrets.token_hex(8)}.tmp"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(temporary, flags, 0o600, dir_fd=folder)
        if _try_lock(handle) and os.fstat(handle).st_nlink:
            return temporary, handle
        os.close(handle)  # another worker's sweep ran between creation and lock
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no locks on this file system: then only the age shows what is stale
    return True


def _write(handle: int, path: str, content: FileContent, known: ContentDigest | None) -> ContentDigest:
    if known is not None and isinstance(content, bytes):
        with translate_os_errors(path):
            write_all(handle, content)
        return known
    total, size = hashlib.sha256(), 0
    for chunk in [content] if isinstance(content, bytes) else content:
        total.update(chunk)
        size += len(chunk)
        with translate_os_errors(path):
            write_all(handle, chunk)
    return ContentDigest(total.hexdigest(), size)


def write_all(handle: int, content: bytes) -> None:
    """Write all bytes, in several calls if the file system takes only a part."""
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def _link_to_name(complete: Draft, path: str, *, overwrite: bool, is_replaceable: bool) -> PublishedFile:
    name, folder = os.path.basename(path), complete.folder
    state: Literal["new", "same", "replaced"] = "new"
    try:
        give_name(folder, complete.temporary_name, name)
    except FileExistsError:
        if existing := _check_existing(folder, path, complete.digest, overwrite=overwrite):
            return existing
        os.rename(complete.temporary_name, name, src_dir_fd=folder, dst_dir_fd=folder)
        state = "replaced"
    _check_identity(complete, name, path)
    with suppress(FileNotFoundError):
        os.unlink(complete.temporary_name, dir_fd=folder)
    if state == "new" or not is_replaceable:
        sync_folder(folder)
    return PublishedFile(path, complete.digest.sha256, state)


def _check_identity(complete: Draft, name: str, path: str) -> None:
    named, written = os.stat(name, dir_fd=complete.folder, follow_symlinks=False), os.fstat(complete.handle)
    if (named.st_dev, named.st_ino) == (written.st_dev, written.st_ino):
        return
    # Some file systems (FUSE, SMB) give a renamed file another number.
    if digest(complete.folder, path, size=complete.digest.size) != complete.digest.sha256:
        raise Conflict(
            f"{quote_value(path)}: another process replaced the file with another file while it was published"
        )
