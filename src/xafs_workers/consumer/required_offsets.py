"""How far back a worker must read again if it were killed now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from xafs_workers.consumer.source import Partition
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control, Origin
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan

LATELY = 60.0
"""Runs that started within this time are read again: their control message may still be on its way, seconds."""


def positions_needed(
    board: Board, reached: Mapping[Partition, int], unfinished: Iterable[Control]
) -> dict[Partition, int]:
    """Return, for each partition, the offset from which everything that still matters can be read again.

    Parameters
    ----------
    reached
        Offset of the next record to be read.
    unfinished
        Messages whose effects are not done.
    """
    waiting = tuple(unfinished)
    ids = {control.id for control in waiting}
    needed = [scan for scan in board.scans if not board.closed(scan) or _waits(scan, ids)]
    positions = dict(reached)
    for origin in (*(control.origin for control in waiting), *(scan.start.origin for scan in needed)):
        _back_to(positions, origin)
    for run in _runs_needed(board, needed):
        _back_to(positions, Origin(*run.begins[2:]))
    return positions


def _waits(scan: Scan, ids: Collection[str]) -> bool:
    return any(part.id in ids for part in scan.parts)


def _runs_needed(board: Board, scans: Iterable[Scan]) -> Iterable[Run]:
    bound = {uid for scan in scans for uid in scan.runs}
    for run in board.runs.values():
        age = board.now - run.begins[0]
        if run.uid in bound or age < LATELY or (run.stop is None and age < board.rules.release):
            yield run


def _back_to(positions: dict[Partition, int], origin: Origin) -> None:
    partition = (origin.topic, origin.partition)
    if partition in positions:
        positions[partition] = min(positions[partition], origin.offset)
