"""Binding of runs to scans: a pure function of the scans and the runs, by their times, hints and names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import MAX_DELAY, Run
from xafs_workers.scans.scan import Motors, RunWindow, Scan, ScanKind, scan_kinds

CLOCK_SKEW = 10.0
"""The clocks of documents and of messages may differ by this, seconds; then only a hint binds a run."""


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

    runs: Sequence[Run]
    times: Sequence[float]
    taken: set[str] = field(default_factory=set[str])

    def iterate_between(self, first: float, last: float | None) -> Iterator[Run]:
        """Yield the free runs that start in a stretch of time; None: without an end."""
        begin = bisect_left(self.times, first)
        end = len(self.runs) if last is None else bisect_right(self.times, last)
        return (run for run in self.runs[begin:end] if run.uid not in self.taken)


def bind(scans: Sequence[Scan], runs: Iterable[Run], config: BoardConfig) -> tuple[Scan, ...]:
    """Bind runs to the windows of scans; returns the scans with their runs.

    The runs that the ends of scans name are bound first. Then each window, in the order in which the windows open,
    takes the first free run in it whose hint begins with the kind's word (and whose count is the repetition), else the
    first free run without a hint. A window without a run takes a free run with a matching hint and count that starts
    close by: the clocks of messages and documents may differ, and documents may be published late. A run with another
    kind's hint, or with other motors, is bound to no window of the kind.

    Parameters
    ----------
    scans
        Scans as `scan_builder.build_scans` returns them.
    runs
        Runs in any order.
    """
    ordered = sorted(runs, key=lambda run: run.start_position)
    free = _FreeRuns(ordered, [run.start_position[0] for run in ordered])
    slots = _build_slots(scans, config)
    chosen: dict[tuple[int, int], str] = {}
    for find in (_find_named, _find_inside, _find_nearby):
        _choose_runs(slots, find, free, chosen)
    return tuple(_set_runs(scan, s, chosen) for s, scan in enumerate(scans))


def _build_slots(scans: Sequence[Scan], config: BoardConfig) -> dict[tuple[int, int], _Slot]:
    """Return the windows of kinds to which runs are bound, by scan and window, in the order in which they open."""
    slots: dict[tuple[int, int], _Slot] = {}
    for s, scan in enumerate(scans):
        kind = scan_kinds[scan.kind]
        if kind.motors is not None and scan.windows:
            motors = kind.motors(scan.start, config)
            slots |= {(s, w): _Slot(scan, window, kind, motors) for w, window in enumerate(scan.windows)}
    return dict(sorted(slots.items(), key=lambda slot: (slot[1].window.start_position, slot[0])))


def _choose_runs(
    slots: dict[tuple[int, int], _Slot],
    find: Callable[[_Slot, _FreeRuns], Run | None],
    free: _FreeRuns,
    chosen: dict[tuple[int, int], str],
) -> None:
    """Let each window that has no run choose one."""
    for place, slot in slots.items():
        if place in chosen:
            continue
        run = find(slot, free)
        if run is not None:
            free.taken.add(run.uid)
            chosen[place] = run.uid


def _set_runs(scan: Scan, s: int, chosen: dict[tuple[int, int], str]) -> Scan:
    if not scan.windows:
        return scan
    windows = (replace(window, run_uid=chosen.get((s, w))) for w, window in enumerate(scan.windows))
    return replace(scan, windows=tuple(windows))


def _find_named(slot: _Slot, free: _FreeRuns) -> Run | None:
    """Return the run that the end of the scan names, if it fits."""
    uid = slot.scan.end.message.named_run if slot.scan.end is not None else None
    if not uid or uid in free.taken:
        return None
    first = slot.window.start_position[0] - CLOCK_SKEW
    run = next((run for run in free.iterate_between(first, None) if run.uid == uid), None)
    if run is None or not slot.motors.match(run.motors):
        return None
    fits = _has_matching_hint(run, slot) if run.hint else not slot.kind.has_repetitions
    return run if fits else None


def _find_inside(slot: _Slot, free: _FreeRuns) -> Run | None:
    """Return the first fitting run that starts inside the window, preferably with a hint."""
    window = slot.window
    end = window.end_position
    inside = [
        run
        for run in free.iterate_between(window.start_position[0], None if end is None else end[0])
        if window.start_position < run.start_position
        and (end is None or run.start_position < end)
        and slot.motors.match(run.motors)
    ]
    hinted = (run for run in inside if run.hint and _has_matching_hint(run, slot))
    return next(hinted, None) or next((run for run in inside if not run.hint), None)


def _find_nearby(slot: _Slot, free: _FreeRuns) -> Run | None:
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
            and _has_matching_hint(run, slot)
            and slot.motors.match(run.motors)
            and (_is_close(run, slot.window) or (slot.kind.has_repetitions and run.repetition is not None))
        ),
        None,
    )


def _is_close(run: Run, window: RunWindow) -> bool:
    return window.end_position is None or run.start_position[0] <= window.end_position[0] + CLOCK_SKEW


def _has_matching_hint(run: Run, slot: _Slot) -> bool:
    word = run.hint.split()[:1]
    if not word or word[0] not in slot.kind.hint_prefixes:
        return False
    return not slot.kind.has_repetitions or run.repetition in (None, slot.window.repetition)
