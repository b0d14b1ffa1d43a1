"""Parser of records: from bytes to a control message or a document, or the reason of its rejection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xafs_workers.consumer.roles import Role, TopicName
from xafs_workers.consumer.source import RawRecord
from xafs_workers.messages.base import InvalidMessage, UnknownKind
from xafs_workers.messages.documents import InvalidDocument, check_document
from xafs_workers.messages.parsing import find_owner, parse
from xafs_workers.scans.items import Document, ReceivedMessage
from xafs_workers.settings import Settings
from xafs_workers.wire import DecodeError, decode


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that cannot be used.

    Attributes
    ----------
    outcome
        ``undecodable``, ``unknown``, ``invalid`` or ``failed``.
    owner
        Name of the role that owns the kind, '' where the kind is not known.
    """

    topic: TopicName
    outcome: str
    reason: str
    kind: str = ""
    field: str = ""
    owner: str = ""

    def is_owned_by(self, role: Role) -> bool:
        """Check whether this role is the one that turns it into a dead letter."""
        return self.owner == role.name if self.owner else self.topic in role.dead_letter_topics


class RecordParser:
    """Knows which topic is which: only the control topic carries control messages, only the other one documents."""

    def __init__(self, settings: Settings):
        self.control_topic = settings.get_topic("control")
        self._tags = ("", settings.kafka.tag)
        self._limit = settings.kafka.max_record_bytes

    def parse_record(self, record: RawRecord) -> ReceivedMessage | Document | RejectedRecord:
        """Parse a record into an item; a record that cannot be parsed is returned as rejected."""
        topic: TopicName = "control" if record.position.topic == self.control_topic else "documents"
        body: dict[str, Any] = {}
        try:
            name, body = decode(record.value, self._limit)
            if topic == "documents":
                check_document(name, body)
                return Document(name, body, record.time, record.position, record.is_replayed)
            if name not in self._tags:
                return RejectedRecord(
                    topic, "unknown", f"{name!r:.60} on the control topic (expected {self._tags[1]!r})"
                )
            return ReceivedMessage(parse(body), record.time, record.position)
        except DecodeError as error:
            return RejectedRecord(topic, "undecodable", str(error))
        except InvalidDocument as error:
            return RejectedRecord(topic, "invalid", str(error), error.name, error.field)
        except UnknownKind as error:
            return RejectedRecord(topic, "unknown", str(error))
        except InvalidMessage as error:
            return RejectedRecord(topic, "invalid", str(error), error.kind, error.field, find_owner(body))
