"""Test how often the board's reduction requests are submitted."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.streams import build_run_documents, fold, stamp_entries
from xafs_workers.consumer.reduction_requests import ReductionRequester
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick, ReductionResult
from xafs_workers.scans.reduction_requests import AnyRequest

START = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 3, "mode": "transmission"}


class RecordingClient:
    """Client that notes what it is asked for."""

    idle = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, request: AnyRequest) -> None:
        self.asked.append(request.key)

    def take(self) -> Iterable[ReductionResult]:
        return ()


def build_sequence() -> Board:
    energy = [7000.0 + 5.0 * n for n in range(60)]
    columns = {"dcm_energy": energy, "I0": [2.0] * 60, "It": [1.0 if e < 7112 else 0.5 for e in energy]}
    run = list(build_run_documents(hint=None, motors=["dcm_energy"], columns=columns))
    return fold(stamp_entries([("bmm", START), *run, ("bmm", {"xafs_sequence": "add", "uid": run[0][1]["uid"]})]))


def test_a_viewer_submits_at_most_once_in_its_interval() -> None:
    client, now = RecordingClient(), [100.0]
    requester = ReductionRequester(client, 0.3, lambda: now[0])
    board = build_sequence()
    requester.fold(board, live=True)
    first = len(client.asked)
    assert first
    changed = board.apply(ClockTick(0.0, 1.0))
    now[0] += 0.2
    requester.fold(changed, live=True)
    assert len(client.asked) == first
    now[0] += 0.2
    requester.fold(changed, live=True)
    assert len(client.asked) == 2 * first
    requester.fold(changed, live=True)
    now[0] += 1.0
    requester.fold(changed, live=True)
    assert len(client.asked) == 2 * first


def test_without_an_interval_each_change_is_submitted() -> None:
    client = RecordingClient()
    requester = ReductionRequester(client)
    board = build_sequence()
    for n in range(3):
        requester.fold(board.apply(ClockTick(0.0, 1.0 + n)), live=True)
    assert len(client.asked) == 3 * len(set(client.asked))
