"""A file copied into an experiment's folder: by its path, or as the first file of a run."""

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
"""Stands in the names of series of images, e.g. `%d` or `%6.6d`; the first image has number 0."""


@action_handlers.register("copy")
def copy(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Copy the file; one of that name with other content is first set aside under the time of its last change."""
    message = control.get_message(Copy)
    folder, target = ProposalFolder.from_path(message.target, tools.roots)
    source = message.file or _find_first_file(message.uuid or "", folder, tools)
    _check_proposal(source, folder, tools)
    name = posixpath.join(target, posixpath.basename(source)) if _is_folder(folder, message.target) else target
    if not name:
        raise Refused(f"came {quote_value(message.target)}, the proposal folder itself: expected a name in it")
    return Outcome("done", (_copy_file(folder, name, control, lambda: tools.copy_roots.read_chunks(source), tools),))


def _copy_file(
    folder: ProposalFolder,
    name: str,
    control: ReceivedMessage,
    content: Callable[[], FileContent],
    tools: ActionContext,
) -> str:
    try:
        return publish_once(folder, name, control, content, tools.ledger, overwrite=False)
    except Conflict:
        folder.archive_existing(name)
        return publish_once(folder, name, control, content, tools.ledger, overwrite=False)


def _check_proposal(source: str, folder: ProposalFolder, tools: ActionContext) -> None:
    """Raise Refused where the source is another group's: what lies in a proposal folder is copied only within it."""
    place = tools.copy_roots.resolve_path(source)
    if place.root is not tools.roots.first:
        return
    owner, _ = ProposalFolder.from_path(source, tools.roots)
    if owner.path != folder.path:
        raise Refused(f"came {quote_value(source)}, a file of another proposal: expected one of {folder.path}")


def _find_first_file(uid: str, folder: ProposalFolder, tools: ActionContext) -> str:
    """Return the path of the first file that a run's documents name.

    Raises
    ------
    Refused
        They name none on a file system, or the run is another proposal's than the copy.
    """
    run = tools.catalog.wait_for_run(uid, tools.stop)
    owner = ProposalFolder.from_run(run.start, tools.roots, tools.settings.storage)
    if owner.path != folder.path:
        raise Refused(f"run {quote_value(uid)} belongs to {owner.path}: expected one of {folder.path}")
    assets = run.list_assets(tools.stop)
    if not assets:
        raise Refused(f"run {quote_value(uid)}: its documents name no file: expected an image or data file")
    path = _NUMBER_PATTERN.sub(lambda found: "0".zfill(int(found[1] or 1)), assets[0].path)
    if not path.startswith("/"):
        raise Refused(f"run {quote_value(uid)}: its first file is {quote_value(assets[0].path)}: expected a path")
    return path


def _is_folder(folder: ProposalFolder, target: str) -> bool:
    return target.endswith("/") or folder.is_folder(target)


@reserved_names.register("copy")
def list_reserved_names(message: Copy, folder: ProposalFolder) -> tuple[str, ...]:
    """Return the name that will be there, where the target names a file."""
    if message.target.endswith("/"):
        return (message.target + posixpath.basename(message.file),) if message.file else ()
    return (message.target,)
