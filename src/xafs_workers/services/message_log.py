"""The message log of a proposal, in its folder: written by the file manager alone, each line once."""

from __future__ import annotations

import threading
from functools import partial

from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import (
    LOG_PAGE_PATH,
    RAW_LOG_PATH,
    LogEntry,
    encode_entry,
    is_recorded,
    parse_entries,
    render_log_page,
)


class MessageLog:
    """Writes lines into the logs of proposals. Any thread may call it; one line is written at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def add_entry(self, folder: ProposalFolder, entry: LogEntry) -> bool:
        """Put a line into the log of a proposal unless it is there; return whether it was new.

        The record comes first and the page is made of the records: whatever interrupts this, the next call, or the
        same again, makes the page complete.

        Raises
        ------
        Refused, CatalogUnavailable
            As those of `ProposalFolder`.
        """
        with self._lock:
            raw = _read_records(folder)
            new = not is_recorded(raw, entry.key)
            if new:
                line = encode_entry(entry)
                # A line that was cut short by a full disk or a power cut must not swallow this one.
                line = line if not raw or raw.endswith(b"\n") else b"\n" + line
                folder.append(RAW_LOG_PATH, line)
                raw += line
            folder.replace(LOG_PAGE_PATH, render_log_page(raw, partial(has_file, folder), session=folder.session))
            return new


def has_file(folder: ProposalFolder, relative: str) -> bool:
    """Tell whether a file of a proposal is there; a link is none, and a name that no file can have is answered too."""
    try:
        return folder.is_file(relative)
    except Refused:
        return False


def has_anchor(folder: ProposalFolder, rid: str) -> bool:
    """Tell whether a line with this anchor is in the log of a proposal."""
    return any(isinstance(entry, LogEntry) and entry.rid == rid for entry in parse_entries(_read_records(folder)))


def _read_records(folder: ProposalFolder) -> bytes:
    try:
        return folder.read(RAW_LOG_PATH)
    except Absent:
        return b""
