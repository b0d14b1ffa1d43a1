"""Measure costs that must not grow with what is kept: board items, requests, decoding, sequence numbers, logs."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from msgpack._cmsgpack import unpackb

from benchmarks.costs import Cost, measure, print_costs
from benchmarks.feeds import EPOCH, LINE_START, Document_, Stamp, line_scan, repetition, run, xafs_start
from benchmarks.files import ledgers, log_lines, publications, sequence_numbers, workbooks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.scan_requests import ScanRequestCollector
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick, Document, RecordPosition
from xafs_workers.scans.reduction_requests import build_pending_requests
from xafs_workers.scans.run_requests import build_scan_run_requests
from xafs_workers.settings import Scans, Settings
from xafs_workers.wire import encode

KEPT = 50


def sequences(repetitions: int, kept: int = KEPT) -> tuple[Board, Stamp]:
    """Build a board with a number of sequences and their runs, one second apart, and one sequence that is open."""
    stamp, board = Stamp(), Board(BoardConfig(waits_for_documents=True, fetching_enabled=True))
    number = 0
    for _ in range(kept):
        board = stamp.fold(board, [("bmm", xafs_start(repetitions))])
        for count in range(1, repetitions + 1):
            number += 1
            board = stamp.fold(
                board, [("bmm", {"xafsscan": "next", "count": count}), *_short_run(number, count, stamp)]
            )
        board = stamp.fold(board, [("bmm", {"xafsscan": "stop"})])
    return stamp.fold(board, [("bmm", xafs_start(repetitions))]), stamp


def _short_run(number: int, count: int, stamp: Stamp) -> list[Document_]:
    hint = {"hint": "xafs fluorescence", "count": count}
    one = run(number, {"dcm_energy": [7000.0]}, motors=["dcm_energy"], BMM_kafka=hint)
    head = [(name, {**body, "time": stamp.time} if name == "start" else body) for name, body in one.head]
    return [*head, *one.tail]


def one_next() -> Iterator[Cost]:
    """Measure a `next` and a start document with sequences of 10, 20 and 50 repetitions kept."""
    costs: list[float] = []
    for repetitions in (10, 20, 50):
        board, stamp = sequences(repetitions)
        (item,) = stamp.items([("bmm", {"xafsscan": "next", "count": 1})])
        costs.append(measure(lambda board=board, item=item: board.apply(item)))
        yield Cost(f"`next`, {KEPT} sequences of {repetitions} kept", costs[-1], 1e-3)
        opened = board.apply(item)
        (start, *_) = stamp.items(_short_run(10_000, 1, stamp))
        yield Cost("  start document", measure(lambda opened=opened, start=start: opened.apply(start)), 1e-3)
        yield Cost("  requests of a turn", _turn(opened, start), 1e-3)
    yield Cost("`next`: 50 repetitions against 10", costs[-1] / costs[0], 1.5, "ratio")


def _turn(board: Board, start: BoardItem) -> float:
    """Measure the requests of the turn after a document."""
    collectors = (ScanRequestCollector(build_pending_requests), ScanRequestCollector(build_scan_run_requests))
    boards = [board.apply(start)]
    for n in range(6):
        tick = ClockTick(boards[-1].now + n, 0.0)
        boards.append(replace(boards[-1].apply(tick), runs=dict(boards[-1].runs)))
    later = iter(boards)
    for collector in collectors:
        collector.collect(boards[0])
    return measure(lambda: [collector.collect(one) for one in (next(later),) for collector in collectors])


def runs_without_messages() -> Iterator[Cost]:
    """Measure the documents of a repetition without a message, with sequences of 10 and 50 such repetitions kept."""
    forms = Scans(from_documents=True).implied_forms
    limits = {"start": 1e-3, "event": 100e-6, "stop": 1e-3}
    for repetitions in (10, 50):
        stamp, board = Stamp(), Board(BoardConfig(implied_forms=forms))
        for number in range(KEPT * repetitions):
            board = stamp.fold(board, _spectrum_without_message(number, number // repetitions))
        costs: dict[str, list[float]] = {name: [] for name in limits}
        for number in range(5):
            for item in stamp.items(_spectrum_without_message(10_000 + number, KEPT)):
                began = time.process_time()
                board = board.apply(item)
                if isinstance(item, Document) and item.name in costs:
                    costs[item.name].append(time.process_time() - began)
        for name, limit in limits.items():
            what = f"`{name}` without a message, sequences of {repetitions} kept ({len(board.runs)} runs)"
            yield Cost(what, statistics.median(costs[name]), limit)


def _spectrum_without_message(number: int, sample: int) -> list[Document_]:
    columns = {"dcm_energy": [7000.0 + 10 * n for n in range(20)], "I0": [2.0] * 20, "It": [1.0] * 20}
    named = {"sample_name": str(sample), "hints": {"dimensions": [[["dcm_energy"], "primary"]]}, "num_points": 20}
    one = run(number, columns, motors=["dcm_energy"], **named)
    return [*one.head, *one.events, *one.tail]


def pages(rows: int = 100_000) -> Iterator[Cost]:
    """Measure an event page, and as many events, whose sequence numbers fall."""
    for what, numbers in (("rising", range(1, rows + 1)), ("falling", range(rows, 0, -1))):
        one, stamp = line_scan(1), Stamp()
        board = stamp.fold(Board(), one.head)
        columns = {key: [1.0] * rows for key in one.events[0][1]["data"]}
        page = {"descriptor": "stream-1", "seq_num": list(numbers), "time": [EPOCH] * rows, "data": columns}
        (item,) = stamp.items([("event_page", page)])
        yield Cost(f"event page of {rows} rows, {what} seq_num", measure(lambda b=board, i=item: b.apply(i), 1), 1.0)
    events = list(stamp.items(("event", {**one.events[0][1], "seq_num": n}) for n in range(rows // 5, 0, -1)))
    seconds = measure(lambda: _fold(board, events), 1)
    yield Cost("  one event of 20,000, falling seq_num", seconds / len(events), 100e-6)


def _fold(board: Board, items: list[BoardItem]) -> Board:
    for item in items:
        board = board.apply(item)
    return board


REPEATED: dict[str, tuple[list[Document_], dict[str, Any]]] = {
    "resting_state": ([], {"resting_state": True}),
    "close": ([("bmm", LINE_START)], {"close": "last"}),
    "next": ([("bmm", xafs_start(2))], {"xafsscan": "next", "count": 1}),
    "add": (
        [("bmm", {"xafs_sequence": "start", "element": "Fe", "edge": "K", "mode": "test", "repetitions": 2})],
        {"xafs_sequence": "add", "uid": "a"},
    ),
    "set": ([("bmm", {"dossier": "start", "stub": "s"})], {"dossier": "set", "npoints": 4}),
    "start": ([], LINE_START),
}


def repeated_messages(count: int = 4000) -> Iterator[Cost]:
    """Measure the last of many messages of one kind."""
    for kind, (before, message) in REPEATED.items():
        stamp = Stamp()
        board = stamp.fold(Board(BoardConfig(waits_for_documents=True)), before)
        items = list(stamp.items([("bmm", message)] * count))
        last = 100
        began = time.perf_counter()
        board = _fold(board, items[:-last])
        whole = time.perf_counter() - began
        began = time.perf_counter()
        board = _fold(board, items[-last:])
        each = (time.perf_counter() - began) / last
        yield Cost(f"`{kind}` number {count} ({whole:.1f} s before, {len(board.messages)} kept)", each, 1e-3)


def runs_without_stop(count: int = 2000) -> Iterator[Cost]:
    """Count the runs that stay of many without a stop document."""
    stamp, board = Stamp(), Board()
    for number in range(count):
        board = stamp.fold(board, line_scan(1, number).head)
    yield Cost(f"runs kept of {count} without a stop", float(len(board.runs)), 150.0, "ratio")


def decoding(points: int = 2000) -> Iterator[Cost]:
    """Measure the share of bare msgpack consuming that decoding, and decoding and folding, reach."""
    settings, one = Settings(), repetition(1, points)
    parser, topic = RecordParser(settings), settings.get_topic("documents")
    before = Stamp().fold(Board(), [("bmm", xafs_start(1)), ("bmm", {"xafsscan": "next", "count": 1}), *one.head])
    records = [
        RawRecord(RecordPosition(topic, 0, n), before.now + n, b"k", encode(name, body))
        for n, (name, body) in enumerate(one.events, 1)
    ]
    bare = measure(lambda: [unpackb(record.value or b"") for record in records], 9)
    parsed = measure(lambda: [parser.parse_record(record) for record in records], 9)
    yield Cost("events/s decoded, share of bare msgpack", bare / parsed, 0.5, "share")

    def whole() -> None:
        """Fold as the loop does: what has been received together is applied together."""
        board = before
        for start in range(0, len(records), 500):
            items = [parser.parse_record(record) for record in records[start : start + 500]]
            board = board.apply_events([item for item in items if isinstance(item, Document)])
        assert len(board.runs["run-1"].points) == len(records)

    yield Cost("events/s decoded and applied, share of bare msgpack", bare / measure(whole, 9), 0.4, "share")


GROUPS: tuple[Callable[[], Iterator[Cost]], ...] = (
    one_next,
    runs_without_messages,
    pages,
    repeated_messages,
    runs_without_stop,
    decoding,
    sequence_numbers,
    log_lines,
    publications,
    ledgers,
    workbooks,
)


def main() -> int:
    """Print a table; return 1 if a goal is not reached."""
    names = [group.__name__ for group in GROUPS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*names, []], help="default: all")
    chosen = parser.parse_args().groups or names
    return 0 if print_costs(cost for group in GROUPS if group.__name__ in chosen for cost in group()) else 1


if __name__ == "__main__":
    sys.exit(main())
