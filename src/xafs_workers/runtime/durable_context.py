"""Parts that both durable workers share: source, publisher, effect ledger and Slack posts, and their start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.records import STAMPED_TOPICS, Partition, RawRecord
from xafs_workers.consumer.recovery import find_oldest_offsets, find_stored_offsets
from xafs_workers.consumer.roles import FILE_MANAGER, Role
from xafs_workers.consumer.source_interface import Source
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.registry import discover_all
from xafs_workers.runtime.drop_requests import DropRequests
from xafs_workers.runtime.effect_ledger import EffectLedger, build_message_dead_letter, build_record_dead_letter
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.failover.fenced_producer import LeadershipLost
from xafs_workers.runtime.failover.leadership import Leadership, build_leadership, wait_for_leadership
from xafs_workers.runtime.failover.replica import LedgerTopicInvalid
from xafs_workers.runtime.failover.standby import StandbySetup
from xafs_workers.runtime.health import collect_start_health
from xafs_workers.runtime.lifecycle import stop_on_signals
from xafs_workers.runtime.rejections import RejectionCallbacks
from xafs_workers.runtime.retry import iterate_pauses
from xafs_workers.runtime.sent_answers import SentAnswers
from xafs_workers.runtime.slack_posting import OUTBOX_NAME, SlackPosting
from xafs_workers.runtime.supervisor import ThreadSupervisor
from xafs_workers.runtime.topic_watch import TopicRecord, TopicWatch, fetch_topic_ids
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.slack.outbox import Outbox, OutboxUnusable
from xafs_workers.services.systemd_notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.sources.control_inbox import ControlInbox
from xafs_workers.sources.control_server import ControlUnusable, start_control
from xafs_workers.sources.joiner import RunJoiner
from xafs_workers.storage.errors import Unavailable
from xafs_workers.storage.ledger import RETENTION_DAYS, Ledger, LedgerUnusable
from xafs_workers.storage.state_lock import AlreadyRunning, StateLock
from xafs_workers.wire import Answer

log = get_logger("workers")

CANNOT_START = (
    LedgerUnusable,
    OutboxUnusable,
    AlreadyRunning,
    LedgerTopicInvalid,
    LeadershipLost,
    ControlUnusable,
    SourceError,
)
"""Errors that end a worker before it starts; their texts say all."""
FIRST_STORE_SECONDS = 30.0
"""How long a leader tries to store its first offsets before it goes on without, seconds."""
FIRST_STORE_PAUSE = 0.5
"""Pause between two of these attempts, seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class DurableContext:
    """Parts of a durable worker; they are closed with the stack on which they were opened."""

    role: Role
    source: Source
    publisher: Publisher
    ledger: EffectLedger
    posting: SlackPosting
    supervisor: ThreadSupervisor
    drops: DropRequests
    control_topic: str
    refused_seconds: float
    topics: TopicRecord
    sent: SentAnswers
    leadership: Leadership | None = None
    joiner: RunJoiner | None = None
    control: ControlInbox | None = None

    @property
    def check_leadership(self) -> Callable[[], object]:
        """Function that returns when this process may act: at once for a worker that is alone."""
        return (lambda: None) if self.leadership is None else self.leadership.writer.check

    def describe_failover(self) -> Mapping[str, Any]:
        """Return the fields of a heartbeat about failover: none for a worker that is alone."""
        return {} if self.leadership is None else {"failover": "leader"}

    def describe_control(self) -> Mapping[str, Any]:
        """Return the fields of a heartbeat about control messages without Kafka: none where others take them."""
        return {} if self.control is None else {"control": self.control.summarize()}

    @property
    def waits_for(self) -> str:
        """Reason why a leader cannot store what is shared, '' for none."""
        return "" if self.leadership is None else self.leadership.writer.waits_for

    def build_callbacks(
        self, write_reply: Callable[[str, object], object] = lambda kind, value: None
    ) -> EngineCallbacks:
        """Return the message engine's callbacks, made of the ledger and the publisher."""
        shared = None if self.leadership is None else self.leadership.outcomes
        return EngineCallbacks(
            find_outcome=self.ledger.find_outcome,
            record_outcome=self.ledger.record_outcome,
            answer=self._send_answer,
            give_up=self._send_message_dead_letter,
            rejections=RejectionCallbacks(
                self.ledger.is_rejection_recorded,
                self._send_record_dead_letter,
                self.ledger.record_rejection if shared is None else lambda record: None,
            ),
            write_reply=write_reply,
            is_dropped=self.is_dropped,
            on_dropped=lambda control: self.drops.remove(control.id, str(control.position)),
            refused_seconds=self.refused_seconds,
            shared=shared,
        )

    def is_dropped(self, control: ReceivedMessage) -> bool:
        """Check whether the staff asked to drop a message."""
        return self.drops.is_requested(control.id, str(control.position))

    def begin_loop(self, loop: Loop, stop: threading.Event, *, from_beginning: bool) -> None:
        """Start a loop at the stored offsets, or at the oldest records that Kafka has."""
        positions = find_oldest_offsets(self.source) if from_beginning else self._find_offsets()
        if self.leadership is not None:
            self._store_first(positions, stop)
        elif (since := self._find_oldest_message_time(positions)) is not None:
            self.sent.read(since)
        ends = {partition: high for partition, (_, high) in self.source.metadata.fetch_watermarks().items()}
        self.source.assign(positions)
        loop.begin(positions, ends)

    def _find_offsets(self) -> dict[Partition, int]:
        """Return the stored offsets, but the oldest of the topics that were created again."""
        ids, created_again = self.topics.read()
        positions = find_stored_offsets(self.source, created_again)
        if created_again:
            log.warning("topics_read_again", topics=created_again, reason="they were deleted and created again")
            if self.source.store(positions):
                self._forget_created_topics(ids)
        return positions

    def _find_oldest_message_time(self, positions: Mapping[Partition, int]) -> float | None:
        """Return the record time of the oldest message that is read again, POSIX seconds; None where none is."""
        records = (
            self.source.metadata.read_record(partition, offset)
            for partition, offset in positions.items()
            if partition[0] == self.control_topic
        )
        return min((record.time for record in records if record is not None), default=None)

    def _send_answer(self, answer: Answer) -> None:
        """Send an answer, unless it was sent before the worker was started again."""
        if not self.sent.is_sent(answer):
            self.publisher.send_answer(answer)

    def _store_first(self, positions: Mapping[Partition, int], stop: threading.Event) -> None:
        """Store the offsets before this instance acts: after its death the next one must not begin at a later end."""
        deadline = time.monotonic() + FIRST_STORE_SECONDS
        while not self.source.store(positions) and time.monotonic() < deadline:
            if stop.wait(FIRST_STORE_PAUSE):
                return

    def _forget_created_topics(self, ids: Mapping[str, str]) -> None:
        try:
            self.topics.write(ids)
        except OSError as error:  # the next start reads them again; what was done is not repeated
            log.warning("topic_ids_not_stored", reason=str(error))

    def _send_record_dead_letter(self, record: RawRecord, bad: RejectedRecord) -> None:
        log.warning("dead_letter", record=str(record.position), outcome=bad.outcome, kind=bad.kind, reason=bad.reason)
        answer = None
        if bad.message_id:  # its sender waits
            answer = Answer(bad.message_id, self.role.name, bad.kind, bad.action, "failed", reason=bad.reason)
        if self.leadership is not None:
            self.leadership.outcomes.reject(record, bad, answer)
            return
        self.publisher.send_dead_letter(build_record_dead_letter(record, bad, self.role.name))
        if answer is not None:
            self.publisher.send_answer(answer)

    def _send_message_dead_letter(self, control: ReceivedMessage, reason: str) -> None:
        self.publisher.send_dead_letter(build_message_dead_letter(control, reason, self.role.name))


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Files of the state folder; the outbox is None where Slack posting opens it, for a worker that is alone."""

    ledger: Ledger
    posting: SlackPosting | None
    outbox: Outbox | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """Connections to Kafka, of a worker with failover."""

    config: KafkaConfig
    source: Source
    publisher: Publisher


def open_durable_context(
    role: Role, settings: Settings, stop: threading.Event, stack: ExitStack
) -> DurableContext | None:
    """Open the parts once there are a broker with the topics and a state folder; None where `stop` was set before.

    Raises
    ------
    LedgerUnusable, OutboxUnusable
        A file of the state folder is unusable.
    AlreadyRunning
        Another process uses the state folder.
    """
    supervisor = ThreadSupervisor.install()
    connections = Connections.from_settings(settings)
    source = connections.open_source(role.name, is_durable=True)
    stack.callback(source.close)
    publisher = connections.open_publisher(role.name)
    stack.callback(publisher.flush, 2.0)
    Notifier.from_environment().send_status("waiting for the broker and its topics")
    if not source.metadata.wait_for_topics(stop):
        return None
    behind = 0 if settings.failover.enabled else _measure_backlog(source)
    state = _wait_for_state(role, settings, publisher, stop, stack, behind)
    if state is None:
        return None
    leadership = None
    if settings.failover.enabled and connections.kafka is not None:
        opened = _Opened(connections.kafka, source, publisher)
        leadership = _wait_for_leadership(role, settings, opened, state, stop, stack)
        if leadership is None:
            return None
    records = leadership.ledger if leadership else EffectLedger(state.ledger, source.metadata.fetch_cluster_id())
    posting = state.posting or SlackPosting.open(settings, role.name, stack, state.outbox)
    drops = DropRequests(settings.find_state_folder() / role.name)
    seconds = settings.storage.refused_path_seconds
    record = TopicRecord(settings.find_state_folder() / role.name / "topics.json")
    if (kafka := connections.kafka) is not None:
        TopicWatch(record, lambda: fetch_topic_ids(kafka, connections.kafka_topics), stop).start()
    sent = SentAnswers(connections, settings.get_topic("answers"), role.name)
    topic = settings.get_topic("control")
    joiner = connections.build_joiner()
    control = start_control(settings, stack) if role == FILE_MANAGER else None
    parts = (supervisor, drops, topic, seconds, record, sent, leadership, joiner, control)
    return DurableContext(role, source, publisher, records, posting, *parts)


def run_durable_worker(
    role: Role, settings: Settings, run: Callable[[DurableContext, threading.Event, ExitStack], int]
) -> int:
    """Open a durable worker's parts and run it; return the exit code, 1 where a file of the state folder is unusable.

    Parameters
    ----------
    run
        Runs the worker with its parts until the event is set; returns the exit code.
    """
    discover_all()
    stop = stop_on_signals()
    with ExitStack() as stack:
        try:
            context = open_durable_context(role, settings, stop, stack)
        except CANNOT_START as unusable:
            log.error("cannot_start", reason=str(unusable))
            return 1
        return 0 if context is None else run(context, stop, stack)


def _measure_backlog(source: Source) -> int:
    """Count the records to be read; a first start stores the end now, so what arrives meanwhile is not lost."""
    positions = find_stored_offsets(source)
    marks = {place: high for place, (_, high) in source.metadata.fetch_watermarks().items()}
    counted = {place: high for place, high in marks.items() if place[0] not in STAMPED_TOPICS}
    return sum(max(0, high - positions.get(place, high)) for place, high in counted.items())


def _wait_for_leadership(
    role: Role, settings: Settings, opened: _Opened, state: _State, stop: threading.Event, stack: ExitStack
) -> Leadership | None:
    """Wait until this instance leads; None where `stop` was set before."""
    if state.outbox is None:
        raise TypeError("a worker that is alone has no leadership")
    topic, seconds = settings.get_ledger_topic(role.name), settings.failover.takeover_seconds
    folder = settings.find_state_folder() / role.name
    setup = StandbySetup(opened.config, topic, seconds, folder, state.ledger, state.outbox, opened.publisher)
    writer = wait_for_leadership(setup, role.name, settings.logging.heartbeat_seconds, opened.source, stop, stack)
    if writer is None:
        return None
    cluster = opened.source.metadata.fetch_cluster_id()
    return build_leadership(writer, state.ledger, state.outbox, opened.publisher, role.name, cluster)


def _wait_for_state(
    role: Role, settings: Settings, publisher: Publisher, stop: threading.Event, stack: ExitStack, behind: int
) -> _State | None:
    """Return the opened state folder, however long it cannot be used; None where `stop` was set before."""
    reason = ""
    heartbeat = Heartbeat(
        role.name,
        publisher.send_status,
        lambda: collect_start_health(reason, behind),
        settings.logging.heartbeat_seconds,
    )
    for pause in iterate_pauses():
        try:
            return _open_state(role, settings, stack)
        except (Unavailable, OSError) as away:
            if str(away) != reason:
                reason = str(away)
                log.warning("waiting_for", reason=reason)
                Notifier.from_environment().send_status(f"waiting for the state folder: {reason}")
        if _wait_with_heartbeats(pause, heartbeat, settings.logging.heartbeat_seconds, stop):
            heartbeat.send_final("stopped")
            return None
    raise AssertionError("the pauses have no end")


def _wait_with_heartbeats(pause: float, heartbeat: Heartbeat, interval: float, stop: threading.Event) -> bool:
    """Wait, and send heartbeats meanwhile; return whether `stop` was set."""
    while pause > 0:
        heartbeat.send_if_due()
        step = min(pause, interval)
        if stop.wait(step):
            return True
        pause -= step
    return stop.is_set()


def _open_state(role: Role, settings: Settings, stack: ExitStack) -> _State:
    """Open the files of the state folder, all or none."""
    folder = settings.find_state_folder() / role.name
    with ExitStack() as attempt:
        attempt.enter_context(StateLock(folder))
        ledger = attempt.enter_context(Ledger.open(folder / "ledger.sqlite"))
        ledger.prune(RETENTION_DAYS)
        if settings.failover.enabled:
            state = _State(ledger, None, attempt.enter_context(Outbox(folder / OUTBOX_NAME)))
        else:
            state = _State(ledger, SlackPosting.open(settings, role.name, attempt))
        stack.enter_context(attempt.pop_all())
    return state
