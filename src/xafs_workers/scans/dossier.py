"""Dossiers: what is known of a report while it is being filled. No run is bound to one, and nothing is to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.scan_builder import get_time_position

KIND = "dossier"


scan_kinds.register(KIND)(
    ScanKind(
        add_actions=frozenset({"set"}),
        end_actions=frozenset({"write", "sead", "raster"}),
        keeps_previous=True,
        has_figure=False,
    )
)


@dataclass(frozen=True, slots=True)
class Dossier:
    """What messages told for one dossier, from its `start` on; nothing is left of any dossier before it.

    Attributes
    ----------
    stub
        Of the data files' names.
    uids
        Of the runs that were finished, in order.
    folder
        Of the experiment, '' where nobody said.
    rid
        Anchor in the message log, '' where there is none.
    force_seqnumber
        Number that the page must have; None: that of the sequence.
    instrument
        HTML about the sample stage, as it came: it is not to be trusted.
    ini
        Text of the INI file.
    """

    stub: str
    uids: tuple[str, ...] = ()
    folder: str = ""
    rid: str = ""
    force_seqnumber: int | None = None
    instrument: str = ""
    ini: str = ""


def build_dossier(scan: Scan) -> Dossier:
    """Return what is known of a dossier."""
    return Dossier(
        stub=getattr(scan.start.message, "stub", ""),
        uids=scan.added_run_uids,
        folder=_find_latest_value(scan, "folder") or "",
        rid=_find_latest_value(scan, "rid") or "",
        force_seqnumber=_find_latest_value(scan, "force_seqnumber"),
        instrument=_find_latest_value(scan, "instrument") or "",
        ini=_find_latest_value(scan, "ini") or "",
    )


def find_open_dossier(board: Board) -> Scan | None:
    """Return the dossier that is being filled."""
    filled = (scan for scan in reversed(board.scans) if scan.kind == KIND)
    return next((scan for scan in filled if not scan.has_ended and not board.is_expired(scan)), None)


def list_reported_scans(board: Board, scan: Scan) -> Iterator[Scan]:
    """Yield the scans that were measured while a dossier was being filled, and that it reports."""
    until = get_time_position(scan.end) if scan.end is not None else None
    for one in board.scans:
        if (
            scan_kinds[one.kind].reported_by_dossier
            and one.start_position > scan.start_position
            and (until is None or one.start_position < until)
        ):
            yield one


def find_rest_time(board: Board, scan: Scan) -> float | None:
    """Return when the plan that filled a dossier came to rest, POSIX seconds; None as long as it did not."""
    if scan.end is None:
        return None
    until = get_time_position(scan.end)
    rests = (
        told for told in board.messages if told.message.kind == "resting_state" and get_time_position(told) > until
    )
    return next((told.time for told in rests), None)


def _find_latest_value(scan: Scan, field: str) -> Any:
    """Return what was last said of a field, None where nothing was."""
    said = (getattr(control.message, field, None) for control in reversed(scan.added_messages))
    return next((value for value in said if value is not None), None)
