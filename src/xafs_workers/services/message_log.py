"""The message log of a proposal, in its folder: written by the file manager alone, each line once."""

from __future__ import annotations

import threading
from functools import partial

from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import PAGE, RAW, LogEntry, entries, is_recorded, log_page, record


class MessageLog:
    """Writes lines into the logs of proposals. Any thread may call it; one line is written at a time."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()

    def note(self, folder: ProposalFolder, entry: LogEntry) -> bool:
        """Put a line into the log of a proposal unless it is there; return whether it was new.

        The record comes first and the page is made of the records: whatever interrupts this, the next call, or the
        same again, makes the page complete.

        Raises
        ------
        Refused, Unavailable
            As those of `ProposalFolder`.
        """
        with self._one_at_a_time:
            raw = _raw(folder)
            new = not is_recorded(raw, entry.key)
            if new:
                line = record(entry)
                # A line that was cut short by a full disk or a power cut must not swallow this one.
                line = line if not raw or raw.endswith(b"\n") else b"\n" + line
                folder.append(RAW, line)
                raw += line
            folder.replace(PAGE, log_page(raw, partial(is_there, folder), session=folder.session))
            return new


def is_there(folder: ProposalFolder, relative: str) -> bool:
    """Tell whether a file of a proposal is there; a link is none, and a name that no file can have is answered too."""
    try:
        return folder.is_file(relative)
    except Refused:
        return False


def has_anchor(folder: ProposalFolder, rid: str) -> bool:
    """Tell whether a line with this anchor is in the log of a proposal."""
    return any(isinstance(entry, LogEntry) and entry.rid == rid for entry in entries(_raw(folder)))


def _raw(folder: ProposalFolder) -> bytes:
    try:
        return folder.read(RAW)
    except Absent:
        return b""
