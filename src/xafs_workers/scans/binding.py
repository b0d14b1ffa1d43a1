"""Binding of runs to scans: a pure function of the scans and the runs, by their times, hints and names."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import RecordPosition
from xafs_workers.scans.outline import Outline
from xafs_workers.scans.runs import MAX_DELAY, TimePosition
from xafs_workers.scans.scan import Motors, RunWindow, Scan, ScanKind, scan_kinds

CLOCK_SKEW = 10.0
"""The clocks of documents and of messages may differ by this, seconds; then only a hint binds a run."""

OPEN_WINDOWS = 16
"""So many of the last windows are never final: items may arrive out of order."""

BEGINNING: TimePosition = (-math.inf, 0, "", 0, 0)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A window with what its scan's kind asks of its run."""

    scan: Scan
    window: RunWindow
    kind: ScanKind
    motors: Motors


@dataclass(slots=True)
class _FreeRuns:
    """Runs that no window has, in the order of their starts."""

    runs: Sequence[Outline]
    times: Sequence[float]
    taken: set[str] = field(default_factory=set[str])
    by_uid: dict[str, Outline] = field(init=False)

    def __post_init__(self) -> None:
        self.by_uid = {run.uid: run for run in self.runs}

    def iterate_between(self, first: float, last: float | None) -> Iterator[Outline]:
        """Yield the free runs that start in a stretch of time; None: without an end."""
        begin = bisect_left(self.times, first)
        end = len(self.runs) if last is None else bisect_right(self.times, last)
        return (run for run in self.runs[begin:end] if run.uid not in self.taken)


@dataclass(frozen=True, slots=True)
class Frontier:
    """Time position up to which bindings are final, and what after it is still to be bound.

    A window before the position is final if it has a run that no later run or message can replace. Items before the
    position make the frontier invalid: everything is bound again.

    Attributes
    ----------
    position
        No final window depends on a run, or on the end of a window, after it.
    waiting
        Windows before the position that are not final, as (position of the scan's start message, index of the window).
    runs
        Runs that windows which are not final may have, in the order of their starts.
    """

    position: TimePosition = BEGINNING
    waiting: tuple[tuple[RecordPosition, int], ...] = ()
    runs: tuple[Outline, ...] = ()

    def add_run(self, run: Outline) -> Frontier:
        """Add a run that starts after the position."""
        runs = list(self.runs)
        insort(runs, run, key=_get_start_position)
        return replace(self, runs=tuple(runs))

    def replace_run(self, run: Outline) -> Frontier:
        """Replace what is known of a run."""
        place = bisect_left(self.runs, run.start_position, key=_get_start_position)
        if place == len(self.runs) or self.runs[place].uid != run.uid:
            return self
        return replace(self, runs=(*self.runs[:place], run, *self.runs[place + 1 :]))

    def remove_runs(self, kept: Container[str]) -> Frontier:
        """Remove the runs that are no longer kept."""
        return replace(self, runs=tuple(run for run in self.runs if run.uid in kept))


def bind(scans: Sequence[Scan], runs: Iterable[Outline], config: BoardConfig) -> tuple[Scan, ...]:
    """Bind runs to the windows of scans; returns the scans with their runs.

    The runs that the ends of scans name are bound first. Then each window, in the order in which the windows open,
    takes the first free run in it of the best rank (`rank_run`). A window without a run takes a free run with a
    matching hint and count that starts close by: the clocks of messages and documents may differ, and documents may be
    published late. A reading, or a run with another kind's hint, is bound to no window of the kind.

    Parameters
    ----------
    scans
        Scans as `scan_builder.build_scans` returns them.
    runs
        Outlines of the runs, in any order.
    """
    frontier = Frontier(runs=tuple(sorted(runs, key=_get_start_position)))
    return bind_after(tuple(scans), frontier, config)[0]


def bind_after(scans: tuple[Scan, ...], frontier: Frontier, config: BoardConfig) -> tuple[tuple[Scan, ...], Frontier]:
    """Bind the windows that are not final, as `bind` does; returns the scans and the next frontier."""
    skipped = () if frontier.runs else frontier.waiting  # without runs they stay without one
    if skipped:
        frontier = replace(frontier, waiting=())
    slots = _build_slots(scans, frontier, config)
    free = _FreeRuns(frontier.runs, [run.start_position[0] for run in frontier.runs])
    chosen: dict[tuple[int, int], Outline] = {}
    for find in (_find_named, _find_inside, _find_nearby):
        _choose_runs(slots, find, free, chosen)
    if len(slots) - len(frontier.waiting) > 2 * OPEN_WINDOWS:
        frontier = _advance_frontier(frontier, slots, chosen)
    if skipped:
        frontier = replace(frontier, waiting=(*skipped, *frontier.waiting))
    return _set_runs(scans, slots, chosen), frontier


def _get_start_position(run: Outline) -> TimePosition:
    return run.start_position


def _build_slots(scans: Sequence[Scan], frontier: Frontier, config: BoardConfig) -> dict[tuple[int, int], _Slot]:
    """Return the windows that are not final, by scan and window, in the order in which they open."""
    places = [
        (s, w)
        for s, scan in enumerate(scans)
        if scan.windows and scan_kinds[scan.kind].motors is not None
        for w in _find_later_windows(scan, frontier.position)
    ]
    if frontier.waiting:
        indices = {scan.start.position: s for s, scan in enumerate(scans)}
        places += [(indices[start], w) for start, w in frontier.waiting if start in indices]
    motors = {s: _find_motors(scans[s], config) for s in {s for s, _ in places}}
    slots = {(s, w): _Slot(scans[s], scans[s].windows[w], scan_kinds[scans[s].kind], motors[s]) for s, w in places}
    return dict(sorted(slots.items(), key=lambda slot: (slot[1].window.start_position, slot[0])))


def _find_later_windows(scan: Scan, position: TimePosition) -> range:
    """Return the indices of the windows that open at a position or later."""
    w = len(scan.windows)
    while w and scan.windows[w - 1].start_position >= position:
        w -= 1
    return range(w, len(scan.windows))


def _find_motors(scan: Scan, config: BoardConfig) -> Motors:
    motors = scan_kinds[scan.kind].motors
    return Motors() if motors is None else motors(scan.start, config)


def _choose_runs(
    slots: Mapping[tuple[int, int], _Slot],
    find: Callable[[_Slot, _FreeRuns], Outline | None],
    free: _FreeRuns,
    chosen: dict[tuple[int, int], Outline],
) -> None:
    """Let each window that has no run choose one."""
    for place, slot in slots.items():
        if len(free.taken) == len(free.runs):
            return
        if place in chosen:
            continue
        run = find(slot, free)
        if run is not None:
            free.taken.add(run.uid)
            chosen[place] = run


def _advance_frontier(
    frontier: Frontier, slots: dict[tuple[int, int], _Slot], chosen: Mapping[tuple[int, int], Outline]
) -> Frontier:
    """Return a frontier at one of the last windows, or before one whose run may still be replaced."""
    starts = [slot.window.start_position for slot in slots.values()]
    position = starts[-OPEN_WINDOWS]
    for place, slot in reversed(slots.items()):
        window = slot.window
        if window.start_position < position and _may_release(slot, chosen.get(place), position):
            position = window.start_position
    if position <= frontier.position:
        return frontier
    final = {
        run.uid for place, run in chosen.items() if slots[place].window.start_position < position > run.start_position
    }
    waiting = tuple(
        (slot.scan.start.position, place[1])
        for place, slot in slots.items()
        if slot.window.start_position < position and (place not in chosen or chosen[place].uid not in final)
    )
    since = position[0] - CLOCK_SKEW
    runs = tuple(run for run in frontier.runs if run.uid not in final and run.start_position[0] >= since)
    return Frontier(position, waiting, runs)


def _may_release(slot: _Slot, run: Outline | None, position: TimePosition) -> bool:
    """Check whether a run before a position may be replaced in its window by one after it."""
    if run is None or run.start_position >= position:
        return False
    window = slot.window
    if window.end_position is not None and window.end_position <= position:
        return False
    return not (run.hint and window.start_position < run.start_position)


def _set_runs(
    scans: tuple[Scan, ...], slots: Mapping[tuple[int, int], _Slot], chosen: Mapping[tuple[int, int], Outline]
) -> tuple[Scan, ...]:
    """Return the scans with the chosen runs; those without a change are the same objects."""
    changed: dict[int, list[RunWindow]] = {}
    for (s, w), slot in slots.items():
        run = chosen.get((s, w))
        uid = None if run is None else run.uid
        if slot.window.run_uid != uid:
            changed.setdefault(s, list(scans[s].windows))[w] = replace(slot.window, run_uid=uid)
    if not changed:
        return scans
    bound = list(scans)
    for s, windows in changed.items():
        bound[s] = replace(scans[s], windows=tuple(windows))
    return tuple(bound)


def rank_run(run: Outline, scan: Scan, window: RunWindow, motors: Motors) -> int | None:
    """Rank a run as a candidate for a window; the lowest rank is the best, None binds never.

    0: its hint's word is the kind's, and its count the repetition. 1: it moves the motors of the message. 2: it is, by
    its documents, of the message's kind.
    """
    kind = scan_kinds[scan.kind]
    if run.hint:
        return 0 if _has_matching_hint(run, kind, window) else None
    if run.is_reading:
        return None
    if motors.match(run):
        return 1
    form = "time" if kind.form == "line" and not motors.required else kind.form
    return 2 if form and run.form == form else None


def _rank(run: Outline, slot: _Slot) -> int | None:
    return rank_run(run, slot.scan, slot.window, slot.motors)


def _find_named(slot: _Slot, free: _FreeRuns) -> Outline | None:
    """Return the run that the end of the scan names, if it fits."""
    uid = slot.scan.end.message.named_run if slot.scan.end is not None else None
    if not uid or uid in free.taken:
        return None
    first = slot.window.start_position[0] - CLOCK_SKEW
    run = free.by_uid.get(uid)
    if run is None or run.start_position[0] < first or _rank(run, slot) is None:
        return None
    return run if run.hint or not slot.kind.has_repetitions else None


def _find_inside(slot: _Slot, free: _FreeRuns) -> Outline | None:
    """Return the first run of the best rank that starts inside the window."""
    window, end = slot.window, slot.window.end_position
    best: tuple[int, Outline] | None = None
    for run in free.iterate_between(window.start_position[0], None if end is None else end[0]):
        if not window.start_position < run.start_position or (end is not None and run.start_position >= end):
            continue
        rank = _rank(run, slot)
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, run)
            if not rank:
                break
    return None if best is None else best[1]


def _find_nearby(slot: _Slot, free: _FreeRuns) -> Outline | None:
    """Return the first run outside the window whose hint fits: within the skew of clocks, or late with its count."""
    start, end = slot.window.start_position[0], slot.window.end_position
    if end is None:
        near = free.iterate_between(start - CLOCK_SKEW, start)
    else:
        near = free.iterate_between(start - CLOCK_SKEW, end[0] + MAX_DELAY)
    return next(
        (
            run
            for run in near
            if run.hint
            and _has_matching_hint(run, slot.kind, slot.window)
            and (_is_close(run, slot.window) or (slot.kind.has_repetitions and run.repetition is not None))
        ),
        None,
    )


def _is_close(run: Outline, window: RunWindow) -> bool:
    return window.end_position is None or run.start_position[0] <= window.end_position[0] + CLOCK_SKEW


def _has_matching_hint(run: Outline, kind: ScanKind, window: RunWindow) -> bool:
    word = run.hint.split()[:1]
    if not word or word[0] not in kind.hint_prefixes:
        return False
    return not kind.has_repetitions or run.repetition in (None, window.repetition)
