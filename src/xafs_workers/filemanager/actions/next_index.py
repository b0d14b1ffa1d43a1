"""Question for the number of the next data file."""

from __future__ import annotations

import posixpath

from xafs_workers.filemanager.actions.context import ActionContext, question_handlers, reply_keys
from xafs_workers.messages.next_index import NextIndex
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.names import compute_next_index
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.spelling import compose

reply_keys.register("next_index")("BMM:next_index")


@question_handlers.register("next_index")
def find_next_index(control: ReceivedMessage, reserved: frozenset[str], context: ActionContext) -> int:
    """Return the number after the largest of the files that exist or are still to be written; 1 if there are none."""
    message = control.get_message(NextIndex)
    folder, inside = ProposalFolder.from_path(message.folder, context.roots)
    here, stub = compose(posixpath.join(folder.path, inside).rstrip("/")), compose(message.stub)
    queued = (posixpath.basename(path) for path in reserved if posixpath.dirname(path) == here)
    return compute_next_index((*folder.list_names_of(stub, inside), *queued), stub)
