"""Action that copies a file into a proposal folder: a file given by its path, or the first file of a run."""

from __future__ import annotations

import errno
import posixpath
import re
import time
from dataclasses import dataclass

from xafs_workers.catalog.errors import Interrupted
from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers, reserved_names
from xafs_workers.logs import get_logger
from xafs_workers.messages.copy import Copy
from xafs_workers.runtime.attempts import DROPPED
from xafs_workers.runtime.outcome import Task
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.copy_source import CopySource
from xafs_workers.storage.errors import Conflict, Refused, Unavailable, quote_value
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.publishing import FileContent

log = get_logger("workers")

_NUMBER_PATTERN = re.compile(r"%(?:0?[0-9]*)?(?:\.([0-9]+))?d")
"""Pattern of the number in names of image series, e.g. `%d` or `%6.6d`; the first image has number 0."""


COPY_QUEUE = "copies"
"""First word in the names of the queues of copies that take long: they delay no other message of their proposal."""

SHORT_BYTES = 16 * 1024 * 1024
"""Largest file that is copied in the proposal's own queue, bytes: in order with what follows."""

REPORT_SECONDS = 10.0
"""Time between two reports of progress in the log, seconds."""


@action_handlers.register("copy")
def copy(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome | Task:
    """Copy a file; an existing file of that name with other content is first archived under its time of change.

    A large file, and one for which there is no room, is copied in a queue of copies.
    """
    message = control.get_message(Copy)
    folder, target = ProposalFolder.from_path(message.target, context.roots)
    given = message.file or _find_first_file(message.uuid or "", folder, context)
    _check_proposal(given, folder, context)
    name = posixpath.join(target, posixpath.basename(given)) if _is_folder(folder, message.target) else target
    if not name:
        raise Refused(f"target {quote_value(message.target)} is the proposal folder (expected a name in it)")
    source = CopySource(context.copy_roots, given)
    one = _FileCopy(folder, name, source, control, context, _Progress(source.path))
    if (size := one.check_size()) > SHORT_BYTES or not folder.has_room(size):
        return Task(f"{COPY_QUEUE} {folder.path}", one.run, describe_progress=one.progress.describe)
    return one.run()


class _Progress:
    """How far a copy is, reported in the log now and then."""

    def __init__(self, source: str):
        self._source, self._done, self._size, self._due = source, 0, 0, 0.0

    def begin(self, size: int) -> None:
        self._done, self._size, self._due = 0, size, time.monotonic() + REPORT_SECONDS

    def report(self, done: int) -> None:
        self._done = done
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + REPORT_SECONDS
            log.info("copy_progress", source=self._source, done=done, size=self._size)

    def describe(self) -> str:
        """Return the progress, '' before the copy begins."""
        return f"{self._done / 1e6:.0f} of {self._size / 1e6:.0f} MB copied" if self._size else ""


@dataclass(frozen=True, slots=True)
class _FileCopy:
    """A file that is copied, with the name of the copy relative to the proposal folder."""

    folder: ProposalFolder
    name: str
    source: CopySource
    control: ReceivedMessage
    context: ActionContext
    progress: _Progress

    def check_size(self) -> int:
        """Return the size of the source, bytes; raise Refused above the limit."""
        size, most = self.source.measure(), self.context.settings.storage.copy_max_bytes
        if size > most:
            raise Refused(f"file {quote_value(self.source.path)} has {size} bytes: at most {most} are copied")
        return size

    def run(self) -> Outcome:
        """Copy the file unless this message did so before."""
        size = self.check_size()
        if not self.folder.has_room(size):
            raise Unavailable(f"{quote_value(self.folder.path)}: no room for a copy of {size} bytes", errno.ENOSPC)
        self.progress.begin(size)
        try:
            return Outcome("done", (self._publish(),))
        except Conflict:
            self.folder.archive_existing(self.name)
            return Outcome("done", (self._publish(),))

    def _publish(self) -> str:
        def read() -> FileContent:
            return self.source.read(self._report)

        return publish_once(self.folder, self.name, self.control, read, self.context.ledger, overwrite=False)

    def _report(self, done: int) -> None:
        if self.context.stop.is_set():
            raise Interrupted("the worker ends")
        if self.context.is_dropped(self.control):
            raise Refused(DROPPED)
        self.progress.report(done)


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
