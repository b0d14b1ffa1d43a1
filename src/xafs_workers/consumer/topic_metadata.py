"""Metadata of topics, asked of Kafka: partitions, watermarks, stored offsets, offsets by time."""

from __future__ import annotations

import threading
import time as time_module
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from xafs_workers.consumer.client import (
    ConnectionHealth,
    SourceError,
    check_answers,
    extract_error,
    is_fatal,
)
from xafs_workers.consumer.lookup import LookupOptions, find_first_offsets, read_first_record
from xafs_workers.consumer.records import Partition, RawRecord
from xafs_workers.logs import get_logger

T = TypeVar("T")

log = get_logger("consumer")

REQUEST_SECONDS = 5.0
"""Longest wait of the client for one answer of a broker, seconds."""
RETRY_SECONDS = 1.0
"""Pause between two attempts, and the longest wait for one while a stop must be noticed, seconds.

Not the pauses of `runtime.retry`: the client reconnects with pauses of its own, so only its answer is polled.
"""
MISSING_TOPIC_ERRORS = frozenset({"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "LEADER_NOT_AVAILABLE"})
BROKER = "a broker"


def fetch_partitions(client: Consumer, topic: str, timeout: float = REQUEST_SECONDS) -> list[Partition]:
    """Return the partitions of a topic; KafkaException where the broker does not answer or has no such topic."""
    metadata: Any = client.list_topics(topic, timeout).topics[topic]
    problems = [metadata.error, *(partition.error for partition in metadata.partitions.values())]
    error = next((problem for problem in problems if problem is not None), None)
    if error is None and not metadata.partitions:
        error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
    if error is not None:
        raise KafkaException(error)
    return [(topic, number) for number in metadata.partitions]


class TopicMetadata:
    """Answers questions about some topics with a source's client, and waits while brokers are away.

    All methods are called from the thread of the source. A question that is not answered within `options.timeout`
    seconds, or is refused, raises SourceError.
    """

    def __init__(self, client: Consumer, health: ConnectionHealth, options: LookupOptions, topics: Sequence[str]):
        self._client = client
        self._health = health
        self._options = options
        self._servers = str(options.properties["bootstrap.servers"])
        self._topics = tuple(topics)
        self._stop = threading.Event()

    def wait_for_topics(self, stop: threading.Event) -> bool:
        """Wait until a broker answers and all topics exist; False if `stop` was set before.

        Each thing waited for is logged once. No topic is created.
        """
        self._stop = stop
        logged: set[str] = set()
        self._health.set_quiet(True)
        try:
            while not stop.is_set():
                missing = self._find_missing()
                self._log_missing(missing, logged)
                if not missing:
                    return True
                stop.wait(RETRY_SECONDS)
            return False
        finally:
            self._health.set_quiet(False)

    def fetch_cluster_id(self) -> str:
        """Return the name that the cluster gave itself; a cluster that is set up again has another."""
        return self._ask_with_retry("cluster id", lambda: self._client.cluster_id(REQUEST_SECONDS))

    def list_partitions(self) -> tuple[Partition, ...]:
        """Return all partitions of the topics."""
        of_topic = (
            self._ask_with_retry(topic, lambda t=topic: fetch_partitions(self._client, t)) for topic in self._topics
        )
        return tuple(sorted(partition for some in of_topic for partition in some))

    def fetch_committed_offsets(self) -> dict[Partition, int]:
        """Return the stored offsets, of those partitions that have one."""
        asked = [TopicPartition(*partition) for partition in self.list_partitions()]
        answers = self._ask_with_retry(
            "stored offsets", lambda: check_answers(self._client.committed(asked, REQUEST_SECONDS))
        )
        return {(answer.topic, answer.partition): answer.offset for answer in answers if answer.offset >= 0}

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return of each partition the oldest offset kept and the next one to be written."""
        return {partition: self._fetch_partition_watermarks(partition) for partition in self.list_partitions()}

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Return for each partition the first offset whose record time is `time` (POSIX seconds, to the ms) or later.

        Where nothing is that late it is the high watermark. A broker that cannot look up times (the embedded one)
        has no answer for time 0 either; there the partition is read from its beginning.
        """
        # The watermarks first: what arrives meanwhile must not be skipped.
        spans = {p: self._fetch_partition_watermarks(p) for p in self.list_partitions() if p[0] == topic}
        milliseconds = max(0, round(time * 1000))
        answers = self._fetch_offsets_by_time(spans, milliseconds)
        unanswered = [p for p, (low, high) in spans.items() if answers[p] < 0 and low < high]
        at_zero = self._fetch_offsets_by_time(unanswered, 0)
        found = {p: answers[p] if answers[p] >= 0 else high for p, (_, high) in spans.items()}
        unable = {p: spans[p] for p in unanswered if at_zero[p] < 0}
        return {**found, **find_first_offsets(self._options, unable, milliseconds / 1000)}

    def read_record(self, partition: Partition, offset: int) -> RawRecord | None:
        """Return the first record at or after an offset, to learn its time; None out of range or at the end."""
        low, high = self._fetch_partition_watermarks(partition)
        return read_first_record(self._options, partition, offset) if low <= offset < high else None

    def _ask_with_retry(self, what: str, question: Callable[[], T | None]) -> T:
        deadline = time_module.monotonic() + self._options.timeout
        while True:
            try:
                answer = question()
            except KafkaException as problem:
                answer = None
                self._health.record_error(what, extract_error(problem))
                self._health.check()
            if answer is not None:
                self._health.record_recovery(what)
                return answer
            if time_module.monotonic() >= deadline or self._stop.wait(RETRY_SECONDS):
                raise SourceError(f"{what}: no answer from {self._servers}: {self._health.last_reason}")

    def _fetch_partition_watermarks(self, partition: Partition) -> tuple[int, int]:
        asked = TopicPartition(*partition)
        return self._ask_with_retry("watermarks", lambda: self._client.get_watermark_offsets(asked, REQUEST_SECONDS))

    def _fetch_offsets_by_time(self, partitions: Iterable[Partition], milliseconds: int) -> Mapping[Partition, int]:
        asked = [TopicPartition(*partition, milliseconds) for partition in partitions]
        if not asked:
            return {}
        answers = self._ask_with_retry(
            "offsets by time", lambda: check_answers(self._client.offsets_for_times(asked, REQUEST_SECONDS))
        )
        return {(answer.topic, answer.partition): answer.offset for answer in answers}

    def _find_missing(self) -> dict[str, str]:
        """Describe what is missing, a broker or topics, with the reason."""
        missing: dict[str, str] = {}
        for topic in self._topics:
            try:
                fetch_partitions(self._client, topic, RETRY_SECONDS)
            except KafkaException as problem:
                error = extract_error(problem)
                self._client.poll(0)  # serves the callback that knows why
                self._health.check()
                if is_fatal(error):
                    raise SourceError(f"{topic}: {error.str()}") from problem
                if error.name() not in MISSING_TOPIC_ERRORS:
                    return {BROKER: self._health.last_reason or error.str()}
                missing[topic] = error.str()
        return missing

    def _log_missing(self, missing: Mapping[str, str], logged: set[str]) -> None:
        for what in missing.keys() - logged:
            log.warning("waiting_for", what=what, servers=self._servers, reason=missing[what])
        for what in logged - missing.keys() if BROKER not in missing else ():
            log.info("waited_for", what=what)
        logged.intersection_update(missing if BROKER not in missing else logged)
        logged.update(missing)
