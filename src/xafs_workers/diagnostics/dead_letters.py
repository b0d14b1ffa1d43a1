"""Dead letters looked through, and file actions among them sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from xafs_workers import wire
from xafs_workers.consumer.records import EndOfPartition, Partition, RawRecord
from xafs_workers.consumer.source_interface import Source
from xafs_workers.messages.base import InvalidMessage
from xafs_workers.messages.parsing import find_owner, parse
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections

READ_TIMEOUT = 10.0
"""How long a broker may take to show what it has, seconds."""
MAX_OFFSET = 2**63
"""No offset is larger; Kafka's client cannot look for one."""


class RetryRefusedError(ValueError):
    """A dead letter whose record is not sent again; the text states why."""


class DeadLetters:
    """The dead letters of a beamline.

    Parameters
    ----------
    config
        Connection to Kafka; None: the one of the settings.

    Raises
    ------
    SourceError
        Kafka cannot be read (raised by all methods).
    """

    def __init__(self, settings: Settings, config: KafkaConfig | None = None):
        self._settings = settings
        self._connections = Connections(settings, config) if config else Connections.from_settings(settings)
        self._known_topics = {settings.get_topic("control"), settings.get_topic("documents")}

    def list_since(self, begin: float) -> list[wire.DeadLetter]:
        """Return the letters about records of this time (POSIX seconds) or later, by record time, each record once."""
        found: dict[tuple[str, str], wire.DeadLetter] = {}
        for record in self._read_all(self._settings.get_topic("dead_letters")):
            try:
                _, body = wire.decode(record.value)
                letter = wire.DeadLetter.from_dict(body)
            except wire.DecodeError:
                continue  # not written by a worker
            if letter.time >= begin:
                found[(letter.record_id, letter.worker)] = letter
        return sorted(found.values(), key=lambda letter: (letter.time, letter.record_id))

    def read_message(self, letter: wire.DeadLetter) -> Mapping[str, Any] | None:
        """Return the content of a letter's record, None where it cannot be decoded.

        The record itself, as long as the broker keeps it; else what the letter quotes.
        """
        record = self._read_record(letter)
        value = letter.excerpt if record is None else record.value
        try:
            return wire.decode(value, self._settings.kafka.max_record_bytes)[1]
        except wire.DecodeError:
            return None

    def build_retry(self, letter: wire.DeadLetter) -> dict[str, Any]:
        """Return the message to be sent again: the original, under the id under which it was answered before.

        Raises
        ------
        RetryRefusedError
            It is no file action, or would be refused again.
        """
        if letter.topic != self._settings.get_topic("control"):
            raise RetryRefusedError(
                f"{letter.record_id}: a record of {letter.topic}: only control messages are sent again"
            )
        body = self.read_message(letter)
        if body is None:
            raise RetryRefusedError(f"{letter.record_id}: cannot be decoded, or the broker no longer has it as a whole")
        try:
            message = parse(body)
        except InvalidMessage as error:
            raise RetryRefusedError(f"{letter.record_id}: would be refused again: {error}") from error
        if find_owner(body) != "file-manager":
            raise RetryRefusedError(
                f"{letter.record_id}: {message.kind}: only what the file manager does is sent again (a picture belongs"
                " to the scan that was open then: send its start message again, then its stop message with the uid)"
            )
        return {**body, "message_id": message.message_id or letter.record_id}

    def _read_record(self, letter: wire.DeadLetter) -> RawRecord | None:
        if letter.topic not in self._known_topics or not 0 <= letter.offset < MAX_OFFSET:
            return None  # no worker wrote this letter
        with self._open_source(letter.topic) as source:
            partition = (letter.topic, letter.partition)
            if partition not in source.metadata.list_partitions():
                return None
            record = source.metadata.read_record(partition, letter.offset)
        return record if record is not None and record.position.offset == letter.offset else None

    def _read_all(self, topic: str) -> Iterator[RawRecord]:
        """Yield all that a topic holds now."""
        with self._open_source(topic) as source:
            spans = source.metadata.fetch_watermarks()
            source.assign({partition: low for partition, (low, high) in spans.items() if low < high})
            ends = {partition: high for partition, (low, high) in spans.items() if low < high}
            deadline = time.monotonic() + READ_TIMEOUT
            while ends and time.monotonic() < deadline:
                for entry in source.poll(0.2):
                    if isinstance(entry, RawRecord):
                        yield entry
                    _remove_reached(ends, entry)

    @contextmanager
    def _open_source(self, topic: str) -> Iterator[Source]:
        source = self._connections.open_topics([topic], "dead-letters", timeout=READ_TIMEOUT)
        try:
            yield source
        finally:
            source.close()


def _remove_reached(ends: dict[Partition, int], entry: RawRecord | EndOfPartition) -> None:
    """Strike a partition off once its end was reached."""
    following = entry.offset if isinstance(entry, EndOfPartition) else entry.position.offset + 1
    if following >= ends.get(entry.partition, following + 1):
        del ends[entry.partition]
