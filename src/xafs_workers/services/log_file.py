"""The file manager's log in a proposal folder: lines that anybody may read."""

from __future__ import annotations

from datetime import UTC, datetime

from xafs_workers.storage.errors import Absent
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.text_format import to_one_line

LOG_FILE_NAME = "file_manager.log"
MAX_TEXT_LENGTH = 10_000


def add_line(folder: ProposalFolder, moment: float, text: str) -> str:
    """Put a line into the log unless this very line is there; return the path of the log.

    Parameters
    ----------
    moment
        POSIX seconds; with its milliseconds it tells a line that is told again from one that says the same.

    Raises
    ------
    CatalogRefused, CatalogUnavailable
        As those of `ProposalFolder`.
    """
    stamp = datetime.fromtimestamp(moment, UTC).astimezone().isoformat(timespec="milliseconds")
    line = f"{stamp}  {to_one_line(text)[:MAX_TEXT_LENGTH]}\n".encode("utf-8", "replace")
    try:
        there = folder.read(LOG_FILE_NAME)
    except Absent:
        there = b""
    if line in there.splitlines(keepends=True):
        return f"{folder.path}/{LOG_FILE_NAME}"
    return folder.append(LOG_FILE_NAME, line if not there or there.endswith(b"\n") else b"\n" + line)
