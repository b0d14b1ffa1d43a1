"""Help with sources in tests: produce, and poll until something is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.consumer.records import EndOfPartition, RawRecord
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.producer.kafka_config import KafkaConfig


@contextmanager
def open_source(config: KafkaConfig, *topics: str, group: str = "test", **options) -> Iterator[KafkaSource]:
    """Give a source and close it."""
    source = KafkaSource(config, topics, group, **options)
    try:
        yield source
    finally:
        source.close()


def produce(
    config: KafkaConfig, topic: str, values: Iterable[bytes], *, partition: int = 0, times: Iterable[float] = ()
) -> None:
    """Write values to a partition, with these record times (POSIX seconds) or now."""
    producer = Producer({**config.get_producer_properties(), "log_level": 3})
    stamps = iter(times)
    failures = []
    for value in values:
        stamp = next(stamps, None)
        producer.produce(
            topic,
            value=value,
            key=b"k",
            partition=partition,
            timestamp=0 if stamp is None else round(stamp * 1000),
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
    assert producer.flush(PATIENCE) == 0
    assert not failures


def poll_until(
    source: KafkaSource, done: Callable[[list], bool], *, patience: float = PATIENCE, limit: int = 500
) -> list[RawRecord | EndOfPartition]:
    """Poll until what came so far is enough; fails after `patience` seconds."""
    entries: list[RawRecord | EndOfPartition] = []
    deadline = time.monotonic() + patience
    while not done(entries):
        assert time.monotonic() < deadline, f"not within {patience} s; came: {entries}"
        entries += source.poll(0.1, limit)
    return entries


def read_records(source: KafkaSource, count: int, **options) -> list[RawRecord]:
    """Poll until `count` records came."""
    entries = poll_until(source, lambda came: len(select_records(came)) >= count, **options)
    return select_records(entries)


def select_records(entries: Iterable[RawRecord | EndOfPartition]) -> list[RawRecord]:
    """Leave the ends out."""
    return [entry for entry in entries if isinstance(entry, RawRecord)]


def select_ends(entries: Iterable[RawRecord | EndOfPartition]) -> list[EndOfPartition]:
    """Leave the records out."""
    return [entry for entry in entries if isinstance(entry, EndOfPartition)]


def list_values(entries: Iterable[RawRecord | EndOfPartition]) -> list[bytes | None]:
    """Return the values of the records."""
    return [record.value for record in select_records(entries)]
