"""Folders: what this account may do to the proposals, the worker's own state, and how full the disks are."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from xafs_workers.diagnostics.doctor.finding import Case, Finding, fault, ok, warning

PAGE = b"\0" * 4096


def proposals(case: Case) -> Iterator[Finding]:
    """Find out whether this account may write into proposal folders, and whether it should."""
    root = case.settings.storage.proposals_root
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        yield fault("proposals", f"{root} {what}", "mount it, or set storage.proposals_root")
        return
    folder = newest_session(case)
    if folder is None:
        wanted = f"folder of {case.session}" if case.session else "<cycle>/<session>"
        yield fault("proposals", f"no {wanted} below {root}", "set storage.proposals_root to the folder of the cycles")
        return
    reason = why_not_written(folder)
    if case.role is None:
        able = "no right to write" if reason else "may write"
        yield ok("proposals", f"{account()}: {able} in {folder}; name a --role to have that judged")
    elif case.writes:
        yield from _of_writer(case, folder, reason)
    elif reason:
        yield ok("proposals", f"{account()} has no right to write in {folder}, as it should be")
    elif case.settings.doctor.one_account:
        yield ok("proposals", f"{account()} may write in {folder}: doctor.one_account, all workers share it")
    else:
        yield fault(
            "proposals",
            f"{account()} may write in {folder}, but the {case.role} worker's account must not",
            "run it in an account without rights on the proposals: the beamline operator's",
        )


def _of_writer(case: Case, folder: Path, reason: str) -> Iterator[Finding]:
    if reason:
        yield fault("proposals", f"{account()} cannot write in {folder}: {reason}", _remedy(folder, reason))
    elif os.geteuid() == 0 and not case.settings.doctor.one_account:
        yield warning(
            "proposals", f"root may write in {folder}", "run the worker in an account of its own, not as root"
        )
    else:
        yield ok("proposals", f"{account()} may write in {folder}")


def _remedy(folder: Path, reason: str) -> str:
    if "read-only file system" in reason:
        return "mount it for writing"
    if "No space" in reason:
        return "make room on it"
    if "owned by" in reason:
        return (
            f"let this account write: chown, chmod or setfacl -m u:{account()}:rwx {folder}, or run in another account"
        )
    return f"chmod u+rwx {folder}"


def newest_session(case: Case) -> Path | None:
    """Return the asked-for session's folder, else that which changed last in the newest cycle."""
    cycles = _folders(case.settings.storage.proposals_root)
    for cycle in sorted(cycles, key=lambda path: path.name, reverse=True):
        sessions = [path for path in _folders(cycle) if case.session in (None, path.name)]
        if sessions:
            return max(sessions, key=lambda path: path.stat().st_mtime)
    return None


def _folders(path: Path) -> list[Path]:
    try:
        return [entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return []


def why_not_written(folder: Path) -> str:
    """Return why this account cannot write in a folder, '' where it can; nothing stays there.

    A file without a name is made where the file system knows such; else the system is asked about rights.
    """
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT) and folder.is_dir():
            able = os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
            return "" if able else _said(errno.EACCES, folder)
        return _said(error.errno or errno.EIO, folder)
    try:
        os.write(handle, PAGE)
        os.fsync(handle)
    except OSError as error:
        return _said(error.errno or errno.EIO, folder)
    finally:
        os.close(handle)
    return ""


def _said(number: int, folder: Path) -> str:
    if number == errno.EROFS:
        return "a read-only file system"
    reason = os.strerror(number)
    if number not in (errno.EACCES, errno.EPERM):
        return reason
    try:
        known = folder.stat()
    except OSError as error:
        return f"{reason}, and it cannot be looked at: {error.strerror}"
    if known.st_uid == os.geteuid():
        return f"{reason}: its own, but read-only ({stat.filemode(known.st_mode)})"
    return f"{reason}: owned by {_name(known.st_uid)} ({stat.filemode(known.st_mode)})"


def state(case: Case) -> Iterator[Finding]:
    """Find out whether the worker's own folder, with ledger and outbox, can be written to."""
    folder = case.settings.state_folder()
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    reason = why_not_written(there)
    if reason:
        made = "" if there == folder else f" (it would be made in {there})"
        remedy = "set state_directory, or $STATE_DIRECTORY (systemd does), to a folder of this account on a local disk"
        yield fault("state", f"{folder}{made}: {reason}", "make room on it" if "No space" in reason else remedy)
    else:
        yield ok("state", f"{folder} can be {'written to' if there == folder else 'made'}")


def disk(case: Case) -> Iterator[Finding]:
    """Find out how much room there is."""
    least = case.settings.doctor.least_free_bytes
    places = [case.settings.state_folder(), *([case.settings.storage.proposals_root] if case.writes else [])]
    for place in places:
        there = next((path for path in (place, *place.parents) if path.exists()), Path("/"))
        free = shutil.disk_usage(there).free
        if free < least:
            text = f"{place}: {_size(free)} free, expected at least {_size(least)}"
            yield fault(
                "disk", text, "make room, or move state_directory; what cannot be written waits and is not lost"
            )
        else:
            yield ok("disk", f"{place}: {_size(free)} free")


def account() -> str:
    """Return the name of this account."""
    return _name(os.geteuid())


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
