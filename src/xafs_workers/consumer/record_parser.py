"""Parser of records: from bytes to a control message or a document, or the reason of its rejection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.consumer.records import RECORDING_TOPIC, StampedMessage
from xafs_workers.consumer.roles import Role, TopicName
from xafs_workers.consumer.source import RawRecord
from xafs_workers.messages.base import MAX_ID_LENGTH, InvalidMessage, UnknownKind
from xafs_workers.messages.documents import InvalidDocument, check_document
from xafs_workers.messages.parsing import find_owner, parse
from xafs_workers.scans.items import Document, ReceivedMessage
from xafs_workers.settings import Settings
from xafs_workers.wire import DecodeError, decode

MAX_ACTION_LENGTH = 80
"""Number of characters of the longest action that the answer to an unusable message repeats."""


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that cannot be used.

    Attributes
    ----------
    outcome
        ``undecodable``, ``unknown``, ``invalid`` or ``failed``.
    owner
        Name of the role that owns the kind, '' where the kind is not known.
    action
        Action of a control message, '' where it names none.
    message_id
        Id under which its sender waits for an answer, '' for none.
    """

    topic: TopicName
    outcome: str
    reason: str
    kind: str = ""
    field: str = ""
    owner: str = ""
    action: str = ""
    message_id: str = ""

    def is_owned_by(self, role: Role) -> bool:
        """Check whether this role is the one that turns it into a dead letter."""
        return self.owner == role.name if self.owner else self.topic in role.dead_letter_topics


class RecordParser:
    """Knows which topic is which: only the control topic, and a recording, carry control messages."""

    def __init__(self, settings: Settings):
        self.control_topic = settings.get_topic("control")
        self._tags = ("", settings.kafka.tag)
        self._limit = settings.kafka.max_record_bytes

    def parse_record(self, record: RawRecord) -> ReceivedMessage | Document | RejectedRecord:
        """Parse a record into an item; a record that cannot be parsed is returned as rejected."""
        if record.problem:
            return RejectedRecord("documents", "undecodable", record.problem)
        if record.position.topic == self.control_topic:
            return self._parse_message(record)
        try:
            name, body = decode(record.value, self._limit)
            if name == self._tags[1] and record.position.topic == RECORDING_TOPIC:
                return self._parse_message(record)
            check_document(name, body)
        except DecodeError as error:
            return RejectedRecord("documents", "undecodable", str(error))
        except InvalidDocument as error:
            return RejectedRecord("documents", "invalid", str(error), error.name, error.field)
        return Document(name, body, record.time, record.position, record.is_replayed)

    def _parse_message(self, record: RawRecord) -> ReceivedMessage | RejectedRecord:
        try:
            name, body = decode(record.value, self._limit)
        except DecodeError as error:
            return RejectedRecord("control", "undecodable", str(error))
        message_id = _find_message_id(body)
        if name not in self._tags:
            reason = f"{name!r:.60} on the control topic (expected {self._tags[1]!r})"
            return RejectedRecord("control", "unknown", reason, message_id=message_id)
        try:
            message = parse(body)
        except UnknownKind as error:
            return RejectedRecord("control", "unknown", str(error), message_id=message_id)
        except InvalidMessage as error:
            owner, action = find_owner(body), body.get(error.kind)
            name = action if isinstance(action, str) and len(action) <= MAX_ACTION_LENGTH else ""
            return RejectedRecord("control", "invalid", str(error), error.kind, error.field, owner, name, message_id)
        return StampedMessage(message, record.time, record.position, record.is_replayed, record.stamp_ms)


def _find_message_id(body: Mapping[str, Any]) -> str:
    """Return the sender's id of a message that cannot be used, '' where it has none that can be answered."""
    given = body.get("message_id")
    return given if isinstance(given, str) and len(given) <= MAX_ID_LENGTH else ""
