"""Temporary files that killed processes left, and when to look for them.

Temporary files are named `.<name>.<boot>-<random>.tmp`: 8 digits of the machine's boot id and 16 random ones. The
writer holds a lock (flock) on its temporary file. So a file of this boot without a lock was left by a killed process
and is removed. A file of another boot may belong to another machine, whose locks a network file system need not show;
it is removed only when it is also a day old.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from xafs_workers.storage.confined import open_regular
from xafs_workers.storage.errors import StorageError
from xafs_workers.storage.exclusive_names import find_claimed_name, remove_claim

_TEMPORARY = re.compile(r"\..+\.([0-9a-f]{8})-[0-9a-f]{16}(?:\.claim)?\.tmp", re.DOTALL)
_FOREIGN_MAX_AGE = 24 * 3600.0  # s
_CLAIM_MAX_AGE = 600.0  # s; a claim itself takes milliseconds


def is_temporary(name: str) -> bool:
    """Check whether a name matches the pattern of temporary files."""
    return name.startswith(".") and _TEMPORARY.fullmatch(name) is not None


def remove_leftovers(folder: int) -> list[str]:
    """Remove temporary files that killed processes left in an open folder; return their names."""
    removed: list[str] = []
    with suppress(OSError):  # a failed clean-up must not prevent a publication
        for name in filter(is_temporary, os.listdir(folder)):
            with suppress(OSError, StorageError):
                if _remove_if_stale(folder, name):
                    removed.append(name)
    return removed


def _remove_if_stale(folder: int, name: str) -> bool:
    handle = open_regular(folder, name, name, os.O_WRONLY)  # a lock over a network needs a file open for writing
    try:
        info = os.fstat(handle)
        if info.st_uid != os.geteuid():
            return False
        boot = _TEMPORARY.fullmatch(name)
        here = boot is not None and boot[1] == read_boot_id()
        claimed = find_claimed_name(name)
        if not here and time.time() - info.st_mtime < (_CLAIM_MAX_AGE if claimed else _FOREIGN_MAX_AGE):
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if claimed:
            remove_claim(folder, claimed)
        os.unlink(name, dir_fd=folder)
        return True
    finally:
        os.close(handle)


def read_boot_id() -> str:
    """Return the first 8 digits of the machine's boot id."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return "00000000"
