"""Measure the cost of one event before drawing: from its bytes to the board."""

from __future__ import annotations

import statistics
import time

from benchmarks.feeds import Stamp, repetition, xafs_start
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.source import RawRecord
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.settings import Settings
from xafs_workers.wire import encode

ROUNDS = 20
GOAL = 20e-6
"""Longest time for an event, seconds."""


def decode_and_fold() -> float:
    """Measure the time to decode and fold one event of a fluorescence scan: the median over rounds, seconds."""
    settings, run = Settings(), repetition(1, 1000)
    reader, topic = RecordParser(settings), settings.get_topic("documents")
    before = Stamp().fold(Board(), [("bmm", xafs_start(1)), ("bmm", {"xafsscan": "next", "count": 1}), *run.head])
    records = [
        RawRecord(RecordPosition(topic, 0, n), before.now + n, b"k", encode(name, body))
        for n, (name, body) in enumerate(run.events, 1)
    ]
    costs: list[float] = []
    for _ in range(ROUNDS):
        board, began = before, time.perf_counter()
        for record in records:
            item = reader.parse_record(record)
            assert isinstance(item, Document), item
            board = board.apply(item)
        costs.append((time.perf_counter() - began) / len(records))
        assert len(board.runs["run-1"].points) == len(records)
    return statistics.median(costs)
