"""Records of the topics as they pass, a readable line for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xafs_workers.consumer.ordered_reader import OrderedReader
from xafs_workers.consumer.records import Partition, RawRecord
from xafs_workers.consumer.source_interface import Source
from xafs_workers.diagnostics.printable import dump_json, escape_unprintable, format_time
from xafs_workers.messages.base import InvalidMessage
from xafs_workers.messages.documents import InvalidDocument, check_document
from xafs_workers.messages.parsing import parse
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.wire import DecodeError, decode

MAX_LENGTH = 160
"""Characters of a line's last part, unless all is asked for."""
UID_LENGTH = 8
"""Characters of a uid that are shown."""

RecordFormatter = Callable[[Mapping[str, Any]], str]


def watch(
    settings: Settings, stop: threading.Event, *, workers: bool = False, since: float | None = None, full: bool = False
) -> Iterator[str]:
    """Yield a line for each record as it passes, in the order of record times, until `stop` is set.

    Parameters
    ----------
    workers
        Also what workers say: answers, dead letters, heartbeats.
    since
        Begin with what is that old (POSIX seconds).
    full
        Whole messages and documents.
    """
    names = ["control", "documents", *(["answers", "dead_letters", "status"] if workers else [])]
    topics = {settings.get_topic(name): name for name in names}  # type: ignore[arg-type]
    source = Connections.from_settings(settings).open_topics(list(topics), "watch")
    try:
        if not source.metadata.wait_for_topics(stop):
            return
        ends = {partition: high for partition, (_, high) in source.metadata.fetch_watermarks().items()}
        positions = ends if since is None else _find_positions(source, topics, since)
        reader = OrderedReader(source)
        source.assign(positions)
        reader.begin(positions, ends)
        while not stop.is_set():
            for record in reader.take(0.2):
                yield format_record(record, topics[record.position.topic], settings, full=full)
    finally:
        source.close()


def _find_positions(source: Source, topics: Mapping[str, str], since: float) -> dict[Partition, int]:
    return {place: offset for topic in topics for place, offset in source.metadata.find_offsets(topic, since).items()}


def format_record(record: RawRecord, topic: str, settings: Settings, *, full: bool = False) -> str:
    """Return a record as a line: when, where, what; nothing in it can reach the terminal as a command."""
    at = format_time(record.time, "%H:%M:%S.%f")[:-3]
    try:
        content = _format_content(record, topic, settings, full=full)
    except Exception as error:  # noqa: BLE001 - one strange record must not end the tool
        content = f"UNREADABLE {type(error).__name__}: {error!s:.80}"
    return escape_unprintable(f"{at} {topic.replace('_', '-'):<12} {content}")


def _format_content(record: RawRecord, topic: str, settings: Settings, *, full: bool) -> str:
    try:
        name, body = decode(record.value, settings.kafka.max_record_bytes)
    except DecodeError as error:
        return f"UNDECODABLE {error}"
    if topic == "control":
        return _format_message(body, full=full)
    if topic == "documents":
        return _format_document(name, body, full=full)
    return (
        _clip_text(_WORKER_FORMATTERS.get(name, _format_fields)(body), full=full) if not full else _format_fields(body)
    )


def _format_message(body: Mapping[str, Any], *, full: bool) -> str:
    try:
        message = parse(body)
    except InvalidMessage as error:
        return _clip_text(f"REFUSED {error}: {_format_fields(body)}", full=full)
    rest = {name: value for name, value in body.items() if name != message.kind}
    head = " ".join(part for part in (message.kind, message.action or _format_value(body.get(message.kind))) if part)
    return f"{head:<24} {_clip_text(_format_fields(rest), full=full)}".rstrip()


def _format_document(name: str, body: Mapping[str, Any], *, full: bool) -> str:
    try:
        check_document(name, body)
    except InvalidDocument as error:
        return _clip_text(f"{name} REFUSED {error}", full=full)
    if full:
        return f"{name} {_format_fields(body)}"
    return f"{name:<12} {_clip_text(_DOCUMENT_FORMATTERS.get(name, _format_fields)(body), full=False)}".rstrip()


def _format_start(doc: Mapping[str, Any]) -> str:
    parts = {"plan": doc.get("plan_name"), "motors": doc.get("motors"), "session": doc.get("data_session")}
    hint = doc.get("BMM_kafka")
    parts["hint"] = hint.get("hint") if isinstance(hint, Mapping) else None
    fields = _format_fields({name: value for name, value in parts.items() if not _is_empty(value)})
    return f"run {_truncate_uid(doc['uid'])} #{doc.get('scan_id', '?')} {fields}"


def _format_descriptor(doc: Mapping[str, Any]) -> str:
    keys = ", ".join(map(str, doc.get("data_keys", {})))
    return f"run {_truncate_uid(doc['run_start'])} stream {doc.get('name', 'primary')}: {keys}"


def _format_event(doc: Mapping[str, Any]) -> str:
    return f"#{doc.get('seq_num', '?')} {_format_fields(doc.get('data', {}))}"


def _format_stop(doc: Mapping[str, Any]) -> str:
    details = {"events": doc.get("num_events"), "reason": doc.get("reason")}
    fields = _format_fields({name: value for name, value in details.items() if not _is_empty(value)})
    return f"run {_truncate_uid(doc['run_start'])} {doc.get('exit_status')} {fields}"


def _format_answer(body: Mapping[str, Any]) -> str:
    if "click" in body:
        return f"click {_format_fields(body['click'])}"
    details = {name: body.get(name) for name in ("value", "paths", "reason") if not _is_empty(body.get(name))}
    subject = f"{body.get('worker')}: {body.get('kind')} {body.get('action')}"
    return f"{subject} {body.get('state')} {_format_fields(details)}"


def _format_dead_letter(body: Mapping[str, Any]) -> str:
    return f"{body.get('worker')}: {body.get('outcome')} {body.get('topic')}/{body.get('offset')}: {body.get('reason')}"


def _format_heartbeat(body: Mapping[str, Any]) -> str:
    names = ("waits_for", "behind", "open_scans")
    details = {name: body.get(name) for name in names if not _is_empty(body.get(name))}
    return f"{body.get('worker')} on {body.get('host')}: {body.get('state')} {_format_fields(details)}"


_DOCUMENT_FORMATTERS: dict[str, RecordFormatter] = {
    "start": _format_start,
    "descriptor": _format_descriptor,
    "event": _format_event,
    "stop": _format_stop,
}
_WORKER_FORMATTERS: dict[str, RecordFormatter] = {
    "answer": _format_answer,
    "dead-letter": _format_dead_letter,
    "status": _format_heartbeat,
}


def _format_fields(content: Any) -> str:
    if not isinstance(content, Mapping):
        return _format_value(content)
    return " ".join(f"{name}={_format_value(value)}" for name, value in content.items())


def _format_value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.isprintable() and " " not in value and value:
        return value
    if isinstance(value, Sequence | Mapping) or value is None or isinstance(value, bool):
        return dump_json(value)
    return str(value)


def _is_empty(value: Any) -> bool:
    """Check whether a value has nothing to show; the truth of an array would raise."""
    return value is None or (isinstance(value, str | list | dict | int | float) and not value)


def _truncate_uid(uid: Any) -> str:
    return str(uid)[:UID_LENGTH]


def _clip_text(text: str, *, full: bool) -> str:
    return text if full or len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"
