"""Leadership of a durable worker: what it needs to act for all instances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.source_interface import Source
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.failover.changes import Change
from xafs_workers.runtime.failover.shared_ledger import SharedLedger
from xafs_workers.runtime.failover.shared_outcomes import LeaderOutcomes
from xafs_workers.runtime.failover.shared_writer import SharedWriter
from xafs_workers.runtime.failover.standby import Standby, StandbySetup
from xafs_workers.runtime.health import collect_start_health
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.slack.outbox import Outbox, PostChange
from xafs_workers.services.systemd_notify import Notifier
from xafs_workers.storage.ledger import Ledger


@dataclass(frozen=True, slots=True, eq=False)
class Leadership:
    """Parts of a worker that leads."""

    writer: SharedWriter
    ledger: EffectLedger
    outcomes: LeaderOutcomes


def build_leadership(
    writer: SharedWriter, ledger: Ledger, outbox: Outbox, publisher: Publisher, worker: str, cluster: str
) -> Leadership:
    """Build the parts of a leader; from now on its outbox shares each change."""

    def share(change: PostChange) -> None:
        writer.commit(Change(posts=(change,)))

    outbox.share = share
    shared = SharedLedger(ledger, writer)
    records = EffectLedger(shared, cluster)
    return Leadership(writer, records, LeaderOutcomes(shared, records, publisher, worker))


def wait_for_leadership(
    setup: StandbySetup,
    worker: str,
    heartbeat_seconds: float,
    source: Source,
    stop: threading.Event,
    stack: ExitStack,
) -> SharedWriter | None:
    """Wait, as a standby, until this instance leads; None if `stop` was set before.

    Parameters
    ----------
    source
        The worker's own source, which reads nothing meanwhile; its client must be served.

    Raises
    ------
    LedgerTopicInvalid, SourceError, LeadershipLost, OSError
        As `Standby`.
    """
    standby = Standby(setup)
    notifier = Notifier.from_environment()
    heartbeat = Heartbeat(
        worker, setup.publisher.send_status, lambda: _collect_health(standby, source), heartbeat_seconds
    )
    notifier.send_ready()
    notifier.send_status("standby")
    writer = standby.wait_for_leadership(stop, _build_turn(source, heartbeat, notifier), stack)
    if writer is None:
        heartbeat.send_final("stopped")
    return writer


def _build_turn(source: Source, heartbeat: Heartbeat, notifier: Notifier) -> Callable[[], None]:
    def turn() -> None:
        source.poll(0.0)
        heartbeat.send_if_due()
        notifier.send_watchdog()

    return turn


def _collect_health(standby: Standby, source: Source) -> Mapping[str, Any]:
    waits_for = source.waits_for
    return {**collect_start_health(waits_for), "state": "standby", **standby.describe()}
