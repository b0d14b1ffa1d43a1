"""Items that the board applies: received messages, documents, clock ticks, results of reductions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from xafs_workers.messages.base import ControlMessage

MessageT = TypeVar("MessageT", bound=ControlMessage)


class RecordPosition(NamedTuple):
    """Position of a record on Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A control message with its record time (POSIX seconds).

    Attributes
    ----------
    is_replayed
        Whether a recording was replayed: no plan waits for its effects.
    """

    message: ControlMessage
    time: float
    position: RecordPosition
    is_replayed: bool = False

    @property
    def id(self) -> str:
        """The message's own id, else its record position."""
        return self.message.message_id or str(self.position)

    def get_message(self, form: type[MessageT]) -> MessageT:
        """Return the message, checked to be of a class.

        Raises
        ------
        TypeError
            It is of another class: a module was registered for a kind that is not its own.
        """
        if not isinstance(self.message, form):
            raise TypeError(f"{self.message.get_key()}: got a {type(self.message).__name__} (expected {form.__name__})")
        return self.message


class Document(NamedTuple):
    """A Bluesky document with its record time (POSIX seconds).

    Attributes
    ----------
    is_replayed
        Whether a recording was replayed: then the times in the document are those of another day.
    """

    name: str
    doc: Mapping[str, Any]
    time: float
    position: RecordPosition
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class ClockTick:
    """Time that passed while nothing arrived (POSIX seconds). Ticks may only close scans.

    Attributes
    ----------
    attended
        Time for which the worker has run with both topics read to their ends, seconds.
    """

    time: float
    attended: float = 0.0


@dataclass(frozen=True, slots=True)
class AwaitedMessages:
    """What the messages in hand need: it stays on the board, whatever the limits.

    Attributes
    ----------
    ids
        Ids of the messages that wait for documents or results of their scans, all of them.
    runs
        Uids of the runs that messages name which are not done.
    """

    ids: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether no message is in hand that needs a scan or a run."""
        return not self.ids and not self.runs


@dataclass(frozen=True, slots=True)
class ReductionResult:
    """Result of a reduction that the board requested.

    Attributes
    ----------
    scan_id
        Id of the scan that requested it.
    key
        Name of what was reduced, as in the board's request.
    values
        Results by Larch's names (`e0`, `edge_step`, `k`, `chi`, ...).
    """

    scan_id: str
    key: str
    values: Mapping[str, Any]
