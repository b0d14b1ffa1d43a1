"""What the board lets go of: scans that ended long ago and runs that belong to none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import place_of


class Kept(NamedTuple):
    """What stays."""

    scans: tuple[Scan, ...]
    messages: tuple[Control, ...]
    runs: Mapping[str, Run]
    hidden: frozenset[str] | None = None
    """Ids of figures closed by messages that go; None where none goes."""


def retained(scans: tuple[Scan, ...], messages: tuple[Control, ...], runs: Mapping[str, Run], rules: Rules) -> Kept:
    """Return what stays: all open scans, the latest ended ones, their messages and runs, and the latest other runs."""
    gone = [*_beyond(scans, rules, seen=True), *_beyond(scans, rules, seen=False)]
    stray = _stray(scans, runs)
    surplus = stray[: max(0, len(stray) - rules.keep_runs)]
    if not gone and not surplus:
        return Kept(scans, messages, runs)
    going = {scan.start.origin for scan in gone}
    kept = tuple(scan for scan in scans if scan.start.origin not in going)
    lost = {run.uid for run in surplus} | {uid for scan in gone for uid in scan.runs}
    lost -= {uid for scan in kept for uid in scan.runs}
    left = {uid: run for uid, run in runs.items() if uid not in lost}
    if not gone:
        return Kept(scans, messages, left)
    hidden = frozenset(scan.figure_id for scan in kept if not scan.shown and scan.figure is not None)
    return Kept(kept, _messages(kept, gone, messages), left, hidden)


def _beyond(scans: Sequence[Scan], rules: Rules, *, seen: bool) -> Sequence[Scan]:
    """Return the ended scans beyond the limit, the oldest; those of which nothing is to be seen are counted apart."""
    ended = [scan for scan in scans if scan.ended and scan.seen is seen]
    return ended[: max(0, len(ended) - rules.keep_scans)]


def _stray(scans: Sequence[Scan], runs: Mapping[str, Run]) -> list[Run]:
    """Return the stopped runs that feed no scan, oldest first."""
    bound = {uid for scan in scans for uid in scan.runs}
    return sorted((run for uid, run in runs.items() if uid not in bound and run.stop), key=lambda run: run.begins)


def _messages(kept: Sequence[Scan], gone: Sequence[Scan], messages: tuple[Control, ...]) -> tuple[Control, ...]:
    """Return the messages of the kept scans, and those that belong to no scan but may still end one.

    What `close` messages closed is remembered as hidden: told again without the scans that go, they would close
    other figures. What came before the first kept scan that ended, ended none of those that are still open.
    """
    horizon = min((scan.begins for scan in kept if scan.ended), default=None)
    theirs = {part.origin for scan in gone for part in scan.parts}
    ours = {part.origin for scan in kept for part in scan.parts}
    return tuple(
        control
        for control in messages
        if control.origin in ours
        or (
            control.origin not in theirs
            and control.message.kind != "close"
            and (horizon is None or place_of(control) > horizon)
        )
    )
