"""Message log in a proposal folder: only the file manager writes it, each line once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial

from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import (
    LOG_PAGE_PATH,
    RAW_LOG_PATH,
    LogEntry,
    LogPage,
    encode_entry,
    parse_entries,
)

MAX_PAGES = 4
"""Number of proposals whose pages are remembered."""


class MessageLog:
    """Writer of the message logs of all proposals; any thread may call it, one line is written at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, LogPage] = OrderedDict()

    def add_entry(self, folder: ProposalFolder, entry: LogEntry) -> bool:
        """Add a line to the log of a proposal unless it is there; return whether it was new.

        The record is appended first and the page is made from all records. So the next call makes the page complete
        if this one is interrupted.

        Raises
        ------
        Refused, Unavailable
            The log cannot be read or written; see `ProposalFolder`.
        """
        with self._lock:
            raw = _read_records(folder)
            page = self._find_page(folder)
            page.update(raw)
            new = not page.has_entry(entry.key)
            if new:
                line = encode_entry(entry)
                # A line that was cut short by a full disk or a power cut must not swallow this one.
                line = line if not raw or raw.endswith(b"\n") else b"\n" + line
                folder.append(RAW_LOG_PATH, line)
                page.update(raw + line)
            folder.replace(LOG_PAGE_PATH, page.render(partial(has_file, folder)))
            return new

    def _find_page(self, folder: ProposalFolder) -> LogPage:
        """Return the page of a proposal; those of the proposals used last are remembered."""
        page = self._pages.pop(folder.path, None) or LogPage(folder.session)
        self._pages[folder.path] = page
        if len(self._pages) > MAX_PAGES:
            self._pages.popitem(last=False)
        return page


def has_file(folder: ProposalFolder, relative: str) -> bool:
    """Check whether a regular file of a proposal exists; False for a link and for a name that is not allowed."""
    try:
        return folder.is_file(relative)
    except Refused:
        return False


def has_anchor(folder: ProposalFolder, rid: str) -> bool:
    """Check whether the log of a proposal has a line with this anchor; False for a log that cannot be read."""
    try:
        records = _read_records(folder)
    except Refused:
        return False
    return any(isinstance(entry, LogEntry) and entry.rid == rid for entry in parse_entries(records))


def _read_records(folder: ProposalFolder) -> bytes:
    try:
        return folder.read(RAW_LOG_PATH)
    except Absent:
        return b""
