"""Names of the files of runs that no message claims."""

from __future__ import annotations

import re

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.metadata import as_text, find_by_path
from xafs_workers.scans.named_edge import find_named_edge
from xafs_workers.scans.runs import Run

MAX_LENGTH = 100
"""Number of characters of a stub; what follows is cut off."""

_NOT_IN_A_NAME = re.compile(r"[^\w.+-]+")


def build_stub(run: Run, config: BoardConfig) -> str:
    """Build the stub of the names of a run's files: sample or plan, and the edge that the start document names."""
    given = [as_text(find_by_path(run.start, path)) for path in config.metadata.sample]
    names = [clean_name(text) for text in (*given, as_text(run.start.get("plan_name")))]
    sample = next((name for name in names if name), "run")
    named = find_named_edge(run, config)
    edge = f"{named.element}-{named.edge}" if named.element and named.edge else ""
    return clean_name("_".join(filter(None, (sample, edge))))


def clean_name(text: str) -> str:
    """Replace what does not belong in a file's name: only letters, digits and `_.+-` stay, the first is no sign."""
    return _NOT_IN_A_NAME.sub("_", text).strip("_.+-")[:MAX_LENGTH].rstrip("_.+-")
