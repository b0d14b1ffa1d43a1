"""Message handler of the file manager: work queues for each proposal, and separate ones for questions."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted
from xafs_workers.filemanager.actions.context import (
    ActionContext,
    ActionHandler,
    action_handlers,
    follow_ups,
    question_handlers,
    readiness_checks,
    reserved_names,
)
from xafs_workers.filemanager.actions.resolve_folder import find_proposal_folder
from xafs_workers.filemanager.actions.write_data_files import write_files
from xafs_workers.filemanager.actions.write_run_data import write_run_data
from xafs_workers.filemanager.awaited_runs import AwaitedRuns
from xafs_workers.filemanager.data_requests import RunData
from xafs_workers.runtime.attempts import TRANSIENT_ERRORS
from xafs_workers.runtime.deferred_jobs import FollowUp
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import NoSpectraError
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.spelling import compose
from xafs_workers.writers.registry import CannotWrite, build_writer_key, writers

WORKER = "file-manager"
QUESTION_QUEUE = "questions"
"""First word in the names of the queues of questions.

Each proposal has one, so that a question waits neither for writes nor for another proposal's folder.
"""

QUESTION_TIMEOUT = 60.0
"""How long a question waits for an unavailable folder, seconds; by then no plan waits for the answer."""

FOLLOW_UP_QUEUE = "later"
"""First word in the names of the queues of follow-ups, one for each proposal: they delay no message."""

NO_PROPOSAL = "no proposal"
"""Name of the work queue of messages that belong to no proposal."""


class FileActionHandler:
    """Finds the task that carries out a message of the file manager.

    Parameters
    ----------
    list_messages
        Function that returns the messages that are accepted and not carried out yet.
    """

    def __init__(self, context: ActionContext, list_messages: Callable[[], Iterable[ReceivedMessage]]):
        self._context, self._list_messages = context, list_messages
        self._awaited_runs = AwaitedRuns(context.catalog, context.is_dropped)

    def is_relevant(self, control: ReceivedMessage) -> bool:
        """Check whether the file manager acts on a message: its own, or another worker's that also requests a file."""
        return control.message.owner == WORKER or control.message.requests_helper

    def is_answered_again(self, control: ReceivedMessage) -> bool:
        """Check that a plan may wait for the answer: not to a question of earlier, nor to a request that none sent."""
        return not isinstance(control.message, RunData) and build_writer_key(control.message) not in question_handlers

    def examine(self, control: ReceivedMessage, board: Board) -> Task | None:
        """Return the task that answers a question; None for any other message."""
        key = build_writer_key(control.message)
        if key not in question_handlers:
            return None
        folder = find_proposal_folder(control, board, self._context.roots, self._context.settings)
        queue = f"{QUESTION_QUEUE} {folder.path if folder is not None else NO_PROPOSAL}"
        reserved = self._collect_reserved_paths(board)
        return Task(queue, partial(_attempt, lambda: self._answer_question(control, reserved)), QUESTION_TIMEOUT)

    def find_task(self, control: ReceivedMessage, board: Board) -> Task | None:
        """Return the task of a message for which the board is ready; None before."""
        is_ready = readiness_checks.get(build_writer_key(control.message))
        if is_ready is not None and not is_ready(control, board):
            return None
        folder = find_proposal_folder(control, board, self._context.roots, self._context.settings)
        uid = control.message.named_run
        if folder is None and uid and control.message.requires_run:
            return self._build_waiting_task(control, board, uid)
        queue = folder.path if folder is not None else f"run {uid}" if uid else NO_PROPOSAL
        return Task(queue, partial(_attempt, lambda: self._run_action(control, board)))

    def _build_waiting_task(self, control: ReceivedMessage, board: Board, uid: str) -> Task:
        """Build the task of a message about a run whose proposal is not known: in the queue of that run.

        Where many runs are awaited, the run is looked for in a queue that several share before.
        """

        def look_for_run() -> Task:
            self._awaited_runs.require_run(uid, control)
            return Task(f"run {uid}", lambda: self._run_action(control, board))

        def act() -> Outcome | Task:
            try:
                found = _attempt(lambda: self._run_action(control, board))
            except TRANSIENT_ERRORS:
                raise  # another attempt follows in the same queue
            except BaseException:
                self._awaited_runs.release_own_queue(uid)
                raise
            self._awaited_runs.release_own_queue(uid)
            return found

        if self._awaited_runs.claim_own_queue(uid):
            return Task(f"run {uid}", act)
        return Task(self._awaited_runs.add_message(uid, control), partial(_attempt, look_for_run))

    def find_follow_up(self, control: ReceivedMessage, board: Board, outcome: Outcome) -> FollowUp | None:
        """Return what follows a message that made files, None for nothing."""
        build = follow_ups.get(build_writer_key(control.message))
        if build is None or outcome.state != "done" or not outcome.paths:
            return None
        attempt = build(control, board, outcome, self._context)
        queue = f"{FOLLOW_UP_QUEUE} {posixpath.dirname(outcome.paths[0])}"
        return FollowUp(queue, attempt, self._context.config.document_patience)

    def _answer_question(self, control: ReceivedMessage, reserved: frozenset[str]) -> Outcome:
        answer = question_handlers[build_writer_key(control.message)]
        return Outcome("value", value=answer(control, reserved, self._context))

    def _run_action(self, control: ReceivedMessage, board: Board) -> Outcome | Task:
        if isinstance(control.message, RunData):
            return write_run_data(control, self._context)
        key = build_writer_key(control.message)
        act = _find_action(key)
        if act is None:
            return Outcome("failed", reason=f"no action for {key}")
        return act(control, board, self._context)

    def _collect_reserved_paths(self, board: Board) -> frozenset[str]:
        """Collect the paths that queued messages will write; their runs may have arrived after them."""
        context = self._context
        queued = [
            (one, find_proposal_folder(one, board, context.roots, context.settings)) for one in self._list_messages()
        ]
        return frozenset(
            path for one, folder in queued if folder is not None for path in _list_reserved_paths(one, folder, context)
        )


def build_file_engine(context: ActionContext, callbacks: EngineCallbacks) -> MessageEngine:
    """Build the message engine of the file manager."""
    handler = FileActionHandler(context, lambda: engine.list_messages())
    callbacks = replace(callbacks, find_follow_up=handler.find_follow_up)
    catalog = context.catalog
    engine = MessageEngine(handler, callbacks, WORKER, context.stop, lambda: catalog.awaits_documents)
    return engine


def _attempt(act: Callable[[], Outcome | Task]) -> Outcome | Task:
    """Run an action; a refusal becomes a failed outcome with its reason."""
    try:
        found = act()
        return replace(found, attempt=partial(_attempt, found.attempt)) if isinstance(found, Task) else found
    except (CatalogUnavailable, Interrupted):
        raise  # the engine waits and tries again
    except (Refused, CannotWrite, CatalogError, NoSpectraError) as refusal:
        return Outcome("failed", reason=str(refusal))


def _find_action(key: str) -> ActionHandler | None:
    """Find the action of a message: its own, or else the writing of data files."""
    return action_handlers.get(key) or (write_files if key in writers else None)


def _list_reserved_paths(control: ReceivedMessage, folder: ProposalFolder, context: ActionContext) -> Iterator[str]:
    """Yield the absolute, composed paths that a message will write, as far as they are known in advance."""
    key, message = build_writer_key(control.message), control.message
    names = reserved_names.get(key)
    filename = message.named_file
    if names is not None:
        found: Iterable[str] = names(message, folder)
    else:
        found = (filename,) if key in writers and filename else ()
    for name in found:
        try:
            if name.startswith("/"):
                other, inside = ProposalFolder.from_path(name, context.roots)
                yield compose(posixpath.join(other.path, inside))
            else:
                yield compose(posixpath.join(folder.path, name))
        except Refused:
            continue  # the action will answer with the reason
