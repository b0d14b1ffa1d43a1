"""When a scan is over: all its documents have come, or they are no longer waited for.

A viewer corrects itself when documents come late, so a short time by its clock is enough. A worker that writes cannot
take a file back: for it, time is what the document topic has been read to.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick, Document
from xafs_workers.scans.runs import Run, find_document_time
from xafs_workers.scans.scan import Scan, scan_kinds

LATER_SECONDS = 10.0
"""A document later than a scan's end by more than clocks differ shows that the topic was read past it, seconds."""


class ReadingState(NamedTuple):
    """How far the topics have been read.

    Attributes
    ----------
    now
        Latest time of any record or clock tick, POSIX seconds.
    document_time
        Latest time that a document gives itself, POSIX seconds.
    attended
        Time for which the worker has run with both topics read to their ends, seconds.
    """

    now: float = 0.0
    document_time: float = 0.0
    attended: float = 0.0

    def advance(self, now: float) -> ReadingState:
        """Return the state after a record of this time."""
        return self if now <= self.now else self._replace(now=now)

    def add_documents(self, *items: Document) -> ReadingState:
        """Return the state after some documents."""
        now, newest, attended = self
        for item in items:
            time = item.time
            own = min(find_document_time(item), time)
            now, newest = time if time > now else now, own if own > newest else newest
        return ReadingState(now, newest, attended)

    def add_tick(self, tick: ClockTick) -> ReadingState:
        """Return the state after a clock tick."""
        if tick.time <= self.now and tick.attended <= self.attended:
            return self
        return ReadingState(max(self.now, tick.time), self.document_time, max(self.attended, tick.attended))


def is_scan_settled(
    scan: Scan,
    runs: Mapping[str, Run],
    given_up: Container[str],
    reading: ReadingState,
    ended_at: float,
    config: BoardConfig,
) -> bool:
    """Check whether no more points of a scan are expected.

    Parameters
    ----------
    given_up
        uids of runs that neither came nor can be fetched.
    ended_at
        `ReadingState.attended` when the scan's end was received, seconds.
    """
    if scan.end is None:
        return bool(scan.implicit_end)
    if not config.waits_for_documents:
        return reading.now >= scan.end.time + config.settling_time or _has_all_runs(scan, runs)
    if reading.attended - ended_at >= config.document_patience:
        return True
    if not all(uid in given_up or has_stopped(uid, runs) for uid in scan.named_run_uids):
        return False
    waiting = [window for window in scan.windows if not has_stopped(window.run_uid or "", runs)]
    if not waiting:
        return True
    over_at = scan.end.time + LATER_SECONDS
    if any(window.run_uid is None for window in waiting) and reading.document_time <= over_at:
        return False
    return all(window.run_uid is None for window in waiting) or _has_later_start(scan, runs, over_at)


def _has_all_runs(scan: Scan, runs: Mapping[str, Run]) -> bool:
    """Check whether each window and each message that adds a run has its run, and the run its stop document."""
    if scan_kinds[scan.kind].motors is None and not scan.added_messages:
        return True
    uids = (*(window.run_uid for window in scan.windows), *scan.added_run_uids)
    return bool(uids) and all(has_stopped(uid or "", runs) for uid in uids)


def has_stopped(uid: str, runs: Mapping[str, Run]) -> bool:
    """Check whether a run is known, with its stop document."""
    run = runs.get(uid)
    return run is not None and run.stop is not None


def _has_later_start(scan: Scan, runs: Mapping[str, Run], time: float) -> bool:
    """Check whether another run started later: then the stop documents of the scan's runs will not come."""
    own = set(scan.run_uids)
    return any(run.start_position[0] > time and uid not in own for uid, run in runs.items())
