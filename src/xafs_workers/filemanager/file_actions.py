"""The clerk: takes the messages that the file manager owns, has each done in the lane of its proposal, and answers."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from xafs_workers.catalog.errors import CatalogError, Interrupted
from xafs_workers.catalog.errors import CatalogUnavailable as CatalogAway
from xafs_workers.filemanager.actions.context import (
    ActionContext,
    ActionHandler,
    action_handlers,
    question_handlers,
    readiness_checks,
    reserved_names,
)
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.filemanager.actions.write_data_files import write_files
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import BACKOFF, Outcome, TryLater
from xafs_workers.runtime.work_queues import WorkQueues
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import NoSpectraError
from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.wire import Answer
from xafs_workers.writers.registry import CannotWrite, build_writer_key, writers

log = get_logger("workers")

WORKER = "file-manager"
QUESTION_QUEUE = "questions"
"""Begins the names of the lanes of questions, one a proposal: none waits behind writes, nor for another's folder."""

QUESTION_TIMEOUT = 60.0
"""How long a question waits for a folder that is away, seconds; by then nobody waits for the answer."""

NO_PROPOSAL = "no proposal"
"""The lane of messages that belong to no proposal."""


@dataclass(frozen=True, slots=True)
class FileActionCallbacks:
    """What the clerk hands answers to.

    Attributes
    ----------
    answer
        Sends an answer.
    give_up
        Told of a message that failed and why.
    write_reply
        Told of the value that answers a question, for those who look for it elsewhere.
    """

    answer: Callable[[Answer], None]
    give_up: Callable[[ReceivedMessage, str], None]
    write_reply: Callable[[str, Any], None] = lambda kind, value: None


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A message in a lane.

    Attributes
    ----------
    reserved_paths
        Of a question, the paths that were still to be made when it was asked.
    """

    control: ReceivedMessage
    board: Board
    since: float
    reserved_paths: frozenset[str] = frozenset()


class FileActionHandler:
    """The duty of the file manager's loop; its methods are called by the loop's thread, which never waits."""

    def __init__(self, context: ActionContext, callbacks: FileActionCallbacks):
        self._context, self._callbacks = context, callbacks
        self._not_due: list[tuple[ReceivedMessage, float]] = []
        self._queues: WorkQueues[_Job] = WorkQueues(self._do_job)
        self.last_files: tuple[str, ...] = ()

    def on_message(self, control: ReceivedMessage, board: Board) -> None:
        """Answer a message that was done before; put any other down to be done."""
        key, now = build_writer_key(control.message), time.monotonic()
        if not _is_relevant(control):
            return
        if (before := self._context.ledger.find_outcome(control)) is not None:
            # An old question is not answered again: by now the value may be another, and nobody waits for it.
            if key not in question_handlers:
                self._send_answer(control, before, now)
        elif key in question_handlers:
            folder = find_proposal_folder(control, board, self._context.roots, self._context.settings)
            lane = f"{QUESTION_QUEUE} {folder.path if folder is not None else NO_PROPOSAL}"
            self._queues.put(lane, _Job(control, board, now, self._collect_reserved_paths(board)))
        else:
            self._send_answer(control, Outcome("accepted"), now)
            self._not_due.append((control, now))

    def poll(self, board: Board) -> None:
        """Hand over what has become due; a lane that cannot go on ends the worker, which is then started again."""
        self._queues.check()
        waiting, self._not_due = self._not_due, []
        for control, since in waiting:
            due = readiness_checks.get(build_writer_key(control.message))
            if due is None or due(control, board):
                self._enqueue(control, board, since)
            else:
                self._not_due.append((control, since))

    def pending(self) -> Iterable[ReceivedMessage]:
        """Return the messages that are not done."""
        return (*(control for control, _ in self._not_due), *(job.control for job in self._queues.list_jobs()))

    @property
    def waits_for(self) -> str:
        """What is waited for, '' for nothing."""
        return self._queues.waits_for

    def close(self, timeout: float = 3.0) -> None:
        """Stop after what is in hand; what is left is done after the next start."""
        self._context.stop.set()
        self._queues.close(timeout)

    def _enqueue(self, control: ReceivedMessage, board: Board, since: float) -> None:
        tools = self._context
        folder = find_proposal_folder(control, board, tools.roots, tools.settings)
        uid = getattr(control.message, "uid", None)
        lane = folder.path if folder is not None else f"run {uid}" if uid else NO_PROPOSAL
        self._queues.put(lane, _Job(control, board, since))

    def _collect_reserved_paths(self, board: Board) -> frozenset[str]:
        """Return the paths that queued messages will make; their runs may have come after them."""
        tools = self._context
        queued = [(one, find_proposal_folder(one, board, tools.roots, tools.settings)) for one in self.pending()]
        return frozenset(
            path for one, folder in queued if folder is not None for path in _list_reserved_paths(one, folder, tools)
        )

    def _do_job(self, job: _Job, note: Callable[[str], None]) -> bool:
        """Do one job, however long something is away; return False when told to stop meanwhile."""
        outcome = self._retry_until_done(lambda: self._try_job(job, note))
        if outcome is None:
            return False
        self._report_outcome(job, outcome)
        if self._retry_until_done(lambda: self._record_outcome(job, outcome, note)) is None:
            return False
        note("")
        if outcome.state != "value":
            self._send_answer(job.control, outcome, job.since)
            self.last_files = outcome.paths or self.last_files
        return True

    def _retry_until_done(self, attempt: Callable[[], Outcome | None]) -> Outcome | None:
        """Return what an attempt returns, tried again until it does; None when told to stop meanwhile."""
        for pause in chain(BACKOFF, repeat(BACKOFF[-1])):
            if (outcome := attempt()) is not None or self._context.stop.wait(pause):
                return outcome
        return None

    def _try_job(self, job: _Job, note: Callable[[str], None]) -> Outcome | None:
        """Return what became of a job, None where it must be tried again."""
        try:
            return self._run_action(job)
        except (TryLater, Unavailable, CatalogAway, Interrupted) as away:
            if isinstance(away, Interrupted):
                return None
            if (
                build_writer_key(job.control.message) in question_handlers
                and time.monotonic() - job.since > QUESTION_TIMEOUT
            ):
                return Outcome("failed", reason=str(away))
            note(str(away))
            return None
        except (Refused, CannotWrite, CatalogError, NoSpectraError) as refusal:
            return Outcome("failed", reason=str(refusal))
        except Exception as error:
            log.exception("action_failed", message=job.control.id)
            return Outcome("failed", reason=f"{type(error).__name__}: {error}")

    def _run_action(self, job: _Job) -> Outcome:
        key = build_writer_key(job.control.message)
        if key in question_handlers:
            return Outcome("value", value=question_handlers[key](job.control, job.reserved_paths, self._context))
        act = _find_action(key)
        if act is None:
            return Outcome("failed", reason=f"nothing acts on {key}")
        return act(job.control, job.board, self._context)

    def _report_outcome(self, job: _Job, outcome: Outcome) -> None:
        """Tell what must not be lost before it is put down: a failure's letter, and a value, which is not put down."""
        control = job.control
        if outcome.state == "failed":
            log.warning("message_failed", kind=control.message.kind, message=control.id, reason=outcome.reason)
            self._callbacks.give_up(control, outcome.reason)
        elif outcome.state == "value":
            self._callbacks.write_reply(control.message.kind, outcome.value)
            self._send_answer(control, outcome, job.since)

    def _record_outcome(self, job: _Job, outcome: Outcome, note: Callable[[str], None]) -> Outcome | None:
        """Put down what became of a message; return None where the ledger cannot be written to now."""
        try:
            self._context.ledger.record_outcome(job.control, Outcome("done") if outcome.state == "value" else outcome)
        except Unavailable as away:
            note(str(away))
            return None
        return outcome

    def _send_answer(self, control: ReceivedMessage, outcome: Outcome, since: float) -> None:
        message = control.message
        self._callbacks.answer(
            Answer(
                message_id=control.id,
                worker=WORKER,
                kind=message.kind,
                action=message.action,
                state=outcome.state,
                value=outcome.value,
                paths=outcome.paths,
                reason=outcome.reason,
                seconds=round(time.monotonic() - since, 6),
            )
        )


def _is_relevant(control: ReceivedMessage) -> bool:
    """Tell whether there is something to do: of a message that another worker owns, only a file that it asks for."""
    return control.message.owner == WORKER or bool(getattr(control.message, "xrffile", None))


def _find_action(key: str) -> ActionHandler | None:
    """Return what is done about a message: its own action, else the writing of the files that a writer makes."""
    return action_handlers.get(key) or (write_files if key in writers else None)


def _list_reserved_paths(control: ReceivedMessage, folder: ProposalFolder, tools: ActionContext) -> Iterator[str]:
    """Yield the absolute paths that a message will make, as far as that is known before."""
    key, message = build_writer_key(control.message), control.message
    names = reserved_names.get(key)
    filename = getattr(message, "filename", None)
    if names is not None:
        found: Iterable[str] = names(message, folder)
    else:
        found = (filename,) if key in writers and filename else ()
    for name in found:
        try:
            if name.startswith("/"):
                other, inside = ProposalFolder.from_path(name, tools.roots)
                yield posixpath.join(other.path, inside)
            else:
                yield posixpath.join(folder.path, name)
        except Refused:
            continue  # the action will say why
