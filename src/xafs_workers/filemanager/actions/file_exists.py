"""Question whether a data file, or any file of a series, exists."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from xafs_workers.filemanager.actions.context import ActionContext, question_handlers, reply_keys
from xafs_workers.messages.file_exists import FileExists
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.spelling import compose

reply_keys.register("file_exists")("BMM:file_exists")


@question_handlers.register("file_exists")
def is_name_taken(control: ReceivedMessage, reserved: frozenset[str], context: ActionContext) -> bool:
    """Check whether a name is used by an existing file or by one that is still to be written."""
    message = control.get_message(FileExists)
    folder, inside = ProposalFolder.from_path(message.folder, context.roots)
    there = set(folder.list_names_of(message.filename, inside)) if message.number else set[str]()
    for name in _list_names(message):
        relative = posixpath.join(inside, name)
        if compose(posixpath.join(folder.path, relative)) in reserved or compose(name) in there:
            return True
        if not message.number and folder.exists(relative):
            return True
    return False


def _list_names(message: FileExists) -> Iterator[str]:
    """Yield the requested names; a range excludes its stop, for plans send the number after the last."""
    if not message.number:
        yield message.filename
        return
    first = message.start or 0
    for number in range(first, max(message.stop or 0, first + 1)):
        yield f"{message.filename}.{number:03d}"
