"""The clerk: takes the messages that the file manager owns, has each done in the lane of its proposal, and answers."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from xafs_workers.catalog.errors import CatalogError, Interrupted
from xafs_workers.catalog.errors import Unavailable as CatalogAway
from xafs_workers.filemanager.actions.context import Action, Tools, actions, dues, questions, reservations
from xafs_workers.filemanager.actions.resolve_folder import folder_of
from xafs_workers.filemanager.actions.write_data_files import write_files
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import BACKOFF, Outcome, TryLater
from xafs_workers.runtime.work_queues import Lanes
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.mca import NoSpectra
from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.wire import Answer
from xafs_workers.writers.registry import CannotWrite, key_of, writers

log = get_logger("workers")

WORKER = "file-manager"
QUESTIONS = "questions"
"""Begins the names of the lanes of questions, one a proposal: none waits behind writes, nor for another's folder."""

QUESTION_PATIENCE = 60.0
"""How long a question waits for a folder that is away, seconds; by then nobody waits for the answer."""

NOBODY = "no proposal"
"""The lane of messages that belong to no proposal."""


@dataclass(frozen=True, slots=True)
class ClerkPorts:
    """What the clerk hands answers to.

    Attributes
    ----------
    answer
        Sends an answer.
    give_up
        Told of a message that failed and why.
    mirror
        Told of the value that answers a question, for those who look for it elsewhere.
    """

    answer: Callable[[Answer], None]
    give_up: Callable[[Control, str], None]
    mirror: Callable[[str, Any], None] = lambda kind, value: None


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A message in a lane.

    Attributes
    ----------
    reserved
        Of a question, the paths that were still to be made when it was asked.
    """

    control: Control
    board: Board
    since: float
    reserved: frozenset[str] = frozenset()


class Clerk:
    """The duty of the file manager's loop; its methods are called by the loop's thread, which never waits."""

    def __init__(self, tools: Tools, ports: ClerkPorts):
        self._tools, self._ports = tools, ports
        self._undue: list[tuple[Control, float]] = []
        self._lanes: Lanes[_Job] = Lanes(self._do)
        self.last_files: tuple[str, ...] = ()

    def consider(self, control: Control, board: Board) -> None:
        """Answer a message that was done before; put any other down to be done."""
        key, now = key_of(control.message), time.monotonic()
        if not _concerns(control):
            return
        if (before := self._tools.records.outcome(control)) is not None:
            # An old question is not answered again: by now the value may be another, and nobody waits for it.
            if key not in questions:
                self._answer(control, before, now)
        elif key in questions:
            folder = folder_of(control, board, self._tools.roots, self._tools.settings)
            lane = f"{QUESTIONS} {folder.path if folder is not None else NOBODY}"
            self._lanes.put(lane, _Job(control, board, now, self._still_to_be_written(board)))
        else:
            self._answer(control, Outcome("accepted"), now)
            self._undue.append((control, now))

    def advance(self, board: Board) -> None:
        """Hand over what has become due; a lane that cannot go on ends the worker, which is then started again."""
        self._lanes.check()
        waiting, self._undue = self._undue, []
        for control, since in waiting:
            due = dues.get(key_of(control.message))
            if due is None or due(control, board):
                self._hand_over(control, board, since)
            else:
                self._undue.append((control, since))

    def unfinished(self) -> Iterable[Control]:
        """Return the messages that are not done."""
        return (*(control for control, _ in self._undue), *(job.control for job in self._lanes.jobs()))

    @property
    def waits_for(self) -> str:
        """What is waited for, '' for nothing."""
        return self._lanes.waits_for

    def close(self, timeout: float = 3.0) -> None:
        """Stop after what is in hand; what is left is done after the next start."""
        self._tools.stop.set()
        self._lanes.close(timeout)

    def _hand_over(self, control: Control, board: Board, since: float) -> None:
        tools = self._tools
        folder = folder_of(control, board, tools.roots, tools.settings)
        uid = getattr(control.message, "uid", None)
        lane = folder.path if folder is not None else f"run {uid}" if uid else NOBODY
        self._lanes.put(lane, _Job(control, board, since))

    def _still_to_be_written(self, board: Board) -> frozenset[str]:
        """Return the paths that queued messages will make; their runs may have come after them."""
        tools = self._tools
        queued = [(one, folder_of(one, board, tools.roots, tools.settings)) for one in self.unfinished()]
        return frozenset(path for one, folder in queued if folder is not None for path in _reserved(one, folder, tools))

    def _do(self, job: _Job, note: Callable[[str], None]) -> bool:
        """Do one job, however long something is away; return False when told to stop meanwhile."""
        outcome = self._until(lambda: self._try(job, note))
        if outcome is None:
            return False
        self._tell_before(job, outcome)
        if self._until(lambda: self._recorded(job, outcome, note)) is None:
            return False
        note("")
        if outcome.state != "value":
            self._answer(job.control, outcome, job.since)
            self.last_files = outcome.paths or self.last_files
        return True

    def _until(self, attempt: Callable[[], Outcome | None]) -> Outcome | None:
        """Return what an attempt returns, tried again until it does; None when told to stop meanwhile."""
        for pause in chain(BACKOFF, repeat(BACKOFF[-1])):
            if (outcome := attempt()) is not None or self._tools.stop.wait(pause):
                return outcome
        return None

    def _try(self, job: _Job, note: Callable[[str], None]) -> Outcome | None:
        """Return what became of a job, None where it must be tried again."""
        try:
            return self._outcome(job)
        except (TryLater, Unavailable, CatalogAway, Interrupted) as away:
            if isinstance(away, Interrupted):
                return None
            if key_of(job.control.message) in questions and time.monotonic() - job.since > QUESTION_PATIENCE:
                return Outcome("failed", reason=str(away))
            note(str(away))
            return None
        except (Refused, CannotWrite, CatalogError, NoSpectra) as refusal:
            return Outcome("failed", reason=str(refusal))
        except Exception as error:
            log.exception("action_failed", message=job.control.id)
            return Outcome("failed", reason=f"{type(error).__name__}: {error}")

    def _outcome(self, job: _Job) -> Outcome:
        key = key_of(job.control.message)
        if key in questions:
            return Outcome("value", value=questions[key](job.control, job.reserved, self._tools))
        act = _action_of(key)
        if act is None:
            return Outcome("failed", reason=f"nothing acts on {key}")
        return act(job.control, job.board, self._tools)

    def _tell_before(self, job: _Job, outcome: Outcome) -> None:
        """Tell what must not be lost before it is put down: a failure's letter, and a value, which is not put down."""
        control = job.control
        if outcome.state == "failed":
            log.warning("message_failed", kind=control.message.kind, message=control.id, reason=outcome.reason)
            self._ports.give_up(control, outcome.reason)
        elif outcome.state == "value":
            self._ports.mirror(control.message.kind, outcome.value)
            self._answer(control, outcome, job.since)

    def _recorded(self, job: _Job, outcome: Outcome, note: Callable[[str], None]) -> Outcome | None:
        """Put down what became of a message; return None where the ledger cannot be written to now."""
        try:
            self._tools.records.record(job.control, Outcome("done") if outcome.state == "value" else outcome)
        except Unavailable as away:
            note(str(away))
            return None
        return outcome

    def _answer(self, control: Control, outcome: Outcome, since: float) -> None:
        message = control.message
        self._ports.answer(
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


def _concerns(control: Control) -> bool:
    """Tell whether there is something to do: of a message that another worker owns, only a file that it asks for."""
    return control.message.owner == WORKER or bool(getattr(control.message, "xrffile", None))


def _action_of(key: str) -> Action | None:
    """Return what is done about a message: its own action, else the writing of the files that a writer makes."""
    return actions.get(key) or (write_files if key in writers else None)


def _reserved(control: Control, folder: ProposalFolder, tools: Tools) -> Iterator[str]:
    """Yield the absolute paths that a message will make, as far as that is known before."""
    key, message = key_of(control.message), control.message
    names = reservations.get(key)
    filename = getattr(message, "filename", None)
    if names is not None:
        found: Iterable[str] = names(message, folder)
    else:
        found = (filename,) if key in writers and filename else ()
    for name in found:
        try:
            if name.startswith("/"):
                other, inside = ProposalFolder.of_path(name, tools.roots)
                yield posixpath.join(other.path, inside)
            else:
                yield posixpath.join(folder.path, name)
        except Refused:
            continue  # the action will say why
