"""What the board lets go of: scans that ended long ago and runs that belong to none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xafs_workers.scans.items import Control
from xafs_workers.scans.rules import Rules
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.telling import place_of


class Kept(NamedTuple):
    """What stays."""

    scans: tuple[Scan, ...]
    messages: tuple[Control, ...]
    runs: Mapping[str, Run]


def retained(scans: tuple[Scan, ...], messages: tuple[Control, ...], runs: Mapping[str, Run], rules: Rules) -> Kept:
    """Return what stays: all open scans, the latest ended ones, their messages and runs, and the latest other runs."""
    ended = [scan for scan in scans if scan.ended]
    gone = ended[: max(0, len(ended) - rules.keep_scans)]
    stray = _stray(scans, runs)
    surplus = stray[: max(0, len(stray) - rules.keep_runs)]
    if not gone and not surplus:
        return Kept(scans, messages, runs)
    kept = tuple(scan for scan in scans if scan not in gone)
    lost = {run.uid for run in surplus} | {uid for scan in gone for uid in scan.runs}
    lost -= {uid for scan in kept for uid in scan.runs}
    return Kept(kept, _messages(kept, gone, messages), {uid: run for uid, run in runs.items() if uid not in lost})


def _stray(scans: Sequence[Scan], runs: Mapping[str, Run]) -> list[Run]:
    """Return the stopped runs that feed no scan, oldest first."""
    bound = {uid for scan in scans for uid in scan.runs}
    return sorted((run for uid, run in runs.items() if uid not in bound and run.stop), key=lambda run: run.begins)


def _messages(kept: Sequence[Scan], gone: Sequence[Scan], messages: tuple[Control, ...]) -> tuple[Control, ...]:
    """Return the messages without those of the scans that go, and without what stands before all that is kept."""
    horizon = min((scan.begins for scan in kept), default=None)
    parts = {part.origin for scan in gone for part in scan.parts}
    return tuple(
        control
        for control in messages
        if control.origin not in parts and (horizon is None or place_of(control) >= horizon)
    )
