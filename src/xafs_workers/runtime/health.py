"""Health of a worker: the part of a heartbeat that describes its loop, its source and its problems."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from xafs_workers.consumer.counters import Counters
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.records import TopicObservations
from xafs_workers.consumer.source_interface import SourceReport
from xafs_workers.logs import get_last_problem, get_logger
from xafs_workers.scans.passed_runs import list_runs_without_figure
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.settings import Settings

log = get_logger("workers")


class LagSource(Protocol):
    """Source that knows how many records it has not read."""

    @property
    def waits_for(self) -> str:
        """Reason why nothing can be read, '' for none."""
        ...

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        """State of each source."""
        ...

    @property
    def observations(self) -> TopicObservations:
        """Properties of the topics that show in the records."""
        ...

    def compute_lag(self) -> int:
        """Return the number of records that are not read."""
        ...


def collect_health(loop: Loop, source: LagSource, lost: Mapping[str, int], *waits_for: str) -> dict[str, Any]:
    """Return the part of a heartbeat that all workers share.

    Parameters
    ----------
    lost
        Numbers of answers, dead letters and heartbeats that could not be sent, by tag.
    waits_for
        What the worker's parts wait for, '' for nothing.
    """
    behind = max(source.compute_lag() + loop.backlog_size, loop.recovery_size)
    late = max(0.0, time.time() - loop.last_record_time) if behind and loop.last_record_time is not None else 0.0
    waits = (source.waits_for, loop.waits_for, *waits_for)
    kind = loop.last_message
    return {
        "state": "running" if loop.caught_up else "recovering",
        "waits_for": "; ".join(part for part in waits if part),
        "sources": [report.to_dict() for report in source.reports],
        "behind": behind,
        "behind_seconds": round(late, 3),
        "removed_unread": source.observations.removed_count,
        "broker_stamps": sorted(source.observations.broker_stamped),
        "lost_records": sum(lost.values()),
        "arrays_dropped": len(loop.runs_without_arrays),
        "runs_without_figure": list(list_runs_without_figure(loop.board)),
        "clock_skew": loop.clock_skew.summarize(),
        "last_record": loop.last_record_time,
        "last_message": None if kind is None else {"kind": kind[0], "action": kind[1], "time": kind[2]},
        "last_error": get_last_problem() or None,
        **loop.counters.to_dict(),
    }


def collect_start_health(waits_for: str, behind: int = 0) -> dict[str, Any]:
    """Return the part of a heartbeat that all workers share, for a worker without a loop yet.

    Parameters
    ----------
    behind
        Number of records that are to be read.
    """
    return {
        "state": "recovering",
        "waits_for": waits_for,
        "behind": behind,
        "behind_seconds": 0.0,
        "last_record": None,
        "last_message": None,
        "last_error": get_last_problem() or None,
        **Counters().to_dict(),
    }


def serve_metrics(settings: Settings, worker: str, heartbeat: Heartbeat, stack: ExitStack) -> None:
    """Serve the newest heartbeat to Prometheus where this worker has a port configured; the stack closes the server."""
    port = settings.metrics.ports.get(worker)
    if port is None:
        return
    try:
        from xafs_workers.services.metrics import MetricsServer
    except ImportError:
        log.error("no_metrics", reason="a port is configured, but no prometheus-client: install xafs-workers[metrics]")
        return
    try:
        server = MetricsServer(lambda: heartbeat.newest, settings.metrics.host, port)
    except OSError as error:
        log.error("no_metrics", reason=f"{settings.metrics.host}:{port}: {error.strerror} (expected a free port)")
        return
    stack.callback(server.close)
