"""Implied scans: runs that no message claims, each shown as the scan that its documents say it is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.outline import Form, Outline
from xafs_workers.scans.runs import TimePosition
from xafs_workers.scans.scan import RunWindow, Scan, scan_kinds
from xafs_workers.scans.scan_builder import get_time_position

PREFIX = "run:"
"""First part of the id of an implied scan, before the uid of its run."""


class RunStart(ControlMessage):
    """Stands for the start message that an implied scan does not have. It is never sent."""

    kind = "run"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {}


@dataclass(frozen=True, slots=True)
class ImpliedScans:
    """The runs that no message claims, and their scans.

    Attributes
    ----------
    free
        Outlines of the runs, in the order of their starts.
    scans
        Scans of those that have a figure, in the order of their starts.
    """

    free: tuple[Outline, ...] = ()
    scans: tuple[Scan, ...] = ()

    def put(self, outline: Outline, config: BoardConfig) -> ImpliedScans:
        """Add a run, or replace what is known of it."""
        place = bisect_left(self.free, outline.start_position, key=_get_start)
        known = self.free[place : place + 1]
        after = place + 1 if known and known[0].uid == outline.uid else place
        free = (*self.free[:place], outline, *self.free[after:])
        place = bisect_left(self.scans, outline.start_position, key=_get_scan_start)
        shown = self.scans[place : place + 1]
        after = place + 1 if shown and shown[0].run_uids == (outline.uid,) else place
        return ImpliedScans(free, (*self.scans[:place], *build_scans(outline, config), *self.scans[after:]))

    def remove(self, uids: Container[str]) -> ImpliedScans:
        """Remove runs: a message claims them, or they are no longer kept."""
        if not any(outline.uid in uids for outline in self.free):
            return self
        return ImpliedScans(
            tuple(outline for outline in self.free if outline.uid not in uids),
            tuple(scan for scan in self.scans if not any(uid in uids for uid in scan.run_uids)),
        )

    def hide_closed(self, messages: Sequence[ReceivedMessage], hidden: Container[str]) -> ImpliedScans:
        """Hide the figures that a message closed since, and those that a later one of their kind replaces."""
        if not self.scans:
            return self
        closers = [control for control in messages if control.message.closes in ("all", "line")]
        latest = {scan.kind: scan.id for scan in self.scans}
        return replace(
            self, scans=tuple(_set_shown(scan, _is_shown(scan, closers, latest, hidden)) for scan in self.scans)
        )


def _set_shown(scan: Scan, is_shown: bool) -> Scan:
    return scan if scan.is_shown == is_shown else replace(scan, is_shown=is_shown)


def _is_shown(
    scan: Scan, closers: Sequence[ReceivedMessage], latest: Mapping[str, str], hidden: Container[str]
) -> bool:
    kind = scan_kinds[scan.kind]
    if scan.id in hidden or (not kind.keeps_previous and latest[scan.kind] != scan.id):
        return False
    return not any(
        get_time_position(control) > scan.start_position and (control.message.closes == "all" or kind.closed_by_line)
        for control in closers
    )


def _get_start(outline: Outline) -> TimePosition:
    return outline.start_position


def _get_scan_start(scan: Scan) -> TimePosition:
    return scan.start_position


def build_scans(outline: Outline, config: BoardConfig) -> tuple[Scan, ...]:
    """Build the scan of a run; none for a run without a figure."""
    if outline.form not in config.implied_forms or outline.reason:
        return ()
    position = outline.start_position
    start = ReceivedMessage(RunStart(message_id=f"{PREFIX}{outline.uid}"), position[0], RecordPosition(*position[2:]))
    window = RunWindow(start, 0, position, run_uid=outline.uid)
    end = "stopped" if outline.has_stopped else ""
    return (Scan(start.id, find_kind(outline.form), start, position, (window,), implicit_end=end, outline=outline),)


@cache
def find_kind(form: Form) -> str:
    """Find the kind of the scans of a form."""
    return next(name for name in scan_kinds if scan_kinds[name].form == form)
