"""A file manager whose topics change on a real Kafka, or that was away: nothing is lost, and heartbeats are true.

Longer outages of whole sessions: `python -m benchmarks.outages`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.file_manager import SESSION, FileManagerStation, build_xafs_run
from helpers.kafka_server import KafkaServer
from helpers.streams import Entry
from plugins.brokers import ApacheAdmin

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def station(tmp_path: Path, apache_kafka: KafkaServer, apache_admin: ApacheAdmin) -> Iterator[FileManagerStation]:
    name = f"outage{uuid.uuid4().hex[:8]}"
    made = FileManagerStation(tmp_path, apache_kafka.bootstrap_servers, apache_admin.create_topic, name)
    made.start()
    yield made
    made.close()


def request_file(run: list[Entry], name: str) -> Entry:
    return "bmm", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": name, "message_id": name}


def count_points(station: FileManagerStation, name: str) -> int:
    lines = (station.folder / "proposals" / SESSION / name).read_text().splitlines()
    return sum(not line.startswith("#") for line in lines)


def test_partitions_added_in_a_run_lose_no_point(station: FileManagerStation, apache_admin: ApacheAdmin) -> None:
    """Half of the documents are in a partition that the worker did not know when the run began."""
    run = build_xafs_run()
    middle = len(run) // 2
    station.put(run[:middle])
    for topic in ("control", "documents"):
        apache_admin.add_partitions(station.settings.get_topic(topic), 7)
    station.refresh_producer()
    station.put([*run[middle:], request_file(run, "foil.001")])
    station.wait(lambda: bool(station.list_answers("xasxdi")), "the answer")
    assert [answer["state"] for answer in station.list_answers("xasxdi")] == ["done"]
    assert count_points(station, "foil.001") == 40


def test_heartbeats_of_a_recovery_report_what_is_left(station: FileManagerStation) -> None:
    """What was read since the start and what is left make all that was published while the worker was away."""
    station.kill()
    entries: list[Entry] = []
    for number in range(1, 11):
        run = build_xafs_run()
        entries += [*run, request_file(run, f"foil.{number:03d}")]
    station.put(entries)
    before = len(station.received["status"])
    station.start(ready=False)
    station.wait(lambda: len(station.list_answers("xasxdi")) == 10, "the answers")
    station.wait(lambda: station.received["status"][-1]["behind"] == 0, "nothing left to read")
    for beat in station.received["status"][before:]:
        assert beat["behind"] + beat["messages"] + beat["documents"] >= len(entries)
