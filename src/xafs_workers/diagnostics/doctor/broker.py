"""The broker: whether it answers, whether its topics are there, what this account may do, and whose clock is wrong."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaException, Message, Producer

from xafs_workers import wire
from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.consumer.topic_admin import AdminRequestError, TopicFacts, describe_topics
from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_fault, report_ok, report_warning
from xafs_workers.diagnostics.doctor.ledger_topics import check_ledger_topics
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig, KafkaConfigError, read_kafka_config

TOPICS = ("control", "documents", "answers", "status", "dead_letters")
READ_TOPICS = ("control", "documents")
WRITE_ONLY_TOPICS = ("answers", "dead_letters")
OWN_TOPICS = {
    "answers": "plans that `ask` get no answer, and positions that a user picks do not reach them",
    "status": "`status` and `watch` show no worker",
    "dead_letters": "records that cannot be used are in the worker's log alone",
}
"""The topics that only the workers' own tools read, and what does not work without each."""
WORKING = "files, pictures, posts and the key store"
MAX_SKEW = 2.0
"""Clocks may differ by this much, seconds: runs are bound to scans by record times."""

ACL_TIMEOUT = 1.5
"""Longest wait for the broker to list rights, seconds; an old broker never does."""
YEAR_2001 = 1e12
"""In ms: an earlier stamp is none (the embedded broker gives such)."""
RECORD_KEY = b"doctor"
MAX_OWN_RECORDS = 5
"""So many of the newest records may be this doctor's own."""
FAR_FUTURE = 4e9
"""POSIX seconds in 2096."""


def check_broker(case: Case) -> Iterator[Finding]:
    """Find out all about the broker; after what makes the rest meaningless it stops."""
    if not (case.settings.has_kafka_documents or case.settings.has_kafka_control):
        yield report_ok("broker", "none is needed: nothing passes through Kafka")
        return
    try:
        config = read_kafka_config(case.settings.kafka)
    except KafkaConfigError as error:
        yield report_fault(
            "broker", str(error), "name the facility's file by kafka.config_file, or give kafka.bootstrap_servers"
        )
        return
    names = _list_topic_names(config, case.timeout)
    if isinstance(names, str):
        yield report_fault(
            "broker",
            f"{config.bootstrap_servers} does not answer: {names}",
            "check kafka.bootstrap_servers (or the kafka.yml), the network to it, and its security settings",
        )
        return
    yield report_ok("broker", f"{config.bootstrap_servers} answers")
    yield from _check_topics(case, names)
    there = {topic: case.settings.get_topic(topic) for topic in TOPICS if case.settings.get_topic(topic) in names}  # type: ignore[arg-type]
    facts = _describe_topics(config, list(there.values()))
    yield from _check_rights(case, config, there, facts)
    yield from _check_topic_settings({name: facts[topic] for name, topic in there.items() if topic in facts}, there)
    yield from check_ledger_topics(case, config, names)
    yield from _check_clock(case, config, there)


def _list_topic_names(config: KafkaConfig, patience: float) -> set[str] | str:
    """Return the names of all topics, or why they are not known."""
    try:
        client = Producer(config.get_admin_properties(), logger=ClientLog("doctor"))
        return set(client.list_topics(timeout=patience).topics)
    except (KafkaException, ValueError) as problem:
        return str(problem.args[0].str()) if isinstance(problem, KafkaException) else str(problem)


def _check_topics(case: Case, names: set[str]) -> Iterator[Finding]:
    topics = {topic: case.settings.get_topic(topic) for topic in TOPICS}  # type: ignore[arg-type]
    missing = [topic for topic in TOPICS if topics[topic] not in names]
    if not missing:
        yield report_ok("topics", f"all {len(TOPICS)} topics of {case.settings.beamline} are there")
        return
    needed = [topics[topic] for topic in missing if topic in READ_TOPICS]
    if needed:
        yield report_fault(
            "topics",
            f"missing: {', '.join(needed)}",
            "make them (`xafs-workers install --topics`, or ask the broker's staff), or set their names and beamline",
        )
    for topic in (topic for topic in missing if topic in OWN_TOPICS):
        yield report_warning(
            "topics",
            f"missing: {topics[topic]}; {WORKING} work without it, but {OWN_TOPICS[topic]}",
            "make it (`xafs-workers install --topics`), or ask the broker's staff to create it",
        )


def _describe_topics(config: KafkaConfig, topics: list[str]) -> dict[str, TopicFacts]:
    """Return the facts of topics that only an administrator may ask for; none if the broker does not answer."""
    try:
        return describe_topics(config, topics, ACL_TIMEOUT) if topics else {}
    except AdminRequestError:
        return {}


def _check_topic_settings(facts: Mapping[str, TopicFacts], there: Mapping[str, str]) -> Iterator[Finding]:
    """Report settings by which records disappear or get other times; unknown ones are passed over."""
    for name in (name for name in READ_TOPICS if name in facts):
        if "compact" in facts[name].config.get("cleanup.policy", ""):
            yield report_warning(
                "topic settings",
                f"{there[name]} is compacted: of records with the same key only the newest is kept",
                "let cleanup.policy be delete",
            )
    stamps = {name: facts[name].config.get("message.timestamp.type", "") for name in READ_TOPICS if name in facts}
    by_broker = [there[name] for name, kind in stamps.items() if kind == "LogAppendTime"]
    if by_broker and len(by_broker) < len(stamps):
        yield report_warning(
            "topic settings",
            f"{by_broker[0]} has the broker's record times, the other topic those of the senders",
            "use the same message.timestamp.type on both topics: runs are bound to scans by record times",
        )
    elif by_broker:
        yield report_ok("topic settings", f"the broker gives the record times of {' and '.join(by_broker)}")


def _check_rights(
    case: Case, config: KafkaConfig, there: dict[str, str], facts: Mapping[str, TopicFacts]
) -> Iterator[Finding]:
    group = f"{case.settings.beamline}.{case.role or 'doctor'}"
    for topic in (there[name] for name in READ_TOPICS if name in there):
        problem = _find_read_problem(config, topic, group if case.is_writer else "", case.timeout)
        if problem:
            what = f"READ on topic {topic}" + (f", and on group {group}" if case.is_writer else "")
            yield report_fault(
                "rights", f"{topic} cannot be read: {problem}", f"let the broker grant this account {what}"
            )
        else:
            yield report_ok("rights", f"{topic} can be read")
    for topic in _find_refused_topics(facts, [there[name] for name in WRITE_ONLY_TOPICS if name in there]):
        yield report_fault(
            "rights", f"{topic} may not be written to", f"let the broker grant this account WRITE on {topic}"
        )


def _find_read_problem(config: KafkaConfig, topic: str, group: str, patience: float) -> str:
    """Find the reason why a topic, or the offsets of a group, cannot be read; '' if both can."""
    source = KafkaSource(config, [topic], group or "xafs-workers.doctor", timeout=patience)
    try:
        source.assign({place: max(low, high - 1) for place, (low, high) in source.metadata.fetch_watermarks().items()})
        source.poll(1.0)
        if group:
            source.metadata.fetch_committed_offsets()
    except SourceError as error:
        return str(error)
    finally:
        source.close()
    return ""


def _find_refused_topics(facts: Mapping[str, TopicFacts], topics: list[str]) -> list[str]:
    """Return the topics that, by the broker's answer, this account may not write to; none without an answer."""
    allowed = {topic: facts[topic].operations for topic in topics if topic in facts}
    return [topic for topic, operations in allowed.items() if operations and not operations & {"WRITE", "ALL"}]


def _check_clock(case: Case, config: KafkaConfig, there: dict[str, str]) -> Iterator[Finding]:
    """Compare clocks, and find out by the way whether the status topic can be written to."""
    if "status" in there:
        said = _measure_broker_skew(config, there["status"], case)
        if isinstance(said, str):
            text = f"{there['status']} cannot be written to: {said}"
            yield report_fault("rights", text, f"let the broker grant this account WRITE on topic {there['status']}")
            return
        yield report_ok("rights", f"{there['status']} can be written to")
        if said is not None:
            yield _report_skew(said, "the broker's")
            return
    skew = _measure_writer_skew(case, config, tuple(there.values()))
    if skew is None:
        yield report_warning(
            "clock",
            "nothing to compare with: nobody writes to the topics now, and the broker does not stamp records itself",
            "look again while a worker or a plan runs; see `chronyc tracking` or `timedatectl` on each machine",
        )
        return
    yield _report_skew(skew, "that of those who write to the topics")


def _report_skew(skew: float, whose: str) -> Finding:
    if abs(skew) <= MAX_SKEW:
        return report_ok("clock", f"this machine's clock agrees with {whose} (difference {abs(skew):.2f} s)")
    direction = "ahead of" if skew > 0 else "behind"
    return report_fault(
        "clock",
        f"this machine's clock is {abs(skew):.0f} s {direction} {whose}; runs are bound to scans by record times",
        "synchronise the clocks (chronyd or systemd-timesyncd) here and where plans run; see `timedatectl`",
    )


def _measure_broker_skew(config: KafkaConfig, topic: str, case: Case) -> float | str | None:
    """Write a record that workers pass over; return by how much this clock is ahead of the broker's, if known.

    The text is the reason where it cannot be written.
    """
    outcome: list[float | str | None] = []

    def on_delivery(error: Any, message: Message) -> None:
        kind, stamp = (None, 0) if error is not None else message.timestamp()
        broker_time = stamp / 1000 if kind == TIMESTAMP_LOG_APPEND_TIME and stamp > YEAR_2001 else None
        outcome.append(error.str() if error is not None else None if broker_time is None else sent - broker_time)

    producer = Producer(
        {**config.get_producer_properties(), "message.timeout.ms": int(case.timeout * 1000)}, logger=ClientLog("doctor")
    )
    sent = time.time()
    body = {"host": socket.gethostname(), "time": sent, "state": "asks how the topics are"}
    try:
        producer.produce(topic, value=wire.encode("doctor", body), key=RECORD_KEY, on_delivery=on_delivery)
        producer.flush(case.timeout + 1.0)
    except KafkaException as problem:
        return problem.args[0].str()
    return outcome[0] if outcome else "no answer"


def _measure_writer_skew(case: Case, config: KafkaConfig, topics: tuple[str, ...]) -> float | None:
    """Return by how much this clock is ahead of others', None where no program writes.

    A record from the future proves a clock that is behind; one that arrives now carries its writer's time.
    """
    # A worker takes a time far in the future for none; here it is what is looked for.
    source = KafkaSource(config, topics, "xafs-workers.doctor", clock=lambda: FAR_FUTURE, timeout=case.timeout)
    try:
        ends = source.metadata.fetch_watermarks()
        newest = [_read_last_time(source, place, low, high) for place, (low, high) in ends.items()]
        latest = max((stamp for stamp in newest if stamp is not None), default=None)
        if latest is not None and latest - time.time() > MAX_SKEW:
            return time.time() - latest
        if latest is None:
            return None
        source.assign({place: high for place, (_, high) in ends.items()})
        return _wait_for_skew(source, case.listen_seconds)
    except SourceError:
        return None
    finally:
        source.close()


def _read_last_time(source: KafkaSource, place: tuple[str, int], low: int, high: int) -> float | None:
    for offset in range(high - 1, max(low, high - MAX_OWN_RECORDS) - 1, -1):
        record = source.metadata.read_record(place, offset)
        if record is not None and record.key != RECORD_KEY:
            return _read_time(record)
    return None


def _wait_for_skew(source: KafkaSource, patience: float) -> float | None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for entry in source.poll(0.2):
            if isinstance(entry, RawRecord) and entry.key != RECORD_KEY:
                return time.time() - _read_time(entry)
    return None


def _read_time(record: RawRecord) -> float:
    """Return a record's time; a heartbeat carries its writer's own, whatever the record's is taken for."""
    try:
        tag, body = wire.decode(record.value)
    except wire.DecodeError:
        return record.time
    moment = body.get("time")
    return float(moment) if tag == "status" and isinstance(moment, int | float) else record.time
