"""The clerk: takes the messages that the file manager owns, has each done in the lane of its proposal, and answers."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from xafs_workers.catalog.errors import CatalogError, Interrupted
from xafs_workers.catalog.errors import Unavailable as CatalogAway
from xafs_workers.frontends.headless import BACKOFF, Outcome, TryLater
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.mca import NoSpectra
from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.wire import Answer
from xafs_workers.workers.actions.action import Action, Tools, actions, dues, questions, reservations
from xafs_workers.workers.actions.files import write_files
from xafs_workers.workers.actions.whose import folder_of
from xafs_workers.workers.lanes import Lanes
from xafs_workers.writers.contents import CannotWrite, key_of, writers

log = get_logger("workers")

WORKER = "file-manager"
QUESTIONS = "questions"
"""The lane of questions: it never waits behind writes."""

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
        Of a write, the paths it will make; of a question, those that were still to be made when it was asked.
    """

    control: Control
    board: Board
    since: float
    reserved: frozenset[str]


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
            self._lanes.put(QUESTIONS, _Job(control, board, now, self._still_to_be_written()))
        else:
            self._answer(control, Outcome("accepted"), now)
            self._undue.append((control, now))

    def advance(self, board: Board) -> None:
        """Hand over what has become due."""
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
        reserved = frozenset(_reserved(control, folder, tools)) if folder is not None else frozenset[str]()
        self._lanes.put(lane, _Job(control, board, since, reserved))

    def _still_to_be_written(self) -> frozenset[str]:
        return frozenset(path for job in self._lanes.jobs() for path in job.reserved)

    def _do(self, job: _Job, note: Callable[[str], None]) -> bool:
        """Do one job, however long something is away; return False when told to stop meanwhile."""
        attempt = 0
        while (outcome := self._try(job, note)) is None:
            if self._tools.stop.wait(BACKOFF[min(attempt, len(BACKOFF) - 1)]):
                return False
            attempt += 1
        note("")
        self._close(job, outcome)
        return True

    def _try(self, job: _Job, note: Callable[[str], None]) -> Outcome | None:
        """Return what became of a job, None where it must be tried again."""
        try:
            return self._outcome(job)
        except (TryLater, Unavailable, CatalogAway, Interrupted) as away:
            if not isinstance(away, Interrupted):
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

    def _close(self, job: _Job, outcome: Outcome) -> None:
        """Put down what became of a message, and answer it; a value is answered before, for it is not put down."""
        control = job.control
        if outcome.state == "failed":
            log.warning("message_failed", kind=control.message.kind, message=control.id, reason=outcome.reason)
            self._ports.give_up(control, outcome.reason)
        if outcome.state == "value":
            self._ports.mirror(control.message.kind, outcome.value)
            self._answer(control, outcome, job.since)
            self._tools.records.record(control, Outcome("done"))
            return
        self._tools.records.record(control, outcome)
        self._answer(control, outcome, job.since)
        self.last_files = outcome.paths or self.last_files

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
