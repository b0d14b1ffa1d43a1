"""Question: which number the next data file gets."""

from __future__ import annotations

import posixpath

from xafs_workers.filemanager.actions.context import ActionContext, question_handlers
from xafs_workers.messages.next_index import NextIndex
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.names import compute_next_index as following
from xafs_workers.storage.proposals import ProposalFolder


@question_handlers.register("next_index")
def find_next_index(control: ReceivedMessage, reserved: frozenset[str], tools: ActionContext) -> int:
    """Return 1 above the largest number of the files that are there, or still to be written; 1 where there is none."""
    message = control.get_message(NextIndex)
    folder, inside = ProposalFolder.from_path(message.folder, tools.roots)
    here = posixpath.join(folder.path, inside).rstrip("/")
    queued = (posixpath.basename(path) for path in reserved if posixpath.dirname(path) == here)
    return following((*folder.list_names(inside), *queued), message.stub)
