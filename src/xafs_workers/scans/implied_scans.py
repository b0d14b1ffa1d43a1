"""Implied scans: runs that no message claims, each shown as the scan that its documents say it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from operator import is_
from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example
from xafs_workers.registry import Registry
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.outline import Form, Outline, SpectrumOutline
from xafs_workers.scans.runs import TimePosition
from xafs_workers.scans.scan import RunWindow, Scan, scan_kinds
from xafs_workers.scans.scan_builder import get_time_position, list_idle_closers
from xafs_workers.scans.spectrum_outline import is_same_sequence

PREFIX = "run:"
"""First part of the id of an implied scan, before the uid of its first run."""

Group = tuple[Outline, ...]
"""The repetitions of a sequence, or one other run."""


class RunStart(ControlMessage):
    """Stands for the start message that an implied scan does not have. It is never sent."""

    kind = "run"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {}


@dataclass(frozen=True, slots=True)
class ImpliedMessages:
    """Messages that stand for those that a group of runs does not have.

    Attributes
    ----------
    suffix
        Last part of the scan's id, where a group has several scans.
    added
        A message for each run that adds it, if the kind's scans have their runs so; else empty.
    """

    start: ControlMessage
    suffix: str = ""
    added: tuple[ControlMessage, ...] = ()


implied_messages: Registry[Callable[[Group], ImpliedMessages]] = Registry(
    "xafs_workers.scans", "implied_messages", scan_kinds.discover
)
"""Builders of the messages of implied scans by kind; a kind without one has a `RunStart`."""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of runs with its scans."""

    runs: Group
    scans: tuple[Scan, ...]

    @property
    def start_position(self) -> TimePosition:
        """Position of the start of the first run."""
        return self.runs[0].start_position


@dataclass(frozen=True, slots=True)
class ImpliedScans:
    """The runs that no message claims, as scans.

    Attributes
    ----------
    singles
        Runs that are scans of their own, in the order of their starts.
    sequences
        Sequences of repetitions, in the order of their first starts.
    """

    singles: tuple[ShownGroup, ...] = ()
    sequences: tuple[ShownGroup, ...] = ()

    @property
    def scans(self) -> tuple[Scan, ...]:
        """Scans of all groups, in the order of their starts."""
        if not self.sequences:
            groups: Iterable[ShownGroup] = self.singles
        else:
            groups = sorted((*self.singles, *self.sequences), key=_get_start)
        return tuple(scan for group in groups for scan in group.scans)

    def put(self, outline: Outline, config: BoardConfig) -> ImpliedScans:
        """Add a run, or replace what is known of it."""
        if outline.form not in config.implied_forms or outline.reason:
            return self.remove({outline.uid}, config)
        if outline.spectrum is None:
            others = self.remove({outline.uid}, config)
            singles, group = others.singles, ShownGroup((outline,), build_scans((outline,)))
            place = bisect_right(singles, group.start_position, key=_get_start)
            return replace(others, singles=(*singles[:place], group, *singles[place:]))
        others = self._remove_singles({outline.uid})
        since = max(0, bisect_right(others.sequences, outline.start_position, key=_get_start) - 1)
        if since and others.sequences[since].runs[0].uid == outline.uid:
            since -= 1  # it may be a repetition of the sequence before now

        def change(runs: Iterable[Outline]) -> Iterable[Outline]:
            return sorted((*(run for run in runs if run.uid != outline.uid), outline), key=_get_run_start)

        return _group_again(others, since, change, config)

    def remove(self, uids: Container[str], config: BoardConfig) -> ImpliedScans:
        """Remove runs: a message claims them, or they are no longer kept."""
        others = self._remove_singles(uids)
        changed = (n for n, group in enumerate(self.sequences) if any(run.uid in uids for run in group.runs))
        first = next(changed, None)
        if first is None:
            return others
        since = max(0, first - 1)
        return _group_again(others, since, lambda runs: [run for run in runs if run.uid not in uids], config)

    def _remove_singles(self, uids: Container[str]) -> ImpliedScans:
        singles = tuple(group for group in self.singles if group.runs[0].uid not in uids)
        return self if len(singles) == len(self.singles) else replace(self, singles=singles)

    def hide_closed(self, messages: Sequence[ReceivedMessage], hidden: Collection[str]) -> ImpliedScans:
        """Hide the figures that a message closed since, and those that a later one of their kind replaces."""
        if not self.singles and not self.sequences:
            return self
        closers = [control for control in messages if control.message.closes]
        shown = _list_shown(self.scans, closers, messages, hidden)

        def show(group: ShownGroup) -> ShownGroup:
            scans = tuple(_set_shown(scan, scan.id in shown) for scan in group.scans)
            return group if all(map(is_, scans, group.scans)) else replace(group, scans=scans)

        return ImpliedScans(tuple(map(show, self.singles)), tuple(map(show, self.sequences)))


def _group_again(
    scans: ImpliedScans, since: int, change: Callable[[Iterable[Outline]], Iterable[Outline]], config: BoardConfig
) -> ImpliedScans:
    """Change the runs of the sequences from one on, and find the sequences among them."""
    runs = change(run for group in scans.sequences[since:] for run in group.runs)
    made = (ShownGroup(group, build_scans(group)) for group in find_sequences(runs, config.sequence_gap))
    return replace(scans, sequences=(*scans.sequences[:since], *made))


def find_sequences(runs: Iterable[Outline], gap: float) -> list[Group]:
    """Find the sequences among repetitions in the order of their starts: each lasts until another one begins."""
    groups: list[list[Outline]] = []
    last: SpectrumOutline | None = None
    for run in runs:
        if last is None or run.spectrum is None or not is_same_sequence(last, run.spectrum, gap):
            groups.append([])
        groups[-1].append(run)
        last = run.spectrum
    return [tuple(group) for group in groups]


def build_scans(runs: Group) -> tuple[Scan, ...]:
    """Build the scans of a group of runs: one of their form, and for repetitions one that merges them."""
    first = runs[0]
    position = first.start_position
    end = "stopped" if all(run.has_stopped for run in runs) else ""
    scans: list[Scan] = []
    for kind in list_kinds(first.form):
        builder = implied_messages.get(kind)
        made = ImpliedMessages(RunStart()) if builder is None else builder(runs)
        start = _receive(made.start.model_copy(update={"message_id": f"{PREFIX}{first.uid}{made.suffix}"}), position)
        added = tuple(_receive(one, run.start_position) for one, run in zip(made.added, runs, strict=False))
        windows = () if added else tuple(_build_window(run.uid, run.start_position, n) for n, run in enumerate(runs))
        scans.append(
            Scan(start.id, kind, start, position, windows, implicit_end=end, added_messages=added, outline=first)
        )
    return tuple(scans)


def _receive(message: ControlMessage, position: TimePosition) -> ReceivedMessage:
    return ReceivedMessage(message, position[0], RecordPosition(*position[2:]))


@lru_cache(maxsize=4096)
def _build_window(uid: str, position: TimePosition, place: int) -> RunWindow:
    return RunWindow(_receive(RunStart(), position), place + 1, position, run_uid=uid)


@cache
def list_kinds(form: Form) -> tuple[str, ...]:
    """List the kinds of the scans of a form: the one that shows the runs, then the one that merges them."""
    own = [name for name in scan_kinds if scan_kinds[name].form == form]
    return (*own, *(name for name in scan_kinds if scan_kinds[name].merged_form == form))


def _set_shown(scan: Scan, is_shown: bool) -> Scan:
    return scan if scan.is_shown == is_shown else replace(scan, is_shown=is_shown)


def _list_shown(
    scans: Sequence[Scan],
    closers: Sequence[ReceivedMessage],
    messages: Sequence[ReceivedMessage],
    hidden: Collection[str],
) -> set[str]:
    """List the ids of the scans whose figures are open.

    A message `close: last` closes the last figure of a message, because a plan closes its own; where none is open, it
    closes the last figure of a run without a message.
    """
    closed = {scan.id for scan in scans if scan.id in hidden or _is_closed(scan, closers)}
    if any(control.message.closes == "last" for control in closers):
        closed |= _list_closed_one_by_one(scans, closers, list_idle_closers(messages, hidden), hidden)
    return {scan.id for scan in _list_latest(scans)} - closed


def _list_closed_one_by_one(
    scans: Sequence[Scan],
    closers: Sequence[ReceivedMessage],
    idle_closers: Iterable[ReceivedMessage],
    hidden: Collection[str],
) -> set[str]:
    """List the ids of the scans that messages `close: last` closed, each the last one that was open at its time."""
    closed: set[str] = set()
    for control in idle_closers:
        place = get_time_position(control)
        earlier = [one for one in closers if get_time_position(one) < place]
        begun = _list_latest([scan for scan in scans if scan.start_position < place])
        still_open = [one.id for one in begun if one.id not in closed | set(hidden) and not _is_closed(one, earlier)]
        closed |= set(still_open[-1:])
    return closed


def _list_latest(scans: Sequence[Scan]) -> list[Scan]:
    """List the scans without those that a later one of their kind replaces."""
    latest = {scan.kind: scan.id for scan in scans}
    return [scan for scan in scans if scan_kinds[scan.kind].keeps_previous or latest[scan.kind] == scan.id]


def _is_closed(scan: Scan, closers: Sequence[ReceivedMessage]) -> bool:
    """Check whether `close: all` or `close: line` closed the figure."""
    which = ("all", "line") if scan_kinds[scan.kind].closed_by_line else ("all",)
    return any(
        control.message.closes in which and get_time_position(control) > scan.start_position for control in closers
    )


def _get_start(group: ShownGroup) -> TimePosition:
    return group.start_position


def _get_run_start(run: Outline) -> TimePosition:
    return run.start_position
