"""Where a worker begins to read."""

from __future__ import annotations

from collections.abc import Iterable

from xafs_workers.consumer.record_parser import Reader
from xafs_workers.consumer.source import EndOfPartition, KafkaSource, Partition
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control

log = get_logger("consumer")

Positions = dict[Partition, int]


def beginning(source: KafkaSource) -> Positions:
    """Return the oldest record kept of each partition."""
    return {partition: low for partition, (low, _) in source.watermarks().items()}


def kept_positions(source: KafkaSource) -> Positions:
    """Return where a worker that keeps its offsets goes on: at the stored ones, the first time at the end.

    The first time that end is stored at once. An offset that the broker no longer has becomes the oldest kept.
    """
    marks = source.watermarks()
    stored = source.committed()
    if not stored:
        positions = {partition: high for partition, (_, high) in marks.items()}
        source.store(positions)
        log.info("started_at_the_end", reason="no stored offset")
        return positions
    positions: Positions = {}
    for partition, (low, high) in marks.items():
        offset = stored.get(partition, low)
        positions[partition] = offset if low <= offset <= high else low
        if positions[partition] != offset:
            log.warning("offset_out_of_range", partition=partition, stored=offset, kept=(low, high), now_at=low)
    return positions


def live_positions(source: KafkaSource, reader: Reader, rules: Rules, since: float) -> Positions:
    """Return where a worker that only shows begins: at the oldest scan still open, else at the end.

    Parameters
    ----------
    since
        How far back the control topic is searched, POSIX seconds.
    """
    marks = source.watermarks()
    control = reader.control_topic
    board = Board(rules)
    for message in _messages_since(source, reader, since):
        board = board.apply(message)
    still_open = [scan.begins[0] for scan in board.scans if scan.seen and not scan.ended]
    positions = {partition: high for partition, (_, high) in marks.items()}
    if still_open:
        for topic in {topic for topic, _ in marks}:
            positions.update(source.offsets_at(topic, min(still_open)))
    log.info("looked_back", topic=control, since=since, open_scans=len(still_open))
    return positions


def _messages_since(source: KafkaSource, reader: Reader, since: float) -> Iterable[Control]:
    topic = reader.control_topic
    starts = source.offsets_at(topic, since)
    waiting = {p for p, (_, high) in source.watermarks().items() if p[0] == topic and starts.get(p, high) < high}
    if not waiting:
        return
    source.assign({partition: starts[partition] for partition in waiting})
    while waiting:
        for entry in source.poll(0.5):
            if isinstance(entry, EndOfPartition):
                waiting.discard(entry.partition)
            elif isinstance(item := reader.read(entry), Control):
                yield item
