"""Removal of scans that ended long ago, and of runs that belong to no scan, from the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import get_time_position


class RetainedState(NamedTuple):
    """Scans, messages and runs that stay on the board."""

    scans: tuple[Scan, ...]
    messages: tuple[ReceivedMessage, ...]
    runs: Mapping[str, Run]
    hidden_figures: frozenset[str] | None = None
    """Ids of figures that removed messages closed; None if no message is removed."""


def select_retained(
    scans: tuple[Scan, ...], messages: tuple[ReceivedMessage, ...], runs: Mapping[str, Run], config: BoardConfig
) -> RetainedState:
    """Select the open scans, the latest ended ones, their messages and runs, and the latest other runs."""
    gone = [
        *_select_surplus_scans(scans, config, has_figure=True),
        *_select_surplus_scans(scans, config, has_figure=False),
    ]
    stray = _find_unbound_runs(scans, runs)
    surplus = stray[: max(0, len(stray) - config.run_limit)]
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


def _select_surplus_scans(scans: Sequence[Scan], config: BoardConfig, *, has_figure: bool) -> Sequence[Scan]:
    """Select the oldest ended scans beyond the limit; scans with and without a figure are counted separately."""
    ended = [scan for scan in scans if scan.has_ended and scan.has_figure is has_figure]
    return ended[: max(0, len(ended) - config.scan_limit)]


def _find_unbound_runs(scans: Sequence[Scan], runs: Mapping[str, Run]) -> list[Run]:
    """Find the stopped runs that are bound to no scan, oldest first."""
    bound = {uid for scan in scans for uid in scan.run_uids}
    return sorted(
        (run for uid, run in runs.items() if uid not in bound and run.stop), key=lambda run: run.start_position
    )


def _select_messages(
    kept: Sequence[Scan], gone: Sequence[Scan], messages: tuple[ReceivedMessage, ...]
) -> tuple[ReceivedMessage, ...]:
    """Select the messages of the retained scans, and those of no scan that may still end one.

    Figures that `close` messages closed are recorded as hidden, and these messages are removed: applied again without
    the removed scans, they would close other figures. A message before the first retained scan that has ended did not
    end any scan that is still open.
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
            and not control.message.closes
            and (horizon is None or get_time_position(control) > horizon)
        )
    )
