"""What is folded into the board: control messages, documents, ticks, results of reductions, runs from a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xafs_workers.messages.base import ControlMessage

if TYPE_CHECKING:
    from xafs_workers.scans.runs import Run


@dataclass(frozen=True, slots=True, order=True)
class RecordPosition:
    """Where a record stands on Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A control message with its record time (POSIX seconds)."""

    message: ControlMessage
    time: float
    position: RecordPosition

    @property
    def id(self) -> str:
        """The message's own id, else its origin."""
        return self.message.message_id or str(self.position)


@dataclass(frozen=True, slots=True)
class Document:
    """A Bluesky document with its record time (POSIX seconds)."""

    name: str
    doc: Mapping[str, Any]
    time: float
    position: RecordPosition


@dataclass(frozen=True, slots=True)
class ClockTick:
    """Time that passed while nothing arrived (POSIX seconds). Ticks may only close scans."""

    time: float


@dataclass(frozen=True, slots=True)
class ReductionResult:
    """The result of a reduction that the board had asked for.

    Attributes
    ----------
    scan_id
        Id of the scan it belongs to.
    key
        What was reduced, as the board named it in its request.
    values
        Results by Larch's names (`e0`, `edge_step`, `k`, `chi`, ...).
    """

    scan_id: str
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FetchedRun:
    """A finished run that a scan names, from elsewhere than the documents.

    Attributes
    ----------
    run
        None where it is not to be had.
    problem
        What is not to be had, and why; it is not asked for again.
    """

    uid: str
    run: Run | None
    problem: str = ""


BoardItem = ReceivedMessage | Document | ClockTick | ReductionResult | FetchedRun
