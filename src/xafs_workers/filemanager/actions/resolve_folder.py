"""Search for the proposal folder that a message concerns."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import build_dossier, find_open_dossier
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import get_time_position
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder

XAS_STATION, GONIOMETER_STATION = "xas", "xrd"
GONIOMETER_WORDS = ("xrd", "xrr", "goniometer")
"""Words in the name of the goniometer's end station, in start documents."""


def find_proposal_folder(
    control: ReceivedMessage, board: Board, roots: Roots, settings: Settings
) -> ProposalFolder | None:
    """Find the proposal folder of a message, None where it belongs to none.

    It is the folder of the run that the message names, if that run is on the board. For a message without a run, it is
    the folder of a path in the message, else of the dossier that was open then, else of the last run that started
    before the message.
    """
    uid = control.message.named_run
    if uid:
        run = board.runs.get(uid)
        return None if run is None else find_run_folder(run, roots, settings)
    others = () if is_other_station(control) else _find_dossier_folder(control, board)
    for path in (*control.message.named_paths, *others):
        try:
            return ProposalFolder.from_path(path, roots)[0]
        except Refused:
            continue  # an action that needs this path refuses it with the reason
    run = find_last_run_before(control, board)
    return None if run is None else find_run_folder(run, roots, settings)


def find_run_folder(run: Run, roots: Roots, settings: Settings) -> ProposalFolder | None:
    """Find the folder that a run's start document names, None where it names none."""
    try:
        return ProposalFolder.from_run(run.start, roots, settings.storage)
    except Refused:
        return None


def find_last_run_before(control: ReceivedMessage, board: Board) -> Run | None:
    """Find the run that started last before a message, by record time; at the end station that the message names."""
    station = control.message.named_station.lower()
    before = [run for run in board.runs.values() if run.start_position[0] <= control.time]
    there = [run for run in before if not station or find_station(run) == station]
    return max(there, key=lambda run: run.start_position, default=None)


def awaits_documents(control: ReceivedMessage, board: Board) -> bool:
    """Check whether runs of scans before a message are still to come: until then its proposal is not known.

    A scan that has ended waits for its documents as long as the board does. One that no message ended (its plan may
    have died) is waited for as long, by record time. The runs of a scan that ended before the worker caught up are
    not awaited: they may be done, and are then not read again.
    """
    if any(_find_dossier_folder(control, board)):
        return False
    return any(_awaits_run(scan, control, board) for scan in board.scans)


def _awaits_run(scan: Scan, control: ReceivedMessage, board: Board) -> bool:
    sent = get_time_position(control)
    windows = [window for window in scan.windows if window.start_position < sent]
    if all(window.run_uid in board.runs for window in windows) or board.is_closed(scan):
        return False
    if scan.has_ended:
        return board.ended_at.get(scan.id, 0.0) > 0.0
    return board.now < control.time + board.config.document_patience


def find_station(run: Run) -> str:
    """Find the end station of a run: `xrd` where the start document names the goniometer's, else `xas`."""
    named = as_text(as_mapping(run.xdi.get("Beamline")).get("endstation")).lower()
    return GONIOMETER_STATION if any(word in named for word in GONIOMETER_WORDS) else XAS_STATION


def is_other_station(control: ReceivedMessage) -> bool:
    """Check whether a message concerns another end station than that of XAS, whose dossier is open."""
    return control.message.named_station.lower() not in ("", XAS_STATION)


def _find_dossier_folder(control: ReceivedMessage, board: Board) -> Iterator[str]:
    scan = find_open_dossier(board, get_time_position(control))
    if scan is not None and (folder := build_dossier(scan).folder):
        yield folder
