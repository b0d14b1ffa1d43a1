"""What the workers that keep their offsets share: source, answers, ledger, posts, and how they begin."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.recovery import find_oldest_offsets, find_stored_offsets
from xafs_workers.consumer.roles import Role
from xafs_workers.consumer.source import KafkaSource, RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import read_kafka_config
from xafs_workers.runtime.effect_ledger import EffectLedger, build_message_dead_letter, build_record_dead_letter
from xafs_workers.runtime.slack_posting import SlackPosting
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.systemd_notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.state_lock import StateLock

log = get_logger("workers")

LEDGER_RETENTION_DAYS = 90.0
"""How long the ledger remembers."""


@dataclass(frozen=True, slots=True, eq=False)
class DurableContext:
    """The parts of a worker with the right to write; they are closed with the stack they were opened on."""

    role: Role
    source: KafkaSource
    publisher: Publisher
    ledger: EffectLedger
    posting: SlackPosting

    def reject_record(self, record: RawRecord, bad: RejectedRecord) -> None:
        """Turn a record that cannot be used into a dead letter, once."""
        letter = build_record_dead_letter(record, bad, self.role.name)
        log.warning("dead_letter", record=str(record.position), outcome=bad.outcome, kind=bad.kind, reason=bad.reason)
        self.ledger.do_once(record, lambda: self.publisher.send_dead_letter(letter))

    def give_up_message(self, control: ReceivedMessage, reason: str) -> None:
        """Turn a message that failed into a dead letter."""
        self.publisher.send_dead_letter(build_message_dead_letter(control, reason, self.role.name))

    def begin_loop(self, loop: Loop, *, from_beginning: bool) -> None:
        """Let a loop read from the stored offsets, or all that is kept."""
        positions = find_oldest_offsets(self.source) if from_beginning else find_stored_offsets(self.source)
        ends = {partition: high for partition, (_, high) in self.source.fetch_watermarks().items()}
        self.source.assign(positions)
        loop.begin(positions, ends)


def open_durable_context(
    role: Role, settings: Settings, stop: threading.Event, stack: ExitStack
) -> DurableContext | None:
    """Open the parts once there is a broker with the topics; None where `stop` was set before."""
    config = read_kafka_config(settings.kafka)
    topics = (settings.get_topic("control"), settings.get_topic("documents"))
    source = KafkaSource(config, topics, f"{settings.beamline}.{role.name}")
    stack.callback(source.close)
    publisher = Publisher(config, settings, role.name)
    stack.callback(publisher.flush, 2.0)
    Notifier.from_environment().send_status("waiting for the broker and its topics")
    if not source.wait_for_topics(stop):
        return None
    state = settings.find_state_folder() / role.name
    stack.enter_context(StateLock(state))
    ledger = stack.enter_context(Ledger.open(state / "ledger.sqlite"))
    ledger.prune(LEDGER_RETENTION_DAYS)
    records = EffectLedger(ledger, source.fetch_cluster_id())
    return DurableContext(role, source, publisher, records, SlackPosting.open(settings, role.name, stack))
