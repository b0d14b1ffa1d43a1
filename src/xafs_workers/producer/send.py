"""Sending of control messages from a beamline's session."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xafs_workers import configuration, wire
from xafs_workers import settings as settings_module
from xafs_workers.logs import configure_logging_once, get_logger
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.delivery import EXIT_TIMEOUT, DeliveryError
from xafs_workers.producer.direct import DirectSender
from xafs_workers.producer.kafka_config import KafkaConfig, read_kafka_config

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

log = get_logger("producer")

FULL_QUEUE_TIMEOUT = 5.0
"""How long `send` waits for space in the client's queue, seconds."""


class ControlSender:
    """Sender of control messages in order, all with the constant key of the settings.

    Parameters
    ----------
    settings
        Settings with topic, tag and key.
    config
        Kafka configuration; without it that of the settings.
    """

    def __init__(self, settings: settings_module.Settings, config: KafkaConfig | None = None):
        from confluent_kafka import Producer

        self.topic = settings.get_topic("control")
        self._tag = settings.kafka.tag
        self._key = settings.kafka.key
        config = config or read_kafka_config(settings.kafka)
        # One request at a time: a retried one must not arrive after the next.
        properties = {"max.in.flight.requests.per.connection": 1, **config.get_producer_properties()}
        self._producer = Producer(properties, logger=ClientLog("producer"))
        self._failures: list[str] = []
        self._lock = threading.Lock()

    def send(self, message: Mapping[str, Any], *, timestamp_ms: int | None = None) -> None:
        """Queue a control message; it is delivered in the background.

        Parameters
        ----------
        message
            Mapping that msgpack can encode; numpy arrays and numbers are allowed.
        timestamp_ms
            Record time, milliseconds since 1970; None for now.

        Raises
        ------
        TypeError, ValueError
            The message cannot be encoded.
        DeliveryError
            The queue stayed full.
        """
        self._enqueue_with_retry(wire.encode(self._tag, message), timestamp_ms or 0)
        self._producer.poll(0)

    def flush(self, timeout: float = EXIT_TIMEOUT) -> None:
        """Wait until all messages are delivered.

        Raises
        ------
        DeliveryError
            A message was refused since the last flush, or some are still waiting after `timeout` seconds.
        """
        waiting = self._producer.flush(timeout)
        with self._lock:
            failures, self._failures = self._failures, []
        reasons = [f"{waiting} still waiting after {timeout:g} s"] if waiting else []
        if failures:
            reasons.append(f"{len(failures)} refused, first: {failures[0]}")
        if reasons:
            raise DeliveryError(f"control messages to {self.topic}: " + "; ".join(reasons))

    def _enqueue_with_retry(self, value: bytes, timestamp: int) -> None:
        try:
            self._enqueue(value, timestamp)
        except BufferError:
            self._producer.poll(FULL_QUEUE_TIMEOUT)
            try:
                self._enqueue(value, timestamp)
            except BufferError as error:
                raise DeliveryError(f"control messages to {self.topic}: the queue stays full: {error}") from error

    def _enqueue(self, value: bytes, timestamp: int) -> None:
        self._producer.produce(
            self.topic, value=value, key=self._key, timestamp=timestamp, on_delivery=self._on_delivery
        )

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            return
        log.error("control_message_not_delivered", topic=self.topic, reason=error.str())
        with self._lock:
            self._failures.append(error.str())


def open_sender(settings: settings_module.Settings, config: KafkaConfig | None = None) -> ControlSender | DirectSender:
    """Return the sender that the settings name.

    Parameters
    ----------
    config
        Kafka configuration; without it that of the settings.

    Raises
    ------
    RequestError
        There is neither Kafka nor another way for control messages.
    """
    configure_logging_once()
    return ControlSender(settings, config) if settings.has_kafka_control else DirectSender(settings)


_sender: ControlSender | DirectSender | None = None
_sender_lock = threading.Lock()


def kafka_message(message: Mapping[str, Any]) -> None:
    """Send a control message with the settings of this machine; the first call connects.

    Undelivered messages are flushed when the interpreter exits.
    """
    _get_shared_sender().send(message)


def flush(timeout: float = EXIT_TIMEOUT) -> None:
    """Wait until all messages of `kafka_message` are delivered; raise as `ControlSender.flush` does."""
    _get_shared_sender().flush(timeout)


def _get_shared_sender() -> ControlSender | DirectSender:
    global _sender
    with _sender_lock:
        if _sender is None:
            _sender = open_sender(configuration.load())
            atexit.register(_flush_at_exit, _sender)
    return _sender


def _flush_at_exit(sender: ControlSender | DirectSender) -> None:
    try:
        sender.flush(EXIT_TIMEOUT)
    except DeliveryError as error:
        log.error("control_messages_lost", reason=str(error))
