"""One record of a session, and its line of JSON in a recording."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from xafs_workers.recording.json_codec import BYTES, InexactValueError, from_json, to_json
from xafs_workers.wire import DecodeError, decode, encode

Topic = Literal["control", "documents"]
TOPICS: tuple[Topic, ...] = ("control", "documents")
FORMAT_MARK = "xafs-workers"
FORMAT_VERSION = 1
PLAIN_TAG = "bmm"
EMPTY_NAME_BYTES = 2
"""Number of bytes that `encode` writes before the mapping of a message with an empty name: list of two, empty text."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a session.

    Attributes
    ----------
    time
        Record time, POSIX seconds; in the plain form the time of the documents.
    topic
        Topic of the record: ``control`` or ``documents``.
    name, body
        Tag of a message or name of a document ('' for a bare mapping), and its content; body is None if the value
        cannot be decoded.
    raw
        Received bytes of a value that must be sent again unchanged; without body and raw the record has no value.
    key, partition, offset
        Kafka key, partition and offset of the record; -1 if unknown.
    line
        Line number in the file; 0 for a record that was not read from a file.
    """

    time: float
    topic: Topic
    name: str = ""
    body: Mapping[str, Any] | None = None
    raw: bytes | None = field(default=None, repr=False)
    key: bytes | None = None
    partition: int = -1
    offset: int = -1
    line: int = 0

    def encode_value(self) -> bytes | None:
        """Encode the value for Kafka; None for a record without a value."""
        if self.raw is not None or self.body is None:
            return self.raw
        packed = encode(self.name, self.body)
        return packed if self.name else packed[EMPTY_NAME_BYTES:]


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a recording in our own form.

    Attributes
    ----------
    started
        Begin of the recording, POSIX seconds.
    topics
        Names of the topics at the time of the recording.
    tag
        Name that marked the control messages.
    """

    started: float = 0.0
    topics: Mapping[str, str] = field(default_factory=dict)
    tag: str = PLAIN_TAG

    def to_line(self) -> str:
        """Convert the header to its line of JSON, without the line break."""
        content = {FORMAT_MARK: "recording", "version": FORMAT_VERSION, "started": self.started, "tag": self.tag}
        return json.dumps({**content, "topics": dict(self.topics)})


def to_line(record: Record) -> str:
    """Convert a record to its line of JSON, without the line break.

    A value that JSON cannot hold exactly is written as the received bytes.
    """
    position = {"time": record.time, "topic": record.topic, "partition": record.partition, "offset": record.offset}
    key = _encode_key(record.key)
    if record.body is not None:
        try:
            body = to_json(record.body)
            return json.dumps({**position, "key": key, "name": record.name, "body": body}, allow_nan=False)
        except InexactValueError:
            pass
    value = record.encode_value()
    raw = None if value is None else to_json(value)[BYTES]
    return json.dumps({**position, "key": key, "raw": raw}, allow_nan=False)


def _encode_key(key: bytes | None) -> Any:
    try:
        return None if key is None else key.decode("utf-8")
    except UnicodeDecodeError:
        return to_json(key)


def parse_own_form(content: Any) -> Record:
    """Parse the content of a line in our own form into a record.

    Raises
    ------
    ValueError
        A field is missing or wrong; the text names it.
    """
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise ValueError(f"line: invalid content of type {kind} (expected an object with time, topic, name and body)")
    topic, key = content.get("topic"), content.get("key")
    if topic not in TOPICS:
        raise ValueError(f"field 'topic': unknown value {topic!r:.40} (expected one of {', '.join(TOPICS)})")
    if not (key is None or isinstance(key, str | bytes)):
        raise ValueError(f"field 'key': invalid value {key!r:.40} (expected text or null)")
    bare = Record(
        _parse_seconds(content.get("time")),
        topic,
        key=key.encode("utf-8") if isinstance(key, str) else key,
        partition=_parse_integer(content, "partition"),
        offset=_parse_integer(content, "offset"),
    )
    if "raw" in content:
        return _parse_raw(bare, content["raw"])
    name, body = content.get("name"), content.get("body")
    if not isinstance(name, str) or not isinstance(body, dict) or not all(isinstance(part, str) for part in body):
        raise ValueError("fields 'name' and 'body': missing or invalid (expected text and an object, or field 'raw')")
    return replace(bare, name=name, body=body)


def _parse_seconds(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"field 'time': invalid value {value!r:.40} (expected seconds)")
    return float(value)


def _parse_integer(content: dict[str, Any], name: str) -> int:
    value = content.get(name, -1)
    if type(value) is not int:
        raise ValueError(f"field {name!r}: invalid value {value!r:.40} (expected a whole number)")
    return value


def _parse_raw(bare: Record, text: Any) -> Record:
    if text is None:
        return bare
    try:
        raw = from_json({BYTES: text})
    except ValueError as error:
        raise ValueError(f"field 'raw': {error} (expected base64 or null)") from error
    try:
        name, body = decode(raw)
    except DecodeError:
        return replace(bare, raw=raw)
    return replace(bare, name=name, body=body, raw=raw)


def parse_plain_form(content: Any) -> Record:
    """Parse the content of a line in the plain form into a record; its time is NaN until `Session` sets it.

    Raises
    ------
    ValueError
        The content is not ``[name, document]``.
    """
    if not isinstance(content, list) or len(content) != 2:
        raise ValueError(f"line: invalid content of type {type(content).__name__} (expected [name, document])")
    name, body = content
    if not isinstance(name, str) or not isinstance(body, dict):
        kinds = f"[{type(name).__name__}, {type(body).__name__}]"
        raise ValueError(f"line: invalid content of types {kinds} (expected [name, document])")
    return Record(math.nan, "control" if name == PLAIN_TAG else "documents", name, body)


def find_document_time(name: str, body: Mapping[str, Any]) -> float | None:
    """Find the time of a document, POSIX seconds (the latest time of a page); None without one."""
    time = body.get("time")
    times: list[Any] = time if name == "event_page" and isinstance(time, list) else [time]
    found = [float(one) for one in times if type(one) in (int, float) and math.isfinite(one)]
    return max(found, default=None)
