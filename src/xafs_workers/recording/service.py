"""Record, check and replay sessions: entry points that connect files, Kafka clients and clocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.recording.pace import Clock, FastPacer, Pacer, ScaledPacer
from xafs_workers.recording.progress import show_progress
from xafs_workers.recording.record import TOPICS, Header, Record, Topic
from xafs_workers.recording.recorder import Recorder, RecordingSummary
from xafs_workers.recording.replayer import PRODUCER_DEFAULTS, Replayer, ReplaySummary, ReplayTarget
from xafs_workers.recording.rewrite import FolderRedirect, FreshUids
from xafs_workers.recording.session import Session, SessionWriter
from xafs_workers.recording.validation import ValidationReport, validate_session
from xafs_workers.settings import Settings

log = get_logger("recording")

TOPIC_TIMEOUT = 10.0
"""Longest wait for a topic to exist, seconds."""
OVERLAP_TIMEOUT = 60.0
"""Longest time a fast replay waits so that its record times begin after the records on the topics, seconds."""


class KafkaUnreachableError(RuntimeError):
    """Error of a replay that cannot reach its broker or topic; the text contains which one, and the reason."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Options of a replay.

    Attributes
    ----------
    speed
        Factor by which the replay is faster than the recording; None for as fast as possible.
    longest_gap
        Longest gap, seconds; longer recorded gaps are shortened to it (before they are divided by the speed).
    strict
        Whether to refuse a recording also because of warnings.
    force
        Whether to replay a recording even with errors.
    fresh_uids
        Whether all runs, descriptors, events and resources get new uids.
    data_session, cycle
        Data session and cycle of the proposal that receives the files; None for the recorded one.
    """

    speed: float | None = None
    longest_gap: float = 30.0
    strict: bool = False
    force: bool = False
    fresh_uids: bool = False
    data_session: str | None = None
    cycle: str | None = None

    def should_refuse(self, found: ValidationReport) -> bool:
        """Decide whether to refuse a recording with these problems."""
        return not self.force and bool(
            found.severity_counts["error"] or (self.strict and found.severity_counts["warning"])
        )


def build_topic_names(settings: Settings) -> dict[Topic, str]:
    """Build the names of the control and the documents topic of this beamline."""
    return {which: settings.get_topic(which) for which in TOPICS}


def check(session: Session, options: ReplayOptions, stop: Event, *, terminal: bool = False) -> ValidationReport:
    """Check a whole recording, or as much as is read until `stop` is set."""
    from xafs_workers.messages.parsing import parse

    with show_progress("checking", None, terminal=terminal) as progress:

        def on_record(record: Record) -> bool:
            progress(record)
            return not stop.is_set()

        return validate_session(
            session, parse, longest_gap=options.longest_gap, collect_uids=options.fresh_uids, on_record=on_record
        )


def replay(
    session: Session,
    found: ValidationReport,
    settings: Settings,
    options: ReplayOptions,
    stop: Event,
    *,
    terminal: bool = False,
) -> ReplaySummary:
    """Send a checked recording to Kafka.

    Raises
    ------
    KafkaUnreachableError
        No broker answers, or a topic does not exist.
    """
    target = ReplayTarget(build_topic_names(settings), settings.kafka.key.encode("utf-8"), settings.kafka.tag)
    producer = _create_producer(settings)
    for name in target.topics.values():
        _wait_for_topic(producer, name, stop)
    clock = Clock(stop.wait)
    if options.speed is None:
        _wait_for_earlier_records(settings, found.total, clock)
    by_time = options.speed is not None and found.seconds > 0
    total = found.seconds if by_time else found.total
    replayer = Replayer(producer, target, recorded_tag=session.header.tag, stop=stop)
    records = rewrite_records(session.read_records(on_error=lambda _error: None), found, settings, options)
    with show_progress(
        "replaying", total, by_time=by_time, longest_gap=options.longest_gap, terminal=terminal
    ) as progress:
        return replayer.replay(records, _create_pacer(found, options, clock), progress)


def rewrite_records(
    records: Iterator[Record], found: ValidationReport, settings: Settings, options: ReplayOptions
) -> Iterator[Record]:
    """Yield the records with the new uids and folders of the options."""
    changes: list[Callable[[Record], Record]] = []
    if options.data_session or options.cycle:
        root = settings.storage.proposals_root
        changes.append(FolderRedirect(found.folders, root, data_session=options.data_session, cycle=options.cycle))
    if options.fresh_uids:
        changes.append(FreshUids(found.uids))
    for record in records:
        for change in changes:
            record = change(record)
        yield record


def _create_pacer(found: ValidationReport, options: ReplayOptions, clock: Clock) -> Pacer:
    return (
        FastPacer(found.total, clock)
        if options.speed is None
        else ScaledPacer(options.speed, options.longest_gap, clock)
    )


def _create_producer(settings: Settings) -> Any:
    from confluent_kafka import Producer

    from xafs_workers.producer.clients import ClientLog
    from xafs_workers.producer.kafka_config import read_kafka_config

    properties = read_kafka_config(settings.kafka).get_producer_properties()
    largest = {"message.max.bytes": settings.kafka.max_record_bytes + 4096}
    return Producer({**PRODUCER_DEFAULTS, **largest, **properties}, logger=ClientLog("recording"))


def _wait_for_topic(producer: Any, name: str, stop: Event) -> None:
    # A broker that creates topics at the first request needs a moment to do so.
    from confluent_kafka import KafkaException

    deadline = time.monotonic() + TOPIC_TIMEOUT
    reason = "no answer"
    while time.monotonic() < deadline and not stop.is_set():
        try:
            found = producer.list_topics(name, timeout=TOPIC_TIMEOUT / 2).topics[name]
        except KafkaException as error:
            reason = error.args[0].str()
        else:
            if found.error is None:
                return
            reason = found.error.str()
        stop.wait(0.2)
    if not stop.is_set():
        raise KafkaUnreachableError(f"topic {name}: {reason} (after {TOPIC_TIMEOUT:g} s)")


def _wait_for_earlier_records(settings: Settings, total: int, clock: Clock) -> None:
    """Wait until the record times of a fast replay begin after those of all records on the topics.

    They reach back 1 ms for each record of the replay.
    """
    latest = read_newest_time(_create_source(settings, "replay"), clock)
    needed = latest + (total + 1) / 1000 - clock.now()
    if needed > OVERLAP_TIMEOUT:
        log.warning("replay_overlaps", seconds=round(needed - OVERLAP_TIMEOUT), newest=latest)
    if needed > 0:
        log.info("waiting_for_earlier_records", seconds=round(min(needed, OVERLAP_TIMEOUT), 1))
        clock.wait(min(needed, OVERLAP_TIMEOUT))


def read_newest_time(source: Any, clock: Clock) -> float:
    """Read the newest record time of all partitions (POSIX seconds; 0.0 without any record), and close the source."""
    from xafs_workers.consumer.records import EndOfPartition

    latest = 0.0
    try:
        last = {
            partition: high - 1 for partition, (low, high) in source.metadata.fetch_watermarks().items() if high > low
        }
        if last:
            source.assign(last)
        deadline = clock.monotonic() + TOPIC_TIMEOUT
        while last and clock.monotonic() < deadline and not clock.wait(0.0):
            for item in source.poll(0.2):
                if isinstance(item, EndOfPartition):
                    last.pop(item.partition, None)
                else:
                    latest = max(latest, item.time)
    finally:
        source.close()
    return latest


def _create_source(settings: Settings, purpose: str, which: tuple[Topic, ...] = TOPICS) -> Any:
    from xafs_workers.consumer.source import KafkaSource
    from xafs_workers.producer.kafka_config import read_kafka_config

    names = [build_topic_names(settings)[topic] for topic in which]
    return KafkaSource(read_kafka_config(settings.kafka), names, f"{settings.beamline}.{purpose}")


def record(
    path: Path, settings: Settings, since: float | None, stop: Event, which: tuple[Topic, ...] = TOPICS
) -> RecordingSummary | None:
    """Record topics to a new file until `stop` is set.

    If `stop` is set before the topics exist, no file is written and None is returned.

    Parameters
    ----------
    since
        Begin of the recording: None for the present, `recorder.BEGINNING`, or a record time (POSIX seconds).
    which
        Topics that are recorded; the documents alone where there is no topic of control messages.
    """
    source = _create_source(settings, "record", which)
    topics: dict[Topic, str] = {topic: build_topic_names(settings)[topic] for topic in which}
    header = Header(time.time(), {str(which): name for which, name in topics.items()}, settings.kafka.tag)
    try:
        if not source.metadata.wait_for_topics(stop):
            return None
        recorder = Recorder(source, topics)
        recorder.start(since)
        with SessionWriter(path, header) as writer:
            log.info("recording_started", since=since, **{str(topic): name for topic, name in topics.items()})
            return recorder.run(writer.write, stop)
    finally:
        source.close()
