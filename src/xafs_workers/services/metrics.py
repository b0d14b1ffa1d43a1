"""Metrics for Prometheus, made from the newest heartbeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "xafs_worker"
OUTCOMES = ("messages", "documents", "undecodable", "unknown", "invalid", "misplaced", "failed")
GAUGES = {
    "uptime": ("uptime_seconds", "time since the worker was started"),
    "behind": ("lag_records", "records that are there and not yet folded"),
    "behind_seconds": ("lag_seconds", "age of the newest folded record, while there are others"),
    "arrays_dropped": ("runs_without_arrays", "runs whose arrays were too large to be kept in memory"),
    "removed_unread": ("removed_unread_records", "records that Kafka removed before they were read"),
    "open_scans": ("open_scans", "scans in progress"),
    "posts_waiting": ("posts_waiting", "posts in the outbox"),
    "frame_seconds": ("frame_seconds", "time to draw the last frame"),
}
"""Fields of a heartbeat that are numbers, with the name and the help text of their metrics."""

STATES = ("running", "recovering", "stopped", "died")


class MetricsServer:
    """HTTP endpoint with the metrics of one worker.

    Parameters
    ----------
    newest
        Returns the newest heartbeat; called in the server's threads.
    host, port
        Address at which the server listens.
    """

    def __init__(self, newest: Callable[[], Mapping[str, Any]], host: str, port: int):
        registry = CollectorRegistry()
        registry.register(_HeartbeatCollector(newest))
        self._server, self._thread = start_http_server(port, host, registry)

    @property
    def port(self) -> int:
        """Port at which the server listens."""
        return self._server.server_port

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _HeartbeatCollector:
    """Collector that builds metrics from a heartbeat; prometheus-client calls `collect` at each scrape."""

    def __init__(self, newest: Callable[[], Mapping[str, Any]]):
        self._newest = newest

    def collect(self) -> Iterator[Metric]:
        beat = self._newest()
        if not beat:
            return
        worker = str(beat["worker"])
        yield _build_gauge("info", "version and host", 1, worker=worker, version=beat["version"], host=beat["host"])
        yield _build_gauge("heartbeat_age_seconds", "age of these numbers", time.time() - beat["time"], worker=worker)
        yield _build_gauge(
            "waiting", "1 while the worker waits for something", bool(beat.get("waits_for")), worker=worker
        )
        state = GaugeMetricFamily(f"{PREFIX}_state", "1 for the state it is in", labels=["worker", "state"])
        for name in STATES:
            state.add_metric([worker, name], float(beat.get("state") == name))
        yield state
        for field, (name, meaning) in GAUGES.items():
            if isinstance(beat.get(field), int | float):
                yield _build_gauge(name, meaning, beat[field], worker=worker)
        records = CounterMetricFamily(f"{PREFIX}_records", "records by outcome", labels=["worker", "outcome"])
        for outcome in OUTCOMES:
            records.add_metric([worker, outcome], beat.get(outcome, 0))
        yield records


def _build_gauge(name: str, meaning: str, value: float, **labels: str) -> Metric:
    made = GaugeMetricFamily(f"{PREFIX}_{name}", meaning, labels=list(labels))
    made.add_metric(list(labels.values()), float(value))
    return made
