"""Functions and clients that the loop calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.reduction_requests import ReductionRequester
from xafs_workers.consumer.required_offsets import PendingItem
from xafs_workers.consumer.run_requests import RunRequester
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Regions
from xafs_workers.scans.items import AwaitedMessages, Document, ReceivedMessage, RecordPosition


class MessageHandler(Protocol):
    """Handler of the messages that a role owns."""

    def on_message(self, control: ReceivedMessage, board: Board) -> None:
        """Take note of a message that the role owns; the board has it already."""
        ...

    def poll(self, board: Board) -> None:
        """Do what has become due."""
        ...

    def pending(self) -> Iterable[PendingItem]:
        """Return the messages and records whose effects are not done."""
        ...

    @property
    def awaited(self) -> AwaitedMessages:
        """What the messages in hand need; the same object while that does not change."""
        ...


class DocumentJoiner(Protocol):
    """Joins the documents of several sources, and knows of which runs something never arrived."""

    def add(self, record: RawRecord, item: Document) -> list[tuple[RawRecord, Document]]:
        """Return what is to be applied now that a document has arrived."""
        ...

    def take_due(self) -> list[tuple[RawRecord, Document]]:
        """Return what was held back long enough."""
        ...

    def take_losses(self) -> list[tuple[str, str]]:
        """Return uid and reason of the runs of which something never arrived, each once."""
        ...

    @property
    def waits_for(self) -> str:
        """Reason why a run that is being measured is not followed, '' for none."""
        ...

    def pending(self) -> Iterable[PendingItem]:
        """Return the records of what is held back."""
        ...

    def list_starts(self, uid: str) -> Iterable[RecordPosition]:
        """Return the first record of a run in each partition."""
        ...


@dataclass(frozen=True, slots=True)
class LoopCallbacks:
    """Functions and clients that the loop calls.

    Attributes
    ----------
    on_rejected_record
        Receives each record of this role that could not be used.
    clock
        POSIX seconds.
    reduction_requester
        None for a worker that has nothing reduced.
    run_requester
        None for a worker that asks no catalog for runs that scans name.
    frame_requester
        None for a worker that reads no files of stream documents.
    on_live_message
        Receives each new message, of any owner; not those of the past.
    load_regions
        Returns the regions of interest for the board, from the present ones; None for a worker that draws nothing.
    joiner
        None where all documents come from Kafka alone.
    has_catalog
        Whether a catalog may have what never arrived.
    has_room
        Whether more messages may be read; False while too many are in hand.
    """

    handler: MessageHandler
    on_rejected_record: Callable[[RawRecord, RejectedRecord], None]
    clock: Callable[[], float] = time.time
    reduction_requester: ReductionRequester | None = None
    run_requester: RunRequester | None = None
    frame_requester: FrameRequester | None = None
    on_live_message: Callable[[ReceivedMessage], object] = lambda control: None
    load_regions: Callable[[Regions], Regions] | None = None
    joiner: DocumentJoiner | None = None
    has_catalog: bool = False
    has_room: Callable[[], bool] = lambda: True
