"""The file manager's log in a proposal folder, for the users of the beamline."""

from __future__ import annotations

from datetime import UTC, datetime

from xafs_workers.storage.errors import Absent
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.text_format import to_one_line

LOG_FILE_NAME = "file_manager.log"
MAX_TEXT_LENGTH = 10_000


def add_line(folder: ProposalFolder, moment: float, text: str) -> str:
    """Append a line to the log unless the log contains it already; return the path of the log.

    Parameters
    ----------
    moment
        Time of the line, POSIX seconds. A line with the same text and the same milliseconds is the same line.

    Raises
    ------
    Refused, Unavailable
        The log cannot be read or written; see `ProposalFolder`.
    """
    stamp = datetime.fromtimestamp(moment, UTC).astimezone().isoformat(timespec="milliseconds")
    line = f"{stamp}  {to_one_line(text)[:MAX_TEXT_LENGTH]}\n".encode("utf-8", "replace")
    try:
        existing = folder.read(LOG_FILE_NAME)
    except Absent:
        existing = b""
    if line in existing.splitlines(keepends=True):
        return f"{folder.path}/{LOG_FILE_NAME}"
    return folder.append(LOG_FILE_NAME, line if not existing or existing.endswith(b"\n") else b"\n" + line)
