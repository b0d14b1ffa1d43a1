"""Offsets from which a worker begins to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.records import EndOfPartition, Partition
from xafs_workers.consumer.source_interface import Source
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("consumer")

Offsets = dict[Partition, int]


def find_oldest_offsets(source: Source) -> Offsets:
    """Return the oldest record kept of each partition."""
    return {partition: low for partition, (low, _) in source.metadata.fetch_watermarks().items()}


def find_stored_offsets(source: Source, created_again: Collection[str] = ()) -> Offsets:
    """Return the offsets at which a worker that stores them goes on: at the stored ones, the first time at the end.

    The first time that end is stored at once. An offset that the broker no longer has becomes the oldest kept.

    Parameters
    ----------
    created_again
        Topics whose stored offsets belong to a topic of that name that was deleted: they are read from the oldest
        record on.
    """
    marks = source.metadata.fetch_watermarks()
    stored = source.metadata.fetch_committed_offsets()
    stored = {partition: offset for partition, offset in stored.items() if partition[0] not in created_again}
    if not stored and not created_again:
        positions = {partition: high for partition, (_, high) in marks.items()}
        source.store(positions)
        log.info("started_at_the_end", reason="no stored offset")
        return positions
    positions: Offsets = {}
    for partition, (low, high) in marks.items():
        offset = stored.get(partition, low)
        positions[partition] = offset if low <= offset <= high else low
        if positions[partition] != offset:
            log.warning("offset_out_of_range", partition=partition, stored=offset, kept=(low, high), now_at=low)
            source.count_removed(partition, offset, low)
    return positions


def find_live_offsets(source: Source, parser: RecordParser, config: BoardConfig, since: float) -> Offsets:
    """Return the offsets at which a best-effort worker begins: at the oldest scan still open, else at the end.

    Parameters
    ----------
    since
        Time from which the control topic is searched, POSIX seconds.
    """
    marks = source.metadata.fetch_watermarks()
    control = parser.control_topic
    board = Board(config)
    for message in _read_messages(source, parser, since):
        board = board.apply(message)
    still_open = [scan.start_position[0] for scan in board.scans if scan.has_figure and not scan.has_ended]
    positions = {partition: high for partition, (_, high) in marks.items()}
    if still_open:
        for topic in {topic for topic, _ in marks}:
            positions.update(source.metadata.find_offsets(topic, min(still_open)))
    log.info("looked_back", topic=control, since=since, open_scans=len(still_open))
    return positions


def _read_messages(source: Source, reader: RecordParser, since: float) -> Iterable[ReceivedMessage]:
    topic = reader.control_topic
    starts = source.metadata.find_offsets(topic, since)
    waiting = {
        p for p, (_, high) in source.metadata.fetch_watermarks().items() if p[0] == topic and starts.get(p, high) < high
    }
    if not waiting:
        return
    source.assign({partition: starts[partition] for partition in waiting})
    while waiting:
        for entry in source.poll(0.5):
            if isinstance(entry, EndOfPartition):
                waiting.discard(entry.partition)
            elif isinstance(item := reader.parse_record(entry), ReceivedMessage):
                yield item
