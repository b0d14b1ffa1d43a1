"""The scans of a board, and that on which they depend: messages, outlines of the runs, what is still to be bound."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from xafs_workers.scans.binding import Frontier, bind_after
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.implied_scans import ImpliedScans
from xafs_workers.scans.items import AwaitedMessages, ReceivedMessage
from xafs_workers.scans.outline import Outline
from xafs_workers.scans.outline_builder import describe_run
from xafs_workers.scans.retention import KeptSizes, select_retained
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import affects_scans, build_scans, extend_scans, get_message_order

Runs = Mapping[str, Run]


@dataclass(frozen=True, slots=True, eq=False)
class ScanTable:
    """The scans of a board. It never changes.

    Attributes
    ----------
    messages
        Messages that affect scans, sorted by record time.
    from_messages
        Scans of messages, with their bound runs, in the order in which they started.
    implied
        Scans of runs that no message claims.
    scans
        All scans, in the order in which they started.
    outlines
        What each run is, by its uid.
    claims
        Uids of the runs that scans of messages have; only where there are implied scans.
    hidden_figures
        Ids of figures that were closed by messages removed since.
    frontier
        What is still to be bound; None: everything.
    sizes
        Numbers of messages and runs after the last check of their limits.
    awaited
        What stays, whatever the limits, because messages in hand need it.
    """

    messages: tuple[ReceivedMessage, ...] = ()
    from_messages: tuple[Scan, ...] = ()
    implied: ImpliedScans = field(default_factory=ImpliedScans)
    scans: tuple[Scan, ...] = ()
    outlines: Mapping[str, Outline] = field(default_factory=dict[str, Outline])
    claims: frozenset[str] = frozenset()
    hidden_figures: frozenset[str] = frozenset()
    frontier: Frontier | None = field(default_factory=Frontier)
    sizes: KeptSizes = field(default_factory=KeptSizes)
    awaited: AwaitedMessages = field(default_factory=AwaitedMessages)


class ChangedScans(NamedTuple):
    """The scans after a change, and the runs that stay."""

    table: ScanTable
    runs: Runs


def add_message(table: ScanTable, item: ReceivedMessage, runs: Runs, config: BoardConfig) -> ChangedScans | None:
    """Add a message; None for one that affects no scan, or was added before."""
    messages = table.messages
    place = bisect_right(messages, get_message_order(item), key=get_message_order)
    if not affects_scans(item) or (place and messages[place - 1].position == item.position):
        return None
    changed = replace(table, messages=(*messages[:place], item, *messages[place:]))
    if place < len(messages) or table.frontier is None:
        return _bind_all(changed, runs, config)
    from_messages = extend_scans(table.from_messages, item, table.hidden_figures)
    if _names_other_run(table, from_messages, item):
        return _bind_all(changed, runs, config)
    return _update_scans(changed, *bind_after(from_messages, table.frontier, config), runs, config)


def add_run(table: ScanTable, run: Run, runs: Runs, config: BoardConfig) -> ChangedScans:
    """Bind a run that is new on the board; all are bound again if it comes late, or if the end of a scan names it."""
    outline = describe_run(run, config)
    changed = _set_outline(table, outline)
    frontier = table.frontier
    named = (scan.end.message.named_run for scan in table.from_messages if scan.end is not None and scan.windows)
    if frontier is None or run.start_position < frontier.position or run.uid in named:
        return _bind_all(changed, runs, config, outline)
    return _update_scans(
        changed, *bind_after(table.from_messages, frontier.add_run(outline), config), runs, config, outline
    )


def review_run(table: ScanTable, run: Run, runs: Runs, config: BoardConfig) -> ChangedScans | None:
    """Describe a run again after more of its documents; None if the scans stay the same."""
    known, outline = table.outlines.get(run.uid), describe_run(run, config)
    if known is None or known == outline:
        return None
    changed = _set_outline(table, outline)
    frontier = table.frontier
    if known.binding_key == outline.binding_key:
        kept = Frontier() if frontier is None else frontier.replace_run(outline)
        found = _update_scans(changed, table.from_messages, kept, runs, config, outline)
        return found if frontier is not None else found._replace(table=replace(found.table, frontier=None))
    if frontier is None or known.start_position < frontier.position:
        return _bind_all(changed, runs, config, outline)
    bound = bind_after(table.from_messages, frontier.replace_run(outline), config)
    return _update_scans(changed, *bound, runs, config, outline)


def _set_outline(table: ScanTable, outline: Outline) -> ScanTable:
    return replace(table, outlines={**table.outlines, outline.uid: outline})


def _names_other_run(table: ScanTable, from_messages: tuple[Scan, ...], end: ReceivedMessage) -> bool:
    """Check whether the end of a scan names a run that is bound elsewhere, or to a later window of the scan."""
    uid = end.message.named_run
    if not uid or uid not in table.outlines:
        return False
    scan = next((scan for scan in reversed(from_messages) if scan.end is end), None)
    return scan is not None and bool(scan.windows) and scan.windows[0].run_uid != uid


def _bind_all(table: ScanTable, runs: Runs, config: BoardConfig, *changed: Outline) -> ChangedScans:
    """Build all scans of messages and bind all runs."""
    outlines = sorted(table.outlines.values(), key=lambda outline: outline.start_position)
    from_messages = build_scans(table.messages, table.hidden_figures)
    return _update_scans(
        table, *bind_after(from_messages, Frontier(runs=tuple(outlines)), config), runs, config, *changed
    )


def _update_scans(
    table: ScanTable,
    from_messages: tuple[Scan, ...],
    frontier: Frontier,
    runs: Runs,
    config: BoardConfig,
    *changed: Outline,
) -> ChangedScans:
    """Replace the scans of messages, and remove what exceeds the limits."""
    claims, implied = table.claims, table.implied
    if config.implied_forms:
        claims, implied = _update_claims(table, from_messages, config, changed)
    kept = select_retained(
        (*from_messages, *implied.scans) if implied.scans else from_messages,
        table.messages,
        runs,
        config,
        table.sizes,
        table.awaited,
    )
    outlines, hidden = table.outlines, table.hidden_figures
    if len(kept.runs) != len(runs):
        outlines = {uid: outline for uid, outline in outlines.items() if uid in kept.runs}
        frontier = frontier.remove_runs(kept.runs)
        implied = implied.remove(runs.keys() - kept.runs.keys(), config)
    if kept.hidden_figures is not None:
        hidden = kept.hidden_figures
    from_messages = tuple(scan for scan in kept.scans if not scan.is_implied) if implied.scans else kept.scans
    implied = implied.hide_closed(kept.messages, hidden)
    changed_table = ScanTable(
        kept.messages,
        from_messages,
        implied,
        _merge(from_messages, implied.scans),
        outlines,
        claims,
        hidden,
        None if kept.frees_runs else frontier,
        kept.sizes,
        table.awaited,
    )
    return ChangedScans(changed_table, kept.runs)


def _update_claims(
    table: ScanTable, from_messages: tuple[Scan, ...], config: BoardConfig, changed: Iterable[Outline]
) -> tuple[frozenset[str], ImpliedScans]:
    """Return the runs that scans of messages have, and the implied scans of the others."""
    claims, implied = table.claims, table.implied
    before, after = _list_changed_claims(table.from_messages, from_messages)
    if before != after:
        released = before - after
        if released:
            released -= {uid for scan in from_messages for uid in scan.run_uids}
        claims = (claims - released) | after
        implied = implied.remove(after, config)
        for uid in released & table.outlines.keys():
            implied = implied.put(table.outlines[uid], config)
    for outline in changed:
        if outline.uid not in claims:
            implied = implied.put(outline, config)
    return claims, implied


def _list_changed_claims(before: tuple[Scan, ...], after: tuple[Scan, ...]) -> tuple[set[str], set[str]]:
    """List the runs of the scans that are not the same in both."""
    if before is after:
        return set(), set()
    same = {id(scan) for scan in before} & {id(scan) for scan in after}
    return _list_runs(before, same), _list_runs(after, same)


def _list_runs(scans: tuple[Scan, ...], without: set[int]) -> set[str]:
    return {uid for scan in scans if id(scan) not in without for uid in scan.run_uids}


def _merge(from_messages: tuple[Scan, ...], implied: tuple[Scan, ...]) -> tuple[Scan, ...]:
    if not implied:
        return from_messages
    return tuple(sorted((*from_messages, *implied), key=lambda scan: scan.start_position))
