"""XAFS scans: a run for each repetition."""

from __future__ import annotations

from helpers.bound_runs import list_bound_runs
from helpers.streams import Entry, build_run_documents, fold, stamp_entries
from xafs_workers.scans.items import Document


def test_repetitions_are_distinguished_by_their_count() -> None:
    """An XAFS run whose count is another repetition's stays out of the window it happens to start in."""
    start = {
        "xafsscan": "start",
        "element": "Fe",
        "edge": "K",
        "mode": "transmission",
        "filename": "f",
        "repetitions": 2,
    }
    second = list(
        build_run_documents(hint="xafs trans", motors=["dcm_energy"], columns={}, start={"BMM_kafka": {"count": 2}})
    )
    assert list_bound_runs([("bmm", start), ("bmm", {"xafsscan": "next", "count": 1}), *second]) == [()]
    both = [
        ("bmm", start),
        ("bmm", {"xafsscan": "next", "count": 1}),
        ("bmm", {"xafsscan": "next", "count": 2}),
        *second,
    ]
    assert list_bound_runs(both) == [(second[0][1]["uid"],)]


def test_a_sequence_settles_when_each_repetition_has_a_run() -> None:
    """The documents of the later repetitions may all arrive after the end message."""
    start = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "test", "filename": "f", "repetitions": 2}
    first, second = (
        list(build_run_documents(hint="xafs", motors=["dcm_energy"], columns={}, start={"BMM_kafka": {"count": n}}))
        for n in (1, 2)
    )
    messages: list[Entry] = [("bmm", {"xafsscan": "next", "count": 2}), ("bmm", {"xafsscan": "stop"})]
    items = stamp_entries(
        [("bmm", start), ("bmm", {"xafsscan": "next", "count": 1}), *first, messages[0], *second, messages[1]]
    )
    late = [item for item in items if isinstance(item, Document)][len(first) :]
    board = fold(item for item in items if item not in late)
    assert not board.is_settled(board.scans[0])
    board = fold(late, board)
    assert board.is_settled(board.scans[0])
