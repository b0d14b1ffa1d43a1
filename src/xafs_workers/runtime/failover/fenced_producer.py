"""Transactions on Kafka under a name that only the newest producer may use: the older ones are fenced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from xafs_workers.consumer.client import get_offset
from xafs_workers.consumer.publisher import EncodedRecord
from xafs_workers.logs import get_logger
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig

log = get_logger("workers")

TRANSACTION_SECONDS = 20.0
"""Time after which the broker aborts a transaction that is not ended, and fences its producer, seconds."""
INIT_SECONDS = 2.0
"""Longest wait for one answer to a claim, seconds; it is asked again."""
UNSENDABLE_ERRORS = frozenset(
    {"MSG_SIZE_TOO_LARGE", "TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"}
)
"""Errors of a record for another topic that no repetition mends: it is left out, logged and counted."""


class LeadershipLost(RuntimeError):
    """Kafka refuses the transactions of this instance: another one has taken over, or it has no right to them."""


def build_producer_properties(config: KafkaConfig, transactional_id: str) -> dict[str, Any]:
    """Return the properties of a transactional producer: of the facility's only security, brokers and size."""
    size = {key: value for key, value in config.producer.items() if key == "message.max.bytes"}
    return {
        **config.get_admin_properties(),
        **size,
        "transactional.id": transactional_id,
        "transaction.timeout.ms": int(TRANSACTION_SECONDS * 1000),
        "linger.ms": 0,
    }


class FencedProducer:
    """Producer that commits records in transactions; one thread uses it.

    Parameters
    ----------
    connect
        Makes the client.
    topic
        The ledger topic.
    on_lost
        Called with topic and reason for a record of another topic that cannot be sent.
    """

    def __init__(self, connect: Callable[[], Any], topic: str, on_lost: Callable[[str, KafkaError], object]):
        self._client, self._topic, self._on_lost = connect(), topic, on_lost
        self._offset = -1
        self._unsendable: set[int] = set()

    @classmethod
    def from_config(
        cls, config: KafkaConfig, topic: str, on_lost: Callable[[str, KafkaError], object]
    ) -> FencedProducer:
        """Build a producer whose transactions have the name of the ledger topic."""
        properties = build_producer_properties(config, topic)
        return cls(lambda: Producer(properties, logger=ClientLog("workers")), topic, on_lost)

    def fence_others(self, stop: threading.Event, on_turn: Callable[[], object]) -> bool:
        """End the transactions of all other producers of this name; False if `stop` was set before.

        Raises
        ------
        LeadershipLost
            Kafka refuses, for example because this account may not use the name.
        """
        while not stop.is_set():
            try:
                self._client.init_transactions(INIT_SECONDS)
            except KafkaException as problem:
                error: KafkaError = problem.args[0]
                if not error.retriable():
                    raise _build_lost(error) from problem
                on_turn()
                stop.wait(0.1)
            else:
                return True
        return False

    def commit(self, records: Sequence[EncodedRecord]) -> int:
        """Commit records, however long it takes; return the offset of the last one in the ledger topic.

        A transaction that failed is aborted and made again with the same records.

        Raises
        ------
        LeadershipLost
            Another instance has taken over. Whether these records are committed is known from the topic only.
        """
        self._unsendable.clear()
        while True:
            try:
                self._client.begin_transaction()
                self._produce(records)
                self._repeat(self._client.commit_transaction)
            except KafkaException as problem:
                error: KafkaError = problem.args[0]
                if not error.txn_requires_abort():
                    raise _build_lost(error) from problem
                log.warning("transaction_repeated", reason=error.str())
                self._abort()
            else:
                return self._offset

    def _produce(self, records: Sequence[EncodedRecord]) -> None:
        for number, record in enumerate(records):
            if number in self._unsendable:
                continue
            try:
                self._client.produce(
                    record.topic, value=record.value, key=record.key, on_delivery=self._build_report(number, record)
                )
            except KafkaException as problem:
                if not self._note_unsendable(number, record, problem.args[0]):
                    raise
        self._client.poll(0)

    def _build_report(self, number: int, record: EncodedRecord) -> Callable[[KafkaError | None, Message], None]:
        def report(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._note_unsendable(number, record, error)
            elif record.topic == self._topic:
                self._offset = max(self._offset, get_offset(message))

        return report

    def _note_unsendable(self, number: int, record: EncodedRecord, error: KafkaError) -> bool:
        """Leave a record of another topic out of the next attempt; return whether it can never be sent."""
        if record.topic == self._topic or error.name() not in UNSENDABLE_ERRORS:
            return False
        if number not in self._unsendable:
            self._unsendable.add(number)
            self._on_lost(record.topic, error)
        return True

    def _repeat(self, call: Callable[[], object]) -> None:
        """Call a function of the client until it has an outcome; it waits for the time of a transaction at most."""
        while True:
            try:
                call()
            except KafkaException as problem:
                if not problem.args[0].retriable():
                    raise
            else:
                return

    def _abort(self) -> None:
        try:
            self._repeat(self._client.abort_transaction)
        except KafkaException as problem:
            raise _build_lost(problem.args[0]) from problem


def _build_lost(error: KafkaError) -> LeadershipLost:
    return LeadershipLost(f"{error.name()}: {error.str()}")
