"""Question: which number the next data file gets."""

from __future__ import annotations

import posixpath
from typing import cast

from xafs_workers.filemanager.actions.context import Tools, questions
from xafs_workers.messages.next_index import NextIndex
from xafs_workers.scans.items import Control
from xafs_workers.storage.names import next_index as following
from xafs_workers.storage.proposals import ProposalFolder


@questions.register("next_index")
def next_index(control: Control, reserved: frozenset[str], tools: Tools) -> int:
    """Return 1 above the largest number of the files that are there, or still to be written; 1 where there is none."""
    message = cast(NextIndex, control.message)
    folder, inside = ProposalFolder.of_path(message.folder, tools.roots)
    here = posixpath.join(folder.path, inside).rstrip("/")
    queued = (posixpath.basename(path) for path in reserved if posixpath.dirname(path) == here)
    return following((*folder.listing(inside), *queued), message.stub)
