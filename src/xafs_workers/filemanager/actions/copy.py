"""Action that copies a file into a proposal folder: a file given by its path, or the first file of a run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, reserved_names
from xafs_workers.messages.copy import Copy
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Conflict, Refused, quote_value
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.publishing import FileContent

_NUMBER_PATTERN = re.compile(r"%(?:0?[0-9]*)?(?:\.([0-9]+))?d")
"""Pattern of the number in names of image series, e.g. `%d` or `%6.6d`; the first image has number 0."""


@action_handlers.register("copy")
def copy(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Copy a file; an existing file of that name with other content is first archived under its time of change."""
    message = control.get_message(Copy)
    folder, target = ProposalFolder.from_path(message.target, context.roots)
    source = message.file or _find_first_file(message.uuid or "", folder, context)
    _check_proposal(source, folder, context)
    name = posixpath.join(target, posixpath.basename(source)) if _is_folder(folder, message.target) else target
    if not name:
        raise Refused(f"target {quote_value(message.target)} is the proposal folder (expected a name in it)")
    return Outcome(
        "done", (_copy_file(folder, name, control, lambda: context.copy_roots.read_chunks(source), context),)
    )


def _copy_file(
    folder: ProposalFolder,
    name: str,
    control: ReceivedMessage,
    content: Callable[[], FileContent],
    context: ActionContext,
) -> str:
    try:
        return publish_once(folder, name, control, content, context.ledger, overwrite=False)
    except Conflict:
        folder.archive_existing(name)
        return publish_once(folder, name, control, content, context.ledger, overwrite=False)


def _check_proposal(source: str, folder: ProposalFolder, context: ActionContext) -> None:
    """Raise Refused if the source is in another proposal's folder: such files are copied only within the proposal."""
    place = context.copy_roots.resolve_path(source)
    if place.root is not context.roots.first:
        return
    owner, _ = ProposalFolder.from_path(source, context.roots)
    if owner.path != folder.path:
        raise Refused(f"file {quote_value(source)} is of another proposal (expected a file of {folder.path})")


def _find_first_file(uid: str, folder: ProposalFolder, context: ActionContext) -> str:
    """Find the path of the first file that a run's documents name.

    Raises
    ------
    Refused
        The documents name no file on a file system, or the run belongs to another proposal than the target.
    """
    run = context.catalog.wait_for_run(uid, context.stop)
    owner = ProposalFolder.from_run(run.start, context.roots, context.settings.storage)
    if owner.path != folder.path:
        raise Refused(f"run {quote_value(uid)} belongs to {owner.path} (expected a run of {folder.path})")
    assets = run.list_assets(context.stop)
    if not assets:
        raise Refused(f"run {quote_value(uid)}: its documents name no file (expected an image or data file)")
    path = _NUMBER_PATTERN.sub(lambda found: "0".zfill(int(found[1] or 1)), assets[0].path)
    if not path.startswith("/"):
        raise Refused(
            f"run {quote_value(uid)}: its first file is {quote_value(assets[0].path)} (expected an absolute path)"
        )
    return path


def _is_folder(folder: ProposalFolder, target: str) -> bool:
    return target.endswith("/") or folder.is_folder(target)


@reserved_names.register("copy")
def list_reserved_names(message: Copy, folder: ProposalFolder) -> tuple[str, ...]:
    """Return the name of the copy, if the message determines it."""
    if message.target.endswith("/"):
        return (message.target + posixpath.basename(message.file),) if message.file else ()
    return (message.target,)
