"""Removal of scans that ended long ago, and of runs that belong to no scan, from the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import AwaitedMessages, ReceivedMessage
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import get_time_position

MESSAGE_LIMIT = 500
"""Largest number of messages that belong to no scan: a message that arrives late may still need the newest."""

AWAITED_LIMIT = 1000
"""Largest number of ended scans beyond the limit that stay because messages need them."""

LIMIT_STEPS = 5
"""The limit of runs, and of scans while messages wait, may be exceeded by one part in so many before it is checked."""


class KeptSizes(NamedTuple):
    """Numbers of messages, runs and ended scans that stayed when their limits were last checked."""

    messages: int = 0
    runs: int = 0
    scans: int = 0


class RetainedState(NamedTuple):
    """Scans, messages and runs that stay on the board."""

    scans: tuple[Scan, ...]
    messages: tuple[ReceivedMessage, ...]
    runs: Mapping[str, Run]
    sizes: KeptSizes
    hidden_figures: frozenset[str] | None = None
    """Ids of figures that removed messages closed; None if no message is removed."""
    frees_runs: bool = False
    """True if a run of a removed scan stays because another scan names it."""


def select_retained(
    scans: tuple[Scan, ...],
    messages: tuple[ReceivedMessage, ...],
    runs: Mapping[str, Run],
    config: BoardConfig,
    sizes: KeptSizes,
    awaited: AwaitedMessages,
) -> RetainedState:
    """Select the open scans, the latest ended ones, their messages and runs, and the latest other runs and messages.

    Scans are checked each time, while messages wait after some have come since the last check, as messages and runs
    are. What messages in hand need stays too.
    """
    gone, ended_count = _select_surplus_scans(scans, config, awaited, sizes.scans)
    sizes = sizes._replace(scans=ended_count)
    checks_runs = bool(gone) or len(runs) > sizes.runs + config.run_limit // LIMIT_STEPS
    checks_messages = bool(gone) or len(messages) > sizes.messages + MESSAGE_LIMIT
    if not checks_runs and not checks_messages:
        return RetainedState(scans, messages, runs, sizes)
    going = {(scan.start.position, scan.kind) for scan in gone}
    kept = tuple(scan for scan in scans if (scan.start.position, scan.kind) not in going) if gone else scans
    left, freed = (_select_runs(kept, gone, runs, config, awaited)) if checks_runs else (runs, False)
    stay = _select_messages(kept, gone, messages) if checks_messages else messages
    sizes = KeptSizes(
        len(stay) if checks_messages else sizes.messages, len(left) if checks_runs else sizes.runs, ended_count
    )
    if len(stay) == len(messages):
        return RetainedState(kept, messages, left, sizes, frees_runs=freed)
    hidden = frozenset(
        scan.figure_id for scan in kept if not scan.is_shown and (scan.figure_message is not None or scan.is_implied)
    )
    return RetainedState(kept, stay, left, sizes, hidden, freed)


def _select_surplus_scans(
    scans: Sequence[Scan], config: BoardConfig, awaited: AwaitedMessages, kept_before: int
) -> tuple[Sequence[Scan], int]:
    """Select the oldest ended scans beyond the limit for which no message waits; return the number of the others too.

    Scans with and without a figure, and implied ones, are counted separately.
    """
    if len(scans) <= config.scan_limit:
        return (), 0
    ended = [scan for scan in scans if scan.has_ended]
    if len(ended) <= config.scan_limit:
        return (), 0
    if not awaited.is_empty and len(ended) <= kept_before + config.scan_limit // LIMIT_STEPS:
        return (), kept_before
    surplus: list[Scan] = []
    for sort in ((True, False), (False, False), (True, True)):
        same = [scan for scan in ended if (scan.has_figure, scan.is_implied) == sort]
        surplus += same[: max(0, len(same) - config.scan_limit)]
    if not awaited.is_empty:
        needed = [scan for scan in surplus if _is_awaited(scan, awaited)]
        stay = {scan.id for scan in needed[-AWAITED_LIMIT:]}
        surplus = [scan for scan in surplus if scan.id not in stay]
    return surplus, len(ended) - len(surplus)


def _is_awaited(scan: Scan, awaited: AwaitedMessages) -> bool:
    """Check whether a message of a scan, or the request for its files, waits for it, or a message names a run of it."""
    if scan.id in awaited.ids or not awaited.runs.isdisjoint(scan.run_uids):
        return True
    return bool(awaited.ids) and any(part.id in awaited.ids for part in reversed(scan.all_messages))


def _select_runs(
    kept: Sequence[Scan], gone: Sequence[Scan], runs: Mapping[str, Run], config: BoardConfig, awaited: AwaitedMessages
) -> tuple[Mapping[str, Run], bool]:
    """Select the runs of the retained scans and the latest others, and check whether a removed scan leaves a run."""
    bound = {uid for scan in kept for uid in scan.run_uids}
    lost = {uid for scan in gone for uid in scan.run_uids}
    stray = sorted(
        (run for uid, run in runs.items() if uid not in bound and uid not in lost), key=lambda run: run.start_position
    )
    surplus = {run.uid for run in stray[: max(0, len(stray) - config.run_limit)]} - awaited.runs
    removed = (lost - bound) | surplus
    left = {uid: run for uid, run in runs.items() if uid not in removed} if removed else runs
    return left, not lost.isdisjoint(bound)


def _select_messages(
    kept: Sequence[Scan], gone: Sequence[Scan], messages: tuple[ReceivedMessage, ...]
) -> tuple[ReceivedMessage, ...]:
    """Select the messages of the retained scans, and the newest of those of no scan that may still end one.

    Figures that `close` messages closed are recorded as hidden, and these messages are removed: applied again without
    the removed scans or messages, they would close other figures. A message before the first retained scan that has
    ended did not end any scan that is still open.
    """
    theirs = {part.position for scan in gone for part in scan.all_messages}
    ours = {part.position for scan in kept for part in scan.all_messages}
    ours |= {scan.implicit_end_message.position for scan in kept if scan.implicit_end_message is not None}
    horizon = (
        min((scan.start_position for scan in kept if scan.has_ended and not scan.is_implied), default=None)
        if gone
        else None
    )
    other = [
        control
        for control in messages
        if control.position not in ours
        and control.position not in theirs
        and not control.message.closes
        and (horizon is None or get_time_position(control) > horizon)
    ]
    if not gone and len(messages) - len(ours) <= MESSAGE_LIMIT:
        return messages
    ours |= {control.position for control in other[-MESSAGE_LIMIT:]}
    return tuple(control for control in messages if control.position in ours)
