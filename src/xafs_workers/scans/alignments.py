"""Alignments that consist of several line scans: the fits which belong to one, by the part of its summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from xafs_workers.registry import Registry
from xafs_workers.scans.analysis import Reply
from xafs_workers.scans.board import Board
from xafs_workers.scans.fits import FitState, find_fit, fit_orders
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import is_scan_complete
from xafs_workers.scans.runs import TimePosition
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.scans.scan_builder import get_time_position


@dataclass(frozen=True, slots=True)
class AlignmentRule:
    """Rules of a kind of alignment.

    Attributes
    ----------
    find_part
        Function that returns the part of the summary in which a fit is shown.
    reply_keys
        Names in `settings.ReplyKeys` under which plans look for the run's uid, by part.
    """

    find_part: Callable[[FitState], str]
    reply_keys: Mapping[str, str] = field(default_factory=dict[str, str])


alignment_rules: Registry[AlignmentRule] = Registry("xafs_workers.scans", "alignment_rules", scan_kinds.discover)
"""Rules by kind of alignment."""


def parse_direction(motor: str) -> str:
    """Parse the direction of a motor from the end of its name: x, or else y."""
    return "x" if motor.endswith("x") else "y"


def collect_fits(board: Board, alignment: Scan) -> dict[str, FitState]:
    """Collect the latest fit of each part of an alignment, between its start and its end."""
    rule = alignment_rules[alignment.kind]
    states = (find_fit(board, scan) for scan in _list_fit_scans(board, alignment))
    return {rule.find_part(state): state for state in states}


def is_alignment_complete(control: ReceivedMessage, scan: Scan, board: Board, reduction_enabled: bool) -> bool:
    """Check whether an alignment has ended and the results of its fits are known."""
    return is_scan_complete(control, scan, board, reduction_enabled) and all(
        find_fit(board, one).is_known for one in _list_fit_scans(board, scan)
    )


def build_uid_replies(board: Board, scan: Scan, state: FitState) -> tuple[Reply, ...]:
    """Build the reply with the uid of a fitted run, for the plan of the alignment to which the fit belongs."""
    alignment = next((one for one in reversed(board.scans) if _contains(one, scan)), None)
    if alignment is None or state.run is None:
        return ()
    rule = alignment_rules[alignment.kind]
    name = rule.reply_keys.get(rule.find_part(state))
    return () if name is None else (Reply(getattr(board.config.reply_keys, name), state.run.uid),)


def _list_fit_scans(board: Board, alignment: Scan) -> Iterator[Scan]:
    return (scan for scan in board.scans if scan.kind in fit_orders and _contains(alignment, scan))


def _contains(alignment: Scan, scan: Scan) -> bool:
    """Check whether a scan started between the start and the end of an alignment."""
    if not scan_kinds[alignment.kind].collects_fits:
        return False
    end = _find_end_position(alignment)
    return alignment.start_position < scan.start_position and (end is None or scan.start_position < end)


def _find_end_position(alignment: Scan) -> TimePosition | None:
    end = alignment.end or alignment.implicit_end_message
    return None if end is None else get_time_position(end)
