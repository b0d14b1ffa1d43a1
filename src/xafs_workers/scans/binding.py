"""Binding of runs to scans: a pure function of the scans, the runs, and their record times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import RunWindow, Scan, ScanKind, scan_kinds


def bind(scans: Sequence[Scan], runs: Iterable[Run], config: BoardConfig) -> tuple[Scan, ...]:
    """Bind runs to the windows of scans; returns the scans with their runs.

    Windows choose in the order in which they open. Each takes the first free run in it whose hint begins with the
    kind's word (and whose count is the repetition), else the first free run without a hint. A run with another kind's
    hint, or with other motors, is bound to no window of the kind.

    Parameters
    ----------
    scans
        Scans as `scan_builder.build_scans` returns them.
    runs
        Runs in any order.
    """
    free = sorted(runs, key=lambda run: run.start_position)
    windows = sorted(
        ((window.start_position, s, w) for s, scan in enumerate(scans) for w, window in enumerate(scan.windows)),
    )
    chosen: dict[tuple[int, int], str] = {}
    for _, s, w in windows:
        run = _choose_run(scans[s], scans[s].windows[w], free, config)
        if run is not None:
            free.remove(run)
            chosen[s, w] = run.uid
    return tuple(
        replace(
            scan, windows=tuple(replace(window, run_uid=chosen.get((s, w))) for w, window in enumerate(scan.windows))
        )
        for s, scan in enumerate(scans)
    )


def _choose_run(scan: Scan, window: RunWindow, free: Iterable[Run], config: BoardConfig) -> Run | None:
    kind = scan_kinds[scan.kind]
    if kind.motors is None:
        return None
    motors = kind.motors(scan.start, config)
    inside = [run for run in free if _is_inside(run, window) and motors.match(run.motors)]
    hinted = (run for run in inside if run.hint and _has_matching_hint(run, kind, window))
    return next(hinted, None) or next((run for run in inside if not run.hint), None)


def _is_inside(run: Run, window: RunWindow) -> bool:
    return window.start_position < run.start_position and (
        window.end_position is None or run.start_position < window.end_position
    )


def _has_matching_hint(run: Run, kind: ScanKind, window: RunWindow) -> bool:
    word = run.hint.split()[:1]
    if not word or word[0] not in kind.hint_prefixes:
        return False
    return not kind.has_repetitions or run.repetition in (None, window.repetition)
