"""Names given to complete files without replacing: by a link, a rename that does not replace, or a claim.

A claim is for file systems that have neither of the two (exFAT, some of FUSE, NFS and SMB). The temporary file first
gets a name that ends in `.claim.tmp`. Then an empty file is created under the wanted name, exclusively (O_EXCL), and
the temporary file is renamed over it. So no file that exists is replaced. A reader may see the empty file for a moment.
Where a worker was killed in that moment, the next search for leftovers (`leftovers`) removes the empty file.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from contextlib import suppress
from typing import Literal

from xafs_workers.storage.errors import Refused, quote_value
from xafs_workers.storage.file_attributes import UNSUPPORTED, sync_folder

Way = Literal["link", "rename", "claim"]

CLAIM_SUFFIX = ".claim.tmp"
_NO_LINKS = UNSUPPORTED | {errno.EPERM, errno.EACCES, errno.EXDEV, errno.EMLINK}
_NO_RENAMES = UNSUPPORTED | {errno.EPERM, errno.EACCES, errno.EXDEV}
_RENAME_NOREPLACE = 1  # linux/fs.h
_CLAIM = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def give_name(folder: int, temporary: str, name: str) -> Way:
    """Give a temporary file of an open folder its name without replacing; return how.

    After a link the temporary name remains too.

    Raises
    ------
    FileExistsError
        The name is taken.
    Refused
        The file system has no way to do it.
    """
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        return "link"
    if rename_without_replacing(folder, temporary, name):
        return "rename"
    _claim_and_rename(folder, temporary, name)
    return "claim"


def rename_without_replacing(folder: int, old: str, new: str) -> bool:
    """Rename a file inside an open folder by renameat2(RENAME_NOREPLACE); return False where that does not exist.

    Raises
    ------
    FileExistsError
        The new name is taken.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(folder, os.fsencode(old), folder, os.fsencode(new), ctypes.c_uint(_RENAME_NOREPLACE)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_RENAMES:
        return False
    raise OSError(number, os.strerror(number), new)


def move_to_free_name(folder: int, old: str, new: str) -> None:
    """Rename a file of an open folder without replacing, in the way that the file system has.

    Raises
    ------
    FileExistsError
        The new name is taken; by this file itself where a worker was killed between link and unlink.
    """
    if rename_without_replacing(folder, old, new):
        return
    try:
        os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _create_claim(folder, new)
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.unlink(old, dir_fd=folder)


def find_claimed_name(marker: str) -> str:
    """Return the name that a temporary file claims, '' for one that claims none."""
    return marker[1 : -len(CLAIM_SUFFIX)].rpartition(".")[0] if marker.endswith(CLAIM_SUFFIX) else ""


def is_being_claimed(folder: int, name: str) -> bool:
    """Check whether a name is an empty file that another worker claimed and is about to replace."""
    with suppress(OSError):
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size == 0:
            return any(find_claimed_name(other) == name for other in os.listdir(folder))
    return False


def remove_claim(folder: int, name: str) -> None:
    """Remove the empty file by which a name was claimed; any other file is left as it is."""
    with suppress(FileNotFoundError):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(found.st_mode) and found.st_size == 0 and found.st_uid == os.geteuid():
            os.unlink(name, dir_fd=folder)


def _claim_and_rename(folder: int, temporary: str, name: str) -> None:
    marker = temporary.removesuffix(".tmp") + CLAIM_SUFFIX
    if find_claimed_name(marker) != name:
        raise Refused(
            f"{quote_value(name)}: too long a name for a file system that has no links (expected a shorter one)"
        )
    os.rename(temporary, marker, src_dir_fd=folder, dst_dir_fd=folder)
    try:
        sync_folder(folder)  # after a power cut, a claim without its marker would stay
        claimed = _create_claim(folder, name)
        _replace_claim(folder, marker, name, claimed)
    except BaseException:
        with suppress(FileNotFoundError):
            os.rename(marker, temporary, src_dir_fd=folder, dst_dir_fd=folder)
        raise


def _create_claim(folder: int, name: str) -> os.stat_result:
    handle = os.open(name, _CLAIM, 0o600, dir_fd=folder)
    try:
        return os.fstat(handle)
    finally:
        os.close(handle)


def _replace_claim(folder: int, marker: str, name: str, claimed: os.stat_result) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if found.st_ino != claimed.st_ino or found.st_size:  # another program writes into the file, or replaced it
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    try:
        os.rename(marker, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException as error:
        remove_claim(folder, name)
        if isinstance(error, FileExistsError):
            reason = "this file system can neither link, nor rename without replacing, nor replace a file"
            raise Refused(f"{quote_value(name)}: {reason} (expected another one)") from error
        raise
