"""Kafka topics read partition by partition: assigned by hand, the group only keeps offsets."""

from __future__ import annotations

import time as time_module
from collections.abc import Callable, Iterable, Mapping, Sequence

from confluent_kafka import OFFSET_BEGINNING, TIMESTAMP_LOG_APPEND_TIME, KafkaException, Message, TopicPartition

from xafs_workers.consumer.client import (
    ConnectionHealth,
    SourceError,
    build_consumer_properties,
    build_raw_record,
    connect,
    extract_error,
    fetch,
    get_offset,
    get_partition,
)
from xafs_workers.consumer.lookup import LookupOptions
from xafs_workers.consumer.offsets import OffsetStore
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord, SourceEntry, TopicObservations
from xafs_workers.consumer.source_interface import SourceReport
from xafs_workers.consumer.topic_metadata import RETRY_SECONDS, TopicMetadata, fetch_partitions
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import KafkaConfig

__all__ = ["EndOfPartition", "KafkaSource", "Partition", "RawRecord", "SourceError"]

log = get_logger("consumer")


class KafkaSource:
    """Reads topics, partition by partition. All methods are called from one thread.

    Parameters
    ----------
    config
        Connection to Kafka.
    topics
        Followed, with all their partitions.
    group
        Name under which offsets are stored; nothing is subscribed, so nothing is ever rebalanced.
    clock
        Gives the arrival time of records, POSIX seconds.
    timeout
        Time for which questions about the topics are repeated while brokers are away, seconds.

    Attributes
    ----------
    metadata
        Metadata of the topics, asked by the source's own client.
    observations
        Properties of the topics that show in the records.
    """

    def __init__(
        self,
        config: KafkaConfig,
        topics: Sequence[str],
        group: str,
        *,
        clock: Callable[[], float] = time_module.time,
        timeout: float = 30.0,
    ):
        self._clock = clock
        self._topics = tuple(topics)
        self._health = ConnectionHealth()
        options = LookupOptions(build_consumer_properties(config, group), clock, timeout)
        self._client = connect(options.properties, self._health)
        self.metadata = TopicMetadata(self._client, self._health, options, self._topics)
        self.observations = TopicObservations()
        self._assigned: set[Partition] = set()
        self._paused: set[Partition] = set()
        self._ends: dict[Partition, int] = {}
        self._reset_offsets: dict[Partition, int] = {}  # asked for but gone, until something arrives
        self._offsets = OffsetStore(config, group, self._health)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        self.resume(self._paused)  # the client remembers a pause even over an assignment
        self._client.assign([TopicPartition(*partition, offset) for partition, offset in positions.items()])
        self._assigned = set(positions)
        self._ends.clear()

    def poll(self, timeout: float, limit: int = 500) -> list[SourceEntry]:
        """Return the records that arrived, each partition in its order; wait up to `timeout` seconds for the first.

        The last record that is there at the moment is followed by an EndOfPartition at once.

        Raises
        ------
        SourceError
            The broker refuses us. Any other trouble is logged once and waited out.
        """
        messages: list[Message] = []
        try:
            messages = fetch(self._client, timeout, limit)
        except KafkaException as problem:
            self._health.record_error(ConnectionHealth.BROKERS, extract_error(problem))
        entries = [entry for message in messages if (entry := self._convert_message(message)) is not None]
        self._health.check()
        return entries + self._find_ends(entries)

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading partitions that run ahead; `poll` gives nothing of them."""
        chosen = (set(partitions) & self._assigned) - self._paused
        self._client.pause([TopicPartition(*partition) for partition in sorted(chosen)])
        self._paused |= chosen

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on where `pause` stopped."""
        chosen = set(partitions) & self._paused
        self._client.resume([TopicPartition(*partition) for partition in sorted(chosen)])
        self._paused -= chosen

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Take up partitions that were added to the topics, from their beginning, and return them."""
        if self._health.brokers_away:
            return ()
        try:
            known = {p for topic in self._topics for p in fetch_partitions(self._client, topic, RETRY_SECONDS)}
        except KafkaException as problem:
            self._health.record_error("partitions", extract_error(problem))
            return ()
        self._health.record_recovery("partitions")
        new = tuple(sorted(known - self._assigned))
        if new:
            self._client.incremental_assign([TopicPartition(*partition, OFFSET_BEGINNING) for partition in new])
            self._assigned |= set(new)
            log.info("partitions_added", partitions=new)
        return new

    @property
    def brokers_away(self) -> bool:
        """Whether a connection is known to be lost."""
        return self._health.brokers_away

    @property
    def waits_for(self) -> str:
        """What the source waits for, '' for nothing."""
        return "the broker" if self.brokers_away else ""

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        """State of the source, for heartbeats."""
        return (SourceReport("kafka", "at-least-once", self.waits_for),)

    def compute_lag(self) -> int:
        """Return how many records, as far as is known without asking the broker, `poll` has not returned yet."""
        count = 0
        for at in self._client.position([TopicPartition(*partition) for partition in sorted(self._assigned)]):
            _, high = self._client.get_watermark_offsets(at, cached=True)
            if at.offset >= 0 and high >= 0:
                count += max(0, high - at.offset)
        return count

    def is_at_end(self) -> bool:
        """Check whether the brokers answer and `poll` has returned everything that they are known to have."""
        return not self.brokers_away and self.compute_lag() == 0

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store the next offsets to be read; False, logged, if that failed (try again later)."""
        return self._offsets.store(positions)

    def close(self) -> None:
        """Leave the brokers. Nothing can be read or asked any more."""
        self._client.close()
        self._offsets.close()

    def _convert_message(self, message: Message) -> SourceEntry | None:
        error, partition = message.error(), get_partition(message)
        if error is None:
            self._health.record_recovery(partition)
            if message.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME:
                self._note_broker_stamp(partition[0])
            self._count_reset(partition, get_offset(message))
            return build_raw_record(message, self._clock)
        if error.name() == "_PARTITION_EOF":
            self._health.record_recovery(partition)
            self._count_reset(partition, get_offset(message))
            return self._report_end(partition, get_offset(message))
        if error.name() == "_AUTO_OFFSET_RESET":
            self._seek_oldest(partition, get_offset(message), error.str())
        else:
            self._health.record_error(partition, error)
        return None

    def count_removed(self, partition: Partition, offset: int, oldest: int) -> None:
        """Count the records between the offset to be read and the oldest one that Kafka has."""
        if oldest > offset >= 0 and (partition, offset) not in self.observations.removed:
            self.observations.removed[partition, offset] = oldest - offset
            log.error("records_removed_unread", partition=partition, count=oldest - offset, reason="retention")

    def _count_reset(self, partition: Partition, oldest: int) -> None:
        if self._reset_offsets:
            self.count_removed(partition, self._reset_offsets.pop(partition, oldest), oldest)

    def _note_broker_stamp(self, topic: str) -> None:
        if topic not in self.observations.broker_stamped:
            self.observations.broker_stamped.add(topic)
            log.info("broker_stamps_records", topic=topic, reason="message.timestamp.type=LogAppendTime")

    def _report_end(self, partition: Partition, offset: int) -> EndOfPartition | None:
        if self._ends.get(partition) == offset:
            return None
        self._ends[partition] = offset
        return EndOfPartition(partition, offset)

    def _find_ends(self, entries: list[SourceEntry]) -> list[SourceEntry]:
        """Return the ends that were reached by the last records.

        The broker reports them only with its next, empty answer, which would hold back live records for that long.
        """
        last = {entry.partition: entry for entry in entries}
        ends: list[SourceEntry] = []
        for partition, entry in last.items():
            if isinstance(entry, RawRecord):
                following = entry.position.offset + 1
                _, high = self._client.get_watermark_offsets(TopicPartition(*partition), cached=True)
                if 0 <= high <= following and (end := self._report_end(partition, following)):
                    ends.append(end)
        return ends

    def _seek_oldest(self, partition: Partition, offset: int, reason: str) -> None:
        log.warning("offset_out_of_range", partition=partition, offset=offset, reason=reason, now="the oldest kept")
        self._reset_offsets[partition] = offset
        self._client.incremental_unassign([TopicPartition(*partition)])
        self._client.incremental_assign([TopicPartition(*partition, OFFSET_BEGINNING)])
        self._ends.pop(partition, None)
