"""Standby: an instance follows the shared ledger until it may claim the lease of the one that acts."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.runtime.failover.changes import Lease
from xafs_workers.runtime.failover.fenced_producer import FencedProducer, LeadershipLost
from xafs_workers.runtime.failover.lease import LeaseWatch, read_clock, read_instance
from xafs_workers.runtime.failover.replica import Replica, StateCopy
from xafs_workers.runtime.failover.shared_writer import SharedWriter
from xafs_workers.services.slack.outbox import Outbox
from xafs_workers.storage.ledger import Ledger

log = get_logger("workers")

IMPORT_SIZE = 500
"""Number of entries of a transaction when a ledger is shared for the first time."""


@dataclass(frozen=True, slots=True, eq=False)
class StandbySetup:
    """What an instance needs to be a standby.

    Attributes
    ----------
    topic
        The ledger topic.
    takeover_seconds
        Time without a sign of life after which the instance takes over.
    folder
        State folder of the worker, locked.
    """

    config: KafkaConfig
    topic: str
    takeover_seconds: float
    folder: Path
    ledger: Ledger
    outbox: Outbox
    publisher: Publisher


class Standby:
    """An instance that waits to take over.

    Raises
    ------
    OSError
        The identity of the state folder cannot be read or stored.
    """

    def __init__(self, setup: StandbySetup):
        self._setup = setup
        self._lease = Lease(read_instance(setup.folder), socket.gethostname(), os.getpid())
        self._state = StateCopy(setup.ledger, setup.outbox, setup.topic)
        self._watch = LeaseWatch(self._lease.instance, setup.takeover_seconds, read_clock())
        self._source = KafkaSource(setup.config, [setup.topic], setup.topic)
        self._replica = Replica(self._source, setup.topic, self._state, self._watch)

    def describe(self) -> Mapping[str, Any]:
        """Return the fields of a heartbeat: the role, and which process acts."""
        leader = self._watch.newest
        acts = leader is not None and not leader.is_released
        return {"failover": "standby", "leader": f"{leader.host} ({leader.pid})" if leader and acts else ""}

    def wait_for_leadership(
        self, stop: threading.Event, on_turn: Callable[[], object], stack: ExitStack
    ) -> SharedWriter | None:
        """Follow the ledger topic until this instance leads; None if `stop` was set before.

        Parameters
        ----------
        on_turn
            Called a few times a second, for heartbeats and systemd's watchdog.
        stack
            Closes the writer, which releases the lease.

        Raises
        ------
        LedgerTopicInvalid
            The ledger topic has several partitions.
        SourceError
            Kafka refuses this account.
        LeadershipLost
            Kafka refuses the transactions of this account.
        """
        try:
            if not self._source.metadata.wait_for_topics(stop):
                return None
            self._replica.begin(stop)
            log.info("standby_started", topic=self._setup.topic)
            while not stop.is_set():
                self._follow(on_turn)
                if self._replica.is_current and self._watch.can_claim(read_clock(), is_empty=self._replica.is_empty):
                    writer = self._claim(stop, on_turn)
                    if writer is not None:
                        return self._prepare(writer, stop, on_turn, stack)
            return None
        finally:
            self._replica.close()

    def _follow(self, on_turn: Callable[[], object]) -> None:
        self._replica.poll(read_clock())
        on_turn()

    def _claim(self, stop: threading.Event, on_turn: Callable[[], object]) -> SharedWriter | None:
        """Fence the instance that acted; None where another one claims at the same time, or `stop` was set."""
        setup, leader = self._setup, self._watch.newest
        log.info("taking_over", host=leader and leader.host, process=leader and leader.pid)
        producer = FencedProducer.from_config(setup.config, setup.topic, setup.publisher.record_loss)
        if not producer.fence_others(stop, on_turn):
            return None
        writer = SharedWriter(producer, setup.topic, self._lease, self._state.apply, setup.takeover_seconds)
        try:
            writer.start()
        except LeadershipLost as lost:
            log.info("claim_lost", reason=str(lost))
            self._watch.forget(read_clock())
            self._replica.is_empty = False
            return None
        return writer

    def _prepare(
        self, writer: SharedWriter, stop: threading.Event, on_turn: Callable[[], object], stack: ExitStack
    ) -> SharedWriter | None:
        """Read what the instance that acted committed, and wait until its lease is certainly over."""
        began = read_clock()
        stack.callback(writer.close)
        while self._replica.next_offset <= writer.claim_offset or self._watch.compute_wait(read_clock()) > 0:
            if stop.is_set():
                return None
            self._follow(on_turn)
        if self._replica.is_empty:
            for change in self._state.list_changes(IMPORT_SIZE):
                writer.commit(change)
        log.info("leading", seconds=round(read_clock() - began, 3), offset=writer.claim_offset)
        return writer
