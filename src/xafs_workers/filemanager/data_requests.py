"""Requests for the data files of runs that no message claims: made at their stop documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example
from xafs_workers.runtime.implied_requests import ImpliedRequester, find_request_time, name_request, place_request
from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_scans import ImpliedScans
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.runs import Run


class RunData(ControlMessage):
    """Stands for the message that would ask for the data files of a run. It is never sent."""

    kind = "run"
    action = "data"
    owner = "file-manager"
    example: ClassVar[Example] = {}

    uid: str


def build_data_requester(request: Callable[[ReceivedMessage, Board], object]) -> ImpliedRequester:
    """Build the requester of the data files of each run that has ended."""
    return ImpliedRequester(_list_ended_runs, _build_request, request)


def _list_ended_runs(implied: ImpliedScans) -> Iterator[str]:
    for group in (*implied.singles, *implied.sequences):
        yield from (run.uid for run in group.runs if run.has_stopped)


def _build_request(run: Run) -> ReceivedMessage:
    return ReceivedMessage(
        RunData(uid=run.uid, message_id=name_request(run)), find_request_time(run), place_request(run)
    )
