"""Heartbeats, and the metrics made of them."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.metrics import MetricsServer

STATE: dict[str, Any] = {
    "state": "running",
    "waits_for": "",
    "behind": 7,
    "behind_seconds": 0.5,
    "open_scans": 1,
    "messages": 3,
    "invalid": 2,
    "frame_seconds": None,
}


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def heartbeat(sent: list[dict[str, Any]]) -> Heartbeat:
    return Heartbeat("headless", sent.append, lambda: STATE, 10.0)


def test_heartbeats_report_the_worker_at_a_fixed_interval(heartbeat: Heartbeat, sent: list[Any]) -> None:
    assert [heartbeat.send_if_due(now=moment) for moment in (100.0, 105.0, 110.0)] == [True, False, True]
    assert [beat["time"] for beat in sent] == [100.0, 110.0]
    assert sent[0].keys() >= {"worker", "version", "host", "pid", "uptime", "every", *STATE}
    heartbeat.send_final("stopped")
    assert (sent[-1]["state"], sent[-1]["behind"]) == ("stopped", 7)


@pytest.fixture
def metrics(heartbeat: Heartbeat) -> Iterator[MetricsServer]:
    server = MetricsServer(lambda: heartbeat.newest, "127.0.0.1", 0)
    yield server
    server.close()


def scraped(server: MetricsServer) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
        return answer.read().decode().splitlines()


def test_metrics_show_the_newest_heartbeat(heartbeat: Heartbeat, metrics: MetricsServer) -> None:
    assert scraped(metrics) == []
    heartbeat.send_if_due()
    lines = scraped(metrics)
    for line in (
        'xafs_worker_lag_records{worker="headless"} 7.0',
        'xafs_worker_lag_seconds{worker="headless"} 0.5',
        'xafs_worker_waiting{worker="headless"} 0.0',
        'xafs_worker_state{state="running",worker="headless"} 1.0',
        'xafs_worker_state{state="recovering",worker="headless"} 0.0',
        'xafs_worker_records_total{outcome="messages",worker="headless"} 3.0',
        'xafs_worker_records_total{outcome="invalid",worker="headless"} 2.0',
    ):
        assert line in lines
    assert not [line for line in lines if "frame_seconds" in line], "a worker without frames has no such number"
    heartbeat.send_final("stopped")
    assert 'xafs_worker_state{state="stopped",worker="headless"} 1.0' in scraped(metrics)
