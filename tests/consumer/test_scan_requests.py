"""Requests are built again only for the scans that a change of the board concerns."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.example_counts import scale_examples
from helpers.streams import EPOCH, Entry, build_run_documents, fold, generate_session, stamp_entries
from xafs_workers.consumer.scan_requests import ScanRequestCollector
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick
from xafs_workers.scans.reduction_requests import ReductionRequest, build_pending_requests
from xafs_workers.scans.run_requests import RunRequest, build_scan_run_requests
from xafs_workers.scans.scan import Scan

LIVE = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 1}
ENERGY = [7000.0 + 5.0 * n for n in range(60)]


def list_sequence_entries() -> list[Entry]:
    columns = {"dcm_energy": ENERGY, "I0": [2.0] * 60, "It": [1.0] * 60}
    run = build_run_documents(hint="xafs", motors=["dcm_energy"], columns=columns, start={"BMM_kafka": {"count": 1}})
    next_ = {"xafsscan": "next", "count": 1}
    return [("bmm", LIVE), ("bmm", next_), *run, ("bmm", {"xafsscan": "stop"})]


def digest_requests(requests: Iterable[ReductionRequest | RunRequest]) -> list[object]:
    return [one if isinstance(one, RunRequest) else (one.scan_id, one.key, len(one.spectra)) for one in requests]


@settings(max_examples=scale_examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_collected_requests_equal_those_built_afresh(seed: int) -> None:
    rng = random.Random(seed)
    kept = [ScanRequestCollector[ReductionRequest](build_pending_requests)]
    fetched = [ScanRequestCollector[RunRequest](build_scan_run_requests)]
    board = Board(BoardConfig(fetching_enabled=True, scan_limit=8))
    for item in stamp_entries([*generate_session(rng, 150), *list_sequence_entries()]):
        board = board.apply(item)
        for collectors, build in ((kept, build_pending_requests), (fetched, build_scan_run_requests)):
            afresh = [request for scan in board.scans for request in build(board, scan)]
            assert digest_requests(collectors[0].collect(board)) == digest_requests(afresh)


def test_an_event_builds_only_the_requests_of_its_scan() -> None:
    built: list[str] = []

    def build(board: Board, scan: Scan) -> Iterable[ReductionRequest]:
        built.append(scan.id)
        return build_pending_requests(board, scan)

    entries = [entry for _ in range(5) for entry in list_sequence_entries()]
    items = stamp_entries([*entries, *list_sequence_entries()[:-20]])
    board = fold([*items[:-10], ClockTick(EPOCH + 100.0)])
    collector = ScanRequestCollector(build)
    collector.collect(board)
    built.clear()
    for item in items[-10:]:
        board = board.apply(item)
        collector.collect(board)
    assert set(built) == {board.scans[-1].id}
    assert len(built) == 10
