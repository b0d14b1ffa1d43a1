"""Caption of a figure: of what it is, so that a picture alone can be found again."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.scans.board import Board
from xafs_workers.scans.metadata import format_document_time
from xafs_workers.scans.run_names import find_run_name
from xafs_workers.scans.scan import Scan

UID_LENGTH = 8
"""Number of characters of a short uid."""

SEPARATOR = "  ·  "


def build_caption(board: Board, scan: Scan) -> str:
    """Build the caption of a scan's figure: sample or file, date and time, short uid of its first run.

    The time is that of the run's start document, in the time zone of this computer, never that of the drawing: a
    picture that is drawn again is the same. Without a run it is that of the start message.
    """
    run = next((board.runs[uid] for uid in _iterate_uids(scan) if uid in board.runs), None)
    if run is None:
        return format_document_time(scan.start.time, None)
    parts = find_run_name(run, board.config), format_document_time(run.start.get("time"), None), run.uid[:UID_LENGTH]
    return SEPARATOR.join(part for part in parts if part)


def _iterate_uids(scan: Scan) -> Iterator[str]:
    """Yield the uids of the runs of a scan, then those that its messages name."""
    yield from scan.run_uids
    yield from scan.named_run_uids
    yield from (uid for result in scan.result_messages if (uid := result.message.named_run))
