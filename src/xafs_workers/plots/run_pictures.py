"""Requests for the pictures of runs that no message claims: made when their first run has stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example
from xafs_workers.runtime.implied_requests import ImpliedRequester, find_request_time, name_request, place_request
from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_pictures import is_followed
from xafs_workers.scans.implied_scans import ImpliedScans
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


class RunPictures(ControlMessage):
    """Stands for the messages that would ask for the pictures of implied scans of the same runs. It is never sent."""

    kind = "run"
    action = "pictures"
    owner = "headless"
    example: ClassVar[Example] = {}

    uid: str


class SequenceEnds:
    """Finds out which implied scans are over: for a sequence its gap must pass, in the time of `ReadingState.attended`.

    The times of documents do not show it where they come late, nor those of records after an outage.
    """

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, float]] = {}

    def are_over(self, scans: Sequence[Scan], board: Board) -> bool:
        """Check whether scans of the same runs have ended and no further repetition can come."""
        uids = scans[0].run_uids
        if not all(scan.has_ended for scan in scans):
            return False
        if is_followed(scans, board):
            self._since.pop(uids[0], None)
            return True
        attended = board.reading.attended
        count, since = self._since.get(uids[0], (0, attended))
        if count != len(uids):
            self._since[uids[0]] = len(uids), attended
            return False
        return attended - since > board.config.sequence_gap


def build_picture_requester(request: Callable[[ReceivedMessage, Board], object]) -> ImpliedRequester:
    """Build the requester of the pictures of each run, or of each sequence of repetitions.

    The request waits until the sequence is over, and what it needs is read again after a restart.
    """
    return ImpliedRequester(_list_stopped_groups, _build_request, request)


def _list_stopped_groups(implied: ImpliedScans) -> Iterator[str]:
    for group in (*implied.singles, *implied.sequences):
        if group.runs[0].has_stopped:
            yield group.runs[0].uid


def _build_request(run: Run) -> ReceivedMessage:
    message = RunPictures(uid=run.uid, message_id=name_request(run))
    return ReceivedMessage(message, find_request_time(run), place_request(run))
