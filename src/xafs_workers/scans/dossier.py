"""Dossiers: what is known of a report while it is being filled. No run is bound to one, and nothing is to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.scan_builder import place_of

KIND = "dossier"

MEASURED = frozenset({"xafsscan", "xafs_sequence", "timescan", "areascan"})
"""Kinds of scans that a dossier reports."""


scan_kinds.register(KIND)(
    ScanKind(adds=frozenset({"set"}), ends=frozenset({"write", "sead", "raster"}), piles_up=True, seen=False)
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


def dossier_of(scan: Scan) -> Dossier:
    """Return what is known of a dossier."""
    return Dossier(
        stub=getattr(scan.start.message, "stub", ""),
        uids=scan.added_runs,
        folder=_told(scan, "folder") or "",
        rid=_told(scan, "rid") or "",
        force_seqnumber=_told(scan, "force_seqnumber"),
        instrument=_told(scan, "instrument") or "",
        ini=_told(scan, "ini") or "",
    )


def open_dossier(board: Board) -> Scan | None:
    """Return the dossier that is being filled."""
    filled = (scan for scan in reversed(board.scans) if scan.kind == KIND)
    return next((scan for scan in filled if not scan.ended and not board.released(scan)), None)


def reported(board: Board, scan: Scan) -> Iterator[Scan]:
    """Yield the scans that were measured while a dossier was being filled, and that it reports."""
    until = place_of(scan.end) if scan.end is not None else None
    for one in board.scans:
        if one.kind in MEASURED and one.begins > scan.begins and (until is None or one.begins < until):
            yield one


def rest_after(board: Board, scan: Scan) -> float | None:
    """Return when the plan that filled a dossier came to rest, POSIX seconds; None as long as it did not."""
    if scan.end is None:
        return None
    until = place_of(scan.end)
    rests = (told for told in board.messages if told.message.kind == "resting_state" and place_of(told) > until)
    return next((told.time for told in rests), None)


def _told(scan: Scan, field: str) -> Any:
    """Return what was last said of a field, None where nothing was."""
    said = (getattr(control.message, field, None) for control in reversed(scan.added))
    return next((value for value in said if value is not None), None)
