"""What the board lets go of: scans that ended long ago and runs that belong to none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import get_time_position


class RetainedState(NamedTuple):
    """What stays."""

    scans: tuple[Scan, ...]
    messages: tuple[ReceivedMessage, ...]
    runs: Mapping[str, Run]
    hidden_figures: frozenset[str] | None = None
    """Ids of figures closed by messages that go; None where none goes."""


def select_retained(
    scans: tuple[Scan, ...], messages: tuple[ReceivedMessage, ...], runs: Mapping[str, Run], rules: BoardConfig
) -> RetainedState:
    """Return what stays: all open scans, the latest ended ones, their messages and runs, and the latest other runs."""
    gone = [*_select_surplus_scans(scans, rules, seen=True), *_select_surplus_scans(scans, rules, seen=False)]
    stray = _find_unbound_runs(scans, runs)
    surplus = stray[: max(0, len(stray) - rules.run_limit)]
    if not gone and not surplus:
        return RetainedState(scans, messages, runs)
    going = {scan.start.position for scan in gone}
    kept = tuple(scan for scan in scans if scan.start.position not in going)
    lost = {run.uid for run in surplus} | {uid for scan in gone for uid in scan.run_uids}
    lost -= {uid for scan in kept for uid in scan.run_uids}
    left = {uid: run for uid, run in runs.items() if uid not in lost}
    if not gone:
        return RetainedState(scans, messages, left)
    hidden = frozenset(scan.figure_id for scan in kept if not scan.is_shown and scan.figure_message is not None)
    return RetainedState(kept, _select_messages(kept, gone, messages), left, hidden)


def _select_surplus_scans(scans: Sequence[Scan], rules: BoardConfig, *, seen: bool) -> Sequence[Scan]:
    """Return the ended scans beyond the limit, the oldest; those of which nothing is to be seen are counted apart."""
    ended = [scan for scan in scans if scan.has_ended and scan.has_figure is seen]
    return ended[: max(0, len(ended) - rules.scan_limit)]


def _find_unbound_runs(scans: Sequence[Scan], runs: Mapping[str, Run]) -> list[Run]:
    """Return the stopped runs that feed no scan, oldest first."""
    bound = {uid for scan in scans for uid in scan.run_uids}
    return sorted(
        (run for uid, run in runs.items() if uid not in bound and run.stop), key=lambda run: run.start_position
    )


def _select_messages(
    kept: Sequence[Scan], gone: Sequence[Scan], messages: tuple[ReceivedMessage, ...]
) -> tuple[ReceivedMessage, ...]:
    """Return the messages of the kept scans, and those that belong to no scan but may still end one.

    What `close` messages closed is remembered as hidden: told again without the scans that go, they would close
    other figures. What came before the first kept scan that ended, ended none of those that are still open.
    """
    horizon = min((scan.start_position for scan in kept if scan.has_ended), default=None)
    theirs = {part.position for scan in gone for part in scan.all_messages}
    ours = {part.position for scan in kept for part in scan.all_messages}
    return tuple(
        control
        for control in messages
        if control.position in ours
        or (
            control.position not in theirs
            and control.message.kind != "close"
            and (horizon is None or get_time_position(control) > horizon)
        )
    )
