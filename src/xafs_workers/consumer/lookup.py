"""Single looks into partitions by a separate client, so that the source's own reading is not disturbed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from xafs_workers.consumer.client import ConnectionHealth, build_raw_record, connect, fetch, get_offset, get_partition
from xafs_workers.consumer.records import Partition, RawRecord
from xafs_workers.logs import get_logger

log = get_logger("consumer")

POLL_SECONDS = 0.2
BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """Options of a look into a partition.

    Attributes
    ----------
    properties
        Properties of the consumer.
    clock
        Function that gives the arrival time, POSIX seconds.
    timeout
        Longest time that a look may take, seconds.
    """

    properties: Mapping[str, Any]
    clock: Callable[[], float]
    timeout: float


@contextmanager
def _open_reader(
    look: LookupOptions, positions: Mapping[Partition, int]
) -> Generator[tuple[Consumer, Iterator[Message]]]:
    """Yield a client assigned to the positions, and its messages until the time runs out."""
    health = ConnectionHealth(quiet=True)
    client = connect(look.properties, health)
    deadline = time.monotonic() + look.timeout

    def iter_messages() -> Iterator[Message]:
        while time.monotonic() < deadline:
            yield from fetch(client, POLL_SECONDS, BATCH_SIZE)
            health.check()

    try:
        client.assign([TopicPartition(*partition, offset) for partition, offset in positions.items()])
        yield client, iter_messages()
    finally:
        client.close()


def read_first_record(options: LookupOptions, partition: Partition, offset: int) -> RawRecord | None:
    """Return the first record at or after an offset; None if there is none."""
    with _open_reader(options, {partition: offset}) as (_, messages):
        for message in messages:
            # An error is the end of the partition, or an offset that has gone meanwhile.
            return build_raw_record(message, options.clock) if message.error() is None else None
    return None


def find_first_offsets(
    options: LookupOptions, spans: Mapping[Partition, tuple[int, int]], instant: float
) -> dict[Partition, int]:
    """Read partitions from their beginning until a record is as late as `instant`.

    Parameters
    ----------
    spans
        Low and high watermark of each partition; nothing is read past the high one.
    instant
        POSIX seconds.

    Returns
    -------
    offsets
        Offset of the first record with that time or a later one; the high watermark if there is none. Where the time
        ran out before, the offset up to which it was read: all records before it are earlier.
    """
    reached = {partition: low for partition, (low, high) in spans.items() if low < high}
    found = {partition: high for partition, (low, high) in spans.items() if low >= high}
    if not reached:
        return found
    with _open_reader(options, reached) as (client, messages):
        for message in messages:
            partition = get_partition(message)
            if partition not in reached:
                continue
            offset = _match_offset(options, message, spans[partition][1], instant)
            if offset is None:
                reached[partition] = get_offset(message) + 1
                continue
            found[partition] = offset
            del reached[partition]
            client.incremental_unassign([TopicPartition(*partition)])
            if not reached:
                break
    if reached:
        log.warning("time_lookup_cut_short", partitions=sorted(reached), seconds=options.timeout)
    return {**found, **reached}


def _match_offset(look: LookupOptions, message: Message, high: int, instant: float) -> int | None:
    """Return the answer for the message's partition, None while it is still open."""
    if message.error() is not None:  # the end, or the beginning moved away
        return high
    offset = get_offset(message)
    if offset < high and build_raw_record(message, look.clock).time >= instant:
        return offset
    return high if offset + 1 >= high else None
