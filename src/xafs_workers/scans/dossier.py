"""Dossiers on the board: the content of a report that messages fill. A dossier has neither bound runs nor a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from xafs_workers.messages.dossier import DossierSet, DossierStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import TimePosition
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds
from xafs_workers.scans.scan_builder import get_time_position

KIND = "dossier"

T = TypeVar("T")


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
    """Content of one dossier, from the messages since its `start`.

    Attributes
    ----------
    stub
        Stub of the data files' names.
    uids
        Uids of the finished runs, in order.
    folder
        Folder of the experiment, '' if no message named it.
    rid
        Anchor in the message log, '' for none.
    force_seqnumber
        Number that the page must have; None for that of the sequence.
    instrument
        HTML about the sample stage, unchanged from the message, so it must not be trusted.
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
    """Build the content of a dossier from its scan's messages."""
    return Dossier(
        stub=scan.start.get_message(DossierStart).stub,
        uids=scan.added_run_uids,
        folder=_find_latest_value(scan, lambda message: message.folder) or "",
        rid=_find_latest_value(scan, lambda message: message.rid) or "",
        force_seqnumber=_find_latest_value(scan, lambda message: message.force_seqnumber),
        instrument=_find_latest_value(scan, lambda message: message.instrument) or "",
        ini=_find_latest_value(scan, lambda message: message.ini) or "",
    )


def find_open_dossier(board: Board, sent: TimePosition | None = None) -> Scan | None:
    """Find the dossier that is open, or was when a message was sent; None for none.

    Parameters
    ----------
    sent
        Position of the message in record time, which may be long ago; None for now.
    """
    for scan in reversed(board.scans):
        if scan.kind != KIND or (sent is not None and scan.start_position > sent):
            continue
        closing = scan.end or scan.implicit_end_message
        was_open = not scan.has_ended or (
            sent is not None and closing is not None and sent < get_time_position(closing)
        )
        return scan if was_open and not board.is_expired(scan) else None
    return None


def list_reported_scans(board: Board, scan: Scan) -> Iterator[Scan]:
    """Yield the scans that a dossier reports: those measured while it was open."""
    until = get_time_position(scan.end) if scan.end is not None else None
    for one in board.scans:
        if (
            scan_kinds[one.kind].reported_by_dossier
            and one.start_position > scan.start_position
            and (until is None or one.start_position < until)
        ):
            yield one


def find_rest_time(board: Board, scan: Scan) -> float | None:
    """Find the time at which the plan that filled a dossier came to rest, POSIX seconds; None before."""
    if scan.end is None:
        return None
    until = get_time_position(scan.end)
    rests = (one for one in board.messages if one.message.ends_open_scans and get_time_position(one) > until)
    return next((one.time for one in rests), None)


def _find_latest_value(scan: Scan, read_field: Callable[[DossierSet], T | None]) -> T | None:
    """Find the latest value of a field, None if no message contains one."""
    values = (read_field(control.get_message(DossierSet)) for control in reversed(scan.added_messages))
    return next((value for value in values if value is not None), None)
