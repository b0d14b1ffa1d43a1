"""Two file managers on a real Kafka: one is killed, the next one stopped and continued; everything is done once."""

from __future__ import annotations

import signal
import uuid
from collections import Counter
from pathlib import Path

import pytest

from helpers.failover_pair import FENCED_CODE, FailoverPair
from helpers.file_manager import FileManagerStation, build_xafs_run
from helpers.kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


class Session:
    """Data files that are asked for, one after another."""

    def __init__(self, station: FileManagerStation, pair: FailoverPair):
        self._station, self._pair, self.count = station, pair, 0

    def request_file(self) -> None:
        """Ask for the next data file."""
        self.count += 1
        run = build_xafs_run(scan_id=self.count)
        message = {"xasxdi": True, "uid": run[0][1]["uid"], "filename": f"foil.{self.count:03d}"}
        self._station.put([*run, ("bmm", {**message, "message_id": f"file {self.count}"})])

    def wait_for_answers(self) -> None:
        """Wait until each request is done."""
        self._pair.wait(lambda: len(self.list_done()) >= self.count, "the answers")

    def list_done(self) -> Counter[str]:
        """Return how often each request was answered as done."""
        answers = self._station.received["answer"]
        return Counter(answer["message_id"] for answer in answers if answer["state"] == "done")


def test_a_killed_and_a_stopped_leader_are_replaced(
    tmp_path: Path, apache_kafka: KafkaServer, apache_admin: ApacheAdmin
) -> None:
    failover = {"enabled": True, "takeover_seconds": 3}
    name = f"b{uuid.uuid4().hex[:8]}"
    station = FileManagerStation(
        tmp_path, apache_kafka.bootstrap_servers, apache_admin.create_topic, name, failover=failover
    )
    pair = FailoverPair(station, "file-manager", ("file-manager",), apache_admin.create_topic)
    session = Session(station, pair)
    try:
        pair.start()
        session.request_file()
        killed = pair.find_leader()
        assert killed is not None
        killed.signal(signal.SIGKILL)
        session.request_file()
        assert pair.wait_for_takeover(killed) < 30.0
        session.wait_for_answers()
        killed.start()
        pair.wait(pair.is_complete, "a new standby")
        stopped = pair.find_leader()
        assert stopped is not None
        assert stopped is not killed
        stopped.signal(signal.SIGSTOP)
        session.request_file()
        assert pair.wait_for_takeover(stopped) < 30.0
        stopped.signal(signal.SIGCONT)
        assert stopped.wait() == FENCED_CODE
        session.request_file()
        session.wait_for_answers()
        assert set(session.list_done().values()) == {1}
        accepted = Counter(one["message_id"] for one in station.received["answer"] if one["state"] == "accepted")
        assert set(accepted.values()) == {1}
        names = [Path(name).name for name in station.read_files() if "/foil." in name]
        assert sorted(names) == [f"foil.{number:03d}" for number in range(1, session.count + 1)]
        assert not station.received["dead-letter"]
    finally:
        pair.close()
        station.close()
