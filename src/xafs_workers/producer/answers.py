"""Reading of workers' answers to a session's messages from the answers topic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xafs_workers import settings as settings_module
from xafs_workers import wire
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig, read_kafka_config

if TYPE_CHECKING:
    from confluent_kafka import TopicPartition

REQUEST_SECONDS = 5.0
"""Longest time that the broker may take for one request, seconds."""
POLL_SECONDS = 0.1
RETRY_SECONDS = 0.2
FINAL_STATES = ("done", "failed", "value")

_CONSUMER_PROPERTIES: Mapping[str, Any] = {
    "group.id": "xafs-workers.asking",  # required by the client; no offset is ever stored under it
    "enable.auto.commit": "false",
    "auto.offset.reset": "earliest",  # if old records were deleted meanwhile, no awaited answer is among them
    "allow.auto.create.topics": "false",
}


class NoAnswer(RuntimeError):
    """Missing answer, or an answer without a value: the requested value is unknown.

    Attributes
    ----------
    answer
        Last answer of the worker, None if none was received.
    """

    def __init__(self, reason: str, answer: wire.Answer | None = None):
        super().__init__(reason)
        self.answer = answer


class AnswerListener:
    """Listener for answers from a given moment on, for use by one thread at a time.

    Parameters
    ----------
    settings
        Settings with the name of the answers topic.
    config
        Kafka configuration; without it that of the settings.
    """

    def __init__(self, settings: settings_module.Settings, config: KafkaConfig | None = None):
        from confluent_kafka import Consumer

        self.topic = settings.get_topic("answers")
        config = config or read_kafka_config(settings.kafka)
        properties = {"fetch.wait.max.ms": 50, **config.get_consumer_properties(), **_CONSUMER_PROPERTIES}
        self._client = Consumer(properties, logger=ClientLog("producer"))
        self._accepted: wire.Answer | None = None
        self._timeout, self._deadline = 0.0, 0.0

    def begin(self, timeout: float) -> None:
        """Start listening: answers published after this returns are received, for `timeout` seconds.

        Raises
        ------
        NoAnswer
            The topic does not exist, or no broker answered within `timeout` seconds.
        """
        from confluent_kafka import KafkaException

        self._timeout, self._deadline = timeout, time.monotonic() + timeout
        self._accepted = None
        while True:
            try:
                self._client.assign([self._find_end(number) for number in self._list_partitions()])
                return
            except KafkaException as problem:
                # A broker may restart or a partition move. Nothing was sent yet, so a retry is harmless.
                if time.monotonic() + RETRY_SECONDS >= self._deadline:
                    reason = problem.args[0].str()
                    raise NoAnswer(f"{self.topic} cannot be read, nothing was sent: {reason}") from problem
            self._client.poll(RETRY_SECONDS)

    def wait(self, message_id: str) -> wire.Answer:
        """Wait for the final answer to a message, also a failure, and return it.

        Raises
        ------
        NoAnswer
            No final answer was received in the time given to `begin`.
        """
        while (left := self._deadline - time.monotonic()) > 0:
            answer = self._poll_answer(message_id, min(left, POLL_SECONDS))
            if answer is not None and answer.state in FINAL_STATES:
                return answer
            self._accepted = answer or self._accepted
        how = f"accepted by {self._accepted.worker}, but not done" if self._accepted else "no worker answered"
        raise NoAnswer(f"message {message_id}: {how} within {self._timeout:g} s", self._accepted)

    def end(self) -> None:
        """Stop listening until the next `begin`."""
        self._client.unassign()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _list_partitions(self) -> list[int]:
        from confluent_kafka import KafkaException

        found = self._client.list_topics(self.topic, timeout=self._compute_remaining_seconds()).topics[self.topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _find_end(self, number: int) -> TopicPartition:
        from confluent_kafka import TopicPartition

        at = TopicPartition(self.topic, number)
        # A number, not the logical end: the broker would look that up only with the first fetch.
        _, high = self._client.get_watermark_offsets(at, timeout=self._compute_remaining_seconds())
        return TopicPartition(self.topic, number, high)

    def _poll_answer(self, message_id: str, timeout: float) -> wire.Answer | None:
        record = self._client.poll(timeout)
        if record is None or record.error() is not None:
            return None  # a broker's error passes, or the time runs out
        try:
            tag, body = wire.decode(record.value())
            answer = wire.Answer.from_dict(body) if tag == "answer" and body.get("message_id") == message_id else None
        except wire.DecodeError:
            return None
        return answer

    def _compute_remaining_seconds(self) -> float:
        return max(0.05, min(REQUEST_SECONDS, self._deadline - time.monotonic()))
