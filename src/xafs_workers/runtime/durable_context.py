"""What the workers that keep their offsets share: source, answers, ledger, posts, and how they begin."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import Bad
from xafs_workers.consumer.recovery import beginning, kept_positions
from xafs_workers.consumer.roles import Role
from xafs_workers.consumer.source import KafkaSource, RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import read_kafka_config
from xafs_workers.runtime.effect_ledger import Records, dead_letter_of_message, dead_letter_of_record
from xafs_workers.runtime.slack_posting import Posting
from xafs_workers.scans.items import Control
from xafs_workers.services.systemd_notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.state_lock import StateLock

log = get_logger("workers")

KEEP_DAYS = 90.0
"""How long the ledger remembers."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The parts of a worker with the right to write; they are closed with the stack they were opened on."""

    role: Role
    source: KafkaSource
    publisher: Publisher
    records: Records
    posting: Posting

    def refuse(self, record: RawRecord, bad: Bad) -> None:
        """Turn a record that cannot be used into a dead letter, once."""
        letter = dead_letter_of_record(record, bad, self.role.name)
        log.warning("dead_letter", record=str(record.origin), outcome=bad.outcome, kind=bad.kind, reason=bad.reason)
        self.records.once(record, lambda: self.publisher.dead_letter(letter))

    def give_up(self, control: Control, reason: str) -> None:
        """Turn a message that failed into a dead letter."""
        self.publisher.dead_letter(dead_letter_of_message(control, reason, self.role.name))

    def begin(self, loop: Loop, *, from_beginning: bool) -> None:
        """Let a loop read from the stored offsets, or all that is kept."""
        positions = beginning(self.source) if from_beginning else kept_positions(self.source)
        ends = {partition: high for partition, (_, high) in self.source.watermarks().items()}
        self.source.assign(positions)
        loop.begin(positions, ends)


def open_kept(role: Role, settings: Settings, stop: threading.Event, stack: ExitStack) -> Kept | None:
    """Open the parts once there is a broker with the topics; None where `stop` was set before."""
    config = read_kafka_config(settings.kafka)
    topics = (settings.topic("control"), settings.topic("documents"))
    source = KafkaSource(config, topics, f"{settings.beamline}.{role.name}")
    stack.callback(source.close)
    publisher = Publisher(config, settings, role.name)
    stack.callback(publisher.flush, 2.0)
    Notifier.of_environment().status("waiting for the broker and its topics")
    if not source.wait_for_topics(stop):
        return None
    state = settings.state_folder() / role.name
    stack.enter_context(StateLock(state))
    ledger = stack.enter_context(Ledger.open(state / "ledger.sqlite"))
    ledger.prune(KEEP_DAYS)
    records = Records(ledger, source.cluster_id())
    return Kept(role, source, publisher, records, Posting.open(settings, role.name, stack))
