"""Offsets from which a worker must read again if it were killed now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from xafs_workers.consumer.records import Partition
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import KIND, list_reported_scans
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

RECENT_SECONDS = 60.0
"""Runs that started within this time are read again: their control message may still be on its way, seconds."""


class PendingItem(Protocol):
    """A message or a record whose effects are not done."""

    @property
    def id(self) -> str:
        """Id of the message, else the position."""
        ...

    @property
    def position(self) -> RecordPosition:
        """Position of the record."""
        ...


@dataclass(frozen=True, slots=True)
class PendingRecord:
    """A record that is no message and whose dead letter is not sent; `time` is its record time, POSIX seconds."""

    position: RecordPosition
    time: float

    @property
    def id(self) -> str:
        """The position."""
        return str(self.position)


def _list_no_starts(uid: str) -> Iterable[RecordPosition]:
    """Return nothing: each run has come from one source."""
    return ()


def compute_required_offsets(
    board: Board,
    reached: Mapping[Partition, int],
    pending: Iterable[PendingItem],
    list_starts: Callable[[str], Iterable[RecordPosition]] = _list_no_starts,
) -> dict[Partition, int]:
    """Return, for each partition, the offset from which everything that still matters can be read again.

    Parameters
    ----------
    reached
        Offset of the next record to be read.
    pending
        Messages and records whose effects are not done.
    list_starts
        Returns the first records of a run in other sources than the one that the board has it from.
    """
    waiting = tuple(pending)
    ids = {control.id for control in waiting}
    needed = [scan for scan in board.scans if not board.is_closed(scan) or _has_pending_message(scan, ids)]
    positions = dict(reached)
    for origin in (*(control.position for control in waiting), *(scan.start.position for scan in needed)):
        _move_back(positions, origin)
    needed += [one for scan in needed if scan.kind == KIND for one in list_reported_scans(board, scan)]
    named = set(_list_named_uids(waiting))
    for run in _select_required_runs(board, needed, named):
        for origin in (RecordPosition(*run.start_position[2:]), *list_starts(run.uid)):
            _move_back(positions, origin)
    return positions


def _has_pending_message(scan: Scan, ids: Collection[str]) -> bool:
    return any(part.id in ids for part in scan.all_messages)


def _list_named_uids(pending: Iterable[PendingItem]) -> Iterator[str]:
    """Yield the uids of the runs that pending messages name: their documents may be older than all other items."""
    for item in pending:
        if isinstance(item, ReceivedMessage):
            uid = item.message.named_run
            yield from (uid,) if uid else ()
            yield from item.message.named_runs or ()


def _select_required_runs(board: Board, scans: Iterable[Scan], named: Collection[str]) -> Iterable[Run]:
    bound = {uid for scan in scans for uid in scan.run_uids} | set(named)
    for run in board.runs.values():
        age = board.now - run.start_position[0]
        if run.uid in bound or age < RECENT_SECONDS or (run.stop is None and age < board.config.expiry_time):
            yield run


def _move_back(positions: dict[Partition, int], origin: RecordPosition) -> None:
    partition = (origin.topic, origin.partition)
    if partition in positions:
        positions[partition] = min(positions[partition], origin.offset)
