"""Folders: what this account may do to the proposals, the worker's own state, and how full the disks are."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_fault, report_ok, report_warning
from xafs_workers.storage.file_attributes import sync_file

PROBE_BYTES = b"\0" * 4096


def check_proposals(case: Case) -> Iterator[Finding]:
    """Find out whether this account may write into proposal folders, and whether it should."""
    root = case.settings.storage.proposals_root
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        yield report_fault("proposals", f"{root} {what}", "mount it, or set storage.proposals_root")
        return
    folder = find_newest_session(case)
    if folder is None:
        wanted = f"folder of {case.session}" if case.session else "<cycle>/<session>"
        yield report_fault(
            "proposals", f"no {wanted} below {root}", "set storage.proposals_root to the folder of the cycles"
        )
        return
    reason = find_write_problem(folder)
    if case.role is None:
        able = "no right to write" if reason else "may write"
        yield report_ok("proposals", f"{find_account_name()}: {able} in {folder}; name a --role to have that judged")
    elif case.is_writer:
        yield from _check_writer(case, folder, reason)
    elif reason:
        yield report_ok("proposals", f"{find_account_name()} has no right to write in {folder}, as it should be")
    elif case.settings.doctor.one_account:
        yield report_ok(
            "proposals", f"{find_account_name()} may write in {folder}: doctor.one_account, all workers share it"
        )
    else:
        yield report_fault(
            "proposals",
            f"{find_account_name()} may write in {folder}, but the {case.role} worker's account must not",
            "run it in an account without rights on the proposals: the beamline operator's",
        )


def _check_writer(case: Case, folder: Path, reason: str) -> Iterator[Finding]:
    if reason:
        yield report_fault(
            "proposals", f"{find_account_name()} cannot write in {folder}: {reason}", _find_remedy(folder, reason)
        )
    elif os.geteuid() == 0 and not case.settings.doctor.one_account:
        yield report_warning(
            "proposals", f"root may write in {folder}", "run the worker in an account of its own, not as root"
        )
    else:
        yield report_ok("proposals", f"{find_account_name()} may write in {folder}")


def _find_remedy(folder: Path, reason: str) -> str:
    if "read-only file system" in reason:
        return "mount it for writing"
    if "No space" in reason:
        return "make room on it"
    if "owned by" in reason:
        account = find_account_name()
        return f"let this account write: chown, chmod or setfacl -m u:{account}:rwx {folder}, or run in another account"
    return f"chmod u+rwx {folder}"


def find_newest_session(case: Case) -> Path | None:
    """Return the asked-for session's folder, else that which changed last in the newest cycle."""
    cycles = _list_folders(case.settings.storage.proposals_root)
    for cycle in sorted(cycles, key=lambda path: path.name, reverse=True):
        sessions = [path for path in _list_folders(cycle) if case.session in (None, path.name)]
        if sessions:
            return max(sessions, key=lambda path: path.stat().st_mtime)
    return None


def _list_folders(path: Path) -> list[Path]:
    try:
        return [entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return []


def find_write_problem(folder: Path) -> str:
    """Find the reason why this account cannot write in a folder, '' if it can; no file remains.

    The test file has no name; on a file system without such files, only the access rights are checked.
    """
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT) and folder.is_dir():
            able = os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
            return "" if able else _describe_error(errno.EACCES, folder)
        return _describe_error(error.errno or errno.EIO, folder)
    try:
        os.write(handle, PROBE_BYTES)
        sync_file(handle)
    except OSError as error:
        return _describe_error(error.errno or errno.EIO, folder)
    finally:
        os.close(handle)
    return ""


def _describe_error(number: int, folder: Path) -> str:
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
    return f"{reason}: owned by {_find_user_name(known.st_uid)} ({stat.filemode(known.st_mode)})"


def check_state(case: Case) -> Iterator[Finding]:
    """Find out whether the worker's own folder, with ledger and outbox, can be written to."""
    folder = case.settings.find_state_folder()
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    reason = find_write_problem(there)
    if reason:
        made = "" if there == folder else f" (it would be made in {there})"
        remedy = "set state_directory, or $STATE_DIRECTORY (systemd does), to a folder of this account on a local disk"
        yield report_fault("state", f"{folder}{made}: {reason}", "make room on it" if "No space" in reason else remedy)
    else:
        yield report_ok("state", f"{folder} can be {'written to' if there == folder else 'made'}")


def check_disk(case: Case) -> Iterator[Finding]:
    """Find out how much room there is."""
    least = case.settings.doctor.least_free_bytes
    places = [case.settings.find_state_folder(), *([case.settings.storage.proposals_root] if case.is_writer else [])]
    for place in places:
        there = next((path for path in (place, *place.parents) if path.exists()), Path("/"))
        free = shutil.disk_usage(there).free
        if free < least:
            text = f"{place}: {_format_size(free)} free (expected at least {_format_size(least)})"
            yield report_fault(
                "disk", text, "make room, or move state_directory; what cannot be written waits and is not lost"
            )
        else:
            yield report_ok("disk", f"{place}: {_format_size(free)} free")


def find_account_name() -> str:
    """Return the name of this account."""
    return _find_user_name(os.geteuid())


def _find_user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def _format_size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
