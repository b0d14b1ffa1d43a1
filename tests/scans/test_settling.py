"""A worker that writes settles a scan by its documents; a viewer by its clock."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from helpers.streams import EPOCH, Entry, build_run_documents, fold, stamp_entries
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick, Document, ReceivedMessage

START: Entry = ("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"})
WRITER = BoardConfig(waits_for_documents=True, document_patience=3600.0)
HOUR = 3600.0


def make_run(**start: object) -> list[Entry]:
    columns = {"xafs_x": [0.0, 1.0], "I0": [2.0, 2.0], "It": [1.0, 1.0]}
    return list(build_run_documents(hint="linescan It xafs_x", motors=["xafs_x"], columns=columns, start=start))


def delay_documents(items: Iterable[BoardItem], seconds: float) -> list[BoardItem]:
    """Return the messages, then the documents, published that much later than they were made."""
    items = list(items)
    documents = [item for item in items if isinstance(item, Document)]
    messages = [item for item in items if isinstance(item, ReceivedMessage)]
    late = [Document(item.name, item.doc, item.time + seconds, item.position) for item in documents]
    return [*messages, *late]


@pytest.mark.parametrize("delay", [1.0, 4.0, 60.0, 600.0])
def test_late_documents_are_waited_for(delay: float) -> None:
    run = make_run()
    items = delay_documents(stamp_entries([START, *run, ("bmm", {"linescan": "stop", "fname": "a.png"})]), delay)
    end = next(i for i, item in enumerate(items) if isinstance(item, Document))
    board = fold(items[:end], Board(WRITER)).apply(ClockTick(EPOCH + delay - 0.5, attended=delay))
    assert not board.is_settled(board.scans[0])
    board = fold(items[end:-1], board)
    assert not board.is_settled(board.scans[0])
    board = board.apply(items[-1])
    assert board.is_settled(board.scans[0])
    assert board.scans[0].run_uids == (run[0][1]["uid"],)


def test_a_viewer_does_not_wait() -> None:
    board = fold(stamp_entries([START, ("bmm", {"linescan": "stop"})])).apply(ClockTick(EPOCH + 2.1))
    assert board.is_settled(board.scans[0])


def test_a_later_document_ends_the_wait_for_a_missing_run() -> None:
    board = fold(stamp_entries([START, ("bmm", {"linescan": "stop"})]), Board(WRITER)).apply(ClockTick(EPOCH + 600.0))
    assert not board.is_settled(board.scans[0])
    (later, *_) = stamp_entries(make_run(), times=[EPOCH + 20.0] * 9)
    board = board.apply(later)
    assert board.is_settled(board.scans[0])


def test_a_later_run_ends_the_wait_for_a_stop_document() -> None:
    run = make_run()
    board = fold(stamp_entries([START, *run[:-1], ("bmm", {"linescan": "stop"})]), Board(WRITER))
    assert not board.is_settled(board.scans[0])
    (later, *_) = stamp_entries(make_run(), times=[EPOCH + 20.0] * 9)
    assert board.apply(later).is_settled(board.scans[0])


def test_a_later_document_does_not_replace_a_named_run() -> None:
    board = fold(stamp_entries([START, ("bmm", {"linescan": "stop", "uid": "u-1"})]), Board(WRITER))
    (later, *_) = stamp_entries(make_run(), times=[EPOCH + 20.0] * 9)
    board = board.apply(later)
    assert not board.is_settled(board.scans[0])
    board = board.apply(ClockTick(EPOCH + 30.0, attended=HOUR))
    assert board.is_settled(board.scans[0])
    assert board.describe_missing_runs(["u-1"]) == "run u-1: its documents did not come"


def test_only_time_with_the_topics_read_counts_as_patience() -> None:
    board = fold(stamp_entries([START, ("bmm", {"linescan": "stop"})]), Board(WRITER))
    assert not board.apply(ClockTick(EPOCH + 10 * HOUR, attended=HOUR - 1)).is_settled(board.scans[0])
    assert board.apply(ClockTick(EPOCH + 10.0, attended=HOUR)).is_settled(board.scans[0])


@pytest.mark.parametrize("skew", [-5.0, -0.5, 0.5, 5.0])
def test_a_hint_binds_across_the_skew_of_clocks(skew: float) -> None:
    run = make_run()
    times = [EPOCH, *[EPOCH + 1.0 + skew] * len(run), EPOCH + 2.0]
    board = fold(stamp_entries([START, *run, ("bmm", {"linescan": "stop"})], times=times))
    assert board.scans[0].run_uids == (run[0][1]["uid"],)


@pytest.mark.parametrize("skew", [-5.0, -0.5, 0.0, 0.5, 5.0])
def test_the_end_of_a_scan_names_its_run(skew: float) -> None:
    first, second = make_run(), make_run()
    entries: list[Entry] = []
    times: list[float] = []
    for place, run in enumerate((first, second)):
        began = EPOCH + 4.0 * place
        entries += [START, *run, ("bmm", {"linescan": "stop", "uid": run[0][1]["uid"]})]
        times += [began, *[began + 0.5 + skew] * len(run), began + 3.0]
    board = fold(stamp_entries(entries, times=times))
    assert [scan.run_uids for scan in board.scans] == [(first[0][1]["uid"],), (second[0][1]["uid"],)]


def test_a_count_binds_documents_with_late_times() -> None:
    columns = {"dcm_energy": [7000.0, 7001.0], "I0": [2.0, 2.0], "It": [1.0, 1.0], "Ir": [1.0, 1.0]}
    start = {"element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": 3}
    runs = [
        list(
            build_run_documents(
                hint="xafs trans", motors=["dcm_energy"], columns=columns, start={"BMM_kafka": {"count": count}}
            )
        )
        for count in (1, 2, 3)
    ]
    entries: list[Entry] = [("bmm", {"xafsscan": "start", "sample": "Fe", "reference_material": "Fe", **start})]
    entries += [("bmm", {"xafsscan": "next", "count": count}) for count in (1, 2, 3)]
    entries += [("bmm", {"xafsscan": "stop"}), *(entry for run in runs for entry in run)]
    times = [EPOCH + i for i in range(5)] + [EPOCH + 60.0 + 0.1 * i for i in range(len(entries))]
    board = fold(stamp_entries(entries, times=times), Board(WRITER))
    assert board.scans[0].run_uids == tuple(run[0][1]["uid"] for run in runs)
