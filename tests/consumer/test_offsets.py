"""Storing offsets: only what changed, patiently while the coordinator gets ready, never for long."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition
from structlog.testing import capture_logs

import xafs_workers
from xafs_workers.consumer import offsets
from xafs_workers.consumer.client import ConnectionHealth, SourceError
from xafs_workers.consumer.offsets import CommitClient, OffsetStore
from xafs_workers.producer.kafka_config import KafkaConfig

SOURCES = Path(xafs_workers.__file__).parent
ONE, OTHER = ("t", 0), ("t", 1)


class Committer:
    """Replaces the consumer; `errors` are the outcomes of its next commits, "lost" for none."""

    def __init__(self, *errors: KafkaError | str | None):
        self.asked: list[list[tuple[str, int, int]]] = []
        self.errors = list(errors)
        self.on_commit: Callable[..., Any] = lambda error, offsets: None
        self.on_poll: Callable[[], Any] = lambda: None
        self._outcomes: list[tuple[KafkaError | None, list[TopicPartition]]] = []

    def commit(self, offsets: list[TopicPartition]) -> None:
        self.asked.append([(o.topic, o.partition, o.offset) for o in offsets])
        error = self.errors.pop(0) if self.errors else None
        if not isinstance(error, str):
            self._outcomes.append((error, offsets))

    def answer(self, error: KafkaError | None) -> None:
        self._outcomes.append((error, []))

    def poll(self, timeout: float) -> None:
        self.on_poll()
        while self._outcomes:
            self.on_commit(*self._outcomes.pop(0))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]

    class Clock:
        monotonic = staticmethod(lambda: now[0])

    monkeypatch.setattr(offsets, "time", Clock)
    return now


def store_with(*errors: KafkaError | str | None) -> tuple[OffsetStore, Committer, ConnectionHealth]:
    health, committer = ConnectionHealth(), Committer(*errors)
    store = OffsetStore(KafkaConfig("unused:1"), "g", health)

    def connect(on_commit: Callable[..., None]) -> Any:
        committer.on_commit = on_commit
        return committer

    store._client = CommitClient(connect)
    return store, committer, health


def test_only_changed_offsets_are_sent():
    store, committer, _ = store_with()
    assert store.store({ONE: 1, OTHER: 1})
    assert store.store({ONE: 1, OTHER: 2})
    assert store.store({ONE: 1, OTHER: 2})
    assert committer.asked == [[("t", 0, 1), ("t", 1, 1)], [("t", 1, 2)]]


def test_a_coordinator_that_loads_is_waited_for():
    store, committer, _ = store_with(KafkaError(14), KafkaError(15), KafkaError(16))
    with capture_logs() as logs:
        assert store.store({ONE: 1})
    assert len(committer.asked) == 4
    assert logs == []


def test_waiting_for_a_coordinator_ends_after_the_limit(clock: list[float], monkeypatch: pytest.MonkeyPatch):
    store, committer, _ = store_with(*[KafkaError(14)] * 100)

    class Pause:
        def wait(self, seconds: float) -> None:
            clock[0] += seconds

    monkeypatch.setattr(store, "_pause", Pause())
    with capture_logs() as logs:
        assert not store.store({ONE: 1})
    assert clock[0] == pytest.approx(103, abs=0.2)
    assert len(committer.asked) == pytest.approx(30, abs=1)
    assert [line["error"] for line in logs] == ["COORDINATOR_LOAD_IN_PROGRESS"]


def test_failed_offsets_are_sent_again_after_a_pause(clock: list[float]):
    store, committer, _ = store_with(KafkaError(KafkaError._TIMED_OUT))
    with capture_logs() as logs:
        assert not store.store({ONE: 1})
        assert not store.store({ONE: 2})
        assert len(committer.asked) == 1, "nothing is asked while it rests"
        clock[0] += 5.1
        assert store.store({ONE: 2})
    assert committer.asked[-1] == [("t", 0, 2)]
    assert [line["event"] for line in logs] == ["kafka_trouble", "kafka_trouble_over"]


def test_no_offset_is_sent_while_all_brokers_are_down():
    store, committer, health = store_with()
    health.on_error(KafkaError(KafkaError._TRANSPORT))
    assert not store.store({ONE: 1})
    assert committer.asked == []


def test_a_refused_commit_ends_the_reading():
    store, _, health = store_with(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    assert not store.store({ONE: 1})
    with pytest.raises(SourceError, match="GROUP_AUTHORIZATION_FAILED"):
        health.check()


def test_a_lost_outcome_holds_up_a_store_only_briefly(clock: list[float]):
    store, committer, _ = store_with("lost")
    committer.on_poll = lambda: clock.__setitem__(0, clock[0] + 0.05)
    with capture_logs() as logs:
        assert not store.store({ONE: 1})
    assert clock[0] == pytest.approx(103, abs=0.2)
    assert [line["error"] for line in logs] == ["_TIMED_OUT"]
    clock[0] += 5.1
    assert not store.store({ONE: 2}), "the first commit is still on its way: no second beside it"
    assert len(committer.asked) == 1
    clock[0] += 5.1
    committer.answer(KafkaError(KafkaError._TIMED_OUT))
    assert store.store({ONE: 3})
    assert committer.asked[-1] == [("t", 0, 3)]


def test_a_commit_without_any_outcome_is_sent_again(clock: list[float]):
    store, committer, _ = store_with("lost")
    committer.on_poll = lambda: clock.__setitem__(0, clock[0] + 0.05)
    assert not store.store({ONE: 1})
    for _ in range(20):
        clock[0] += 5.1
        if store.store({ONE: 1}):
            break
    assert committer.asked == [[("t", 0, 1)]] * 2


def test_only_the_child_process_loads_an_admin_client():
    """Its requests abort the process when a broker dies (librdkafka #4605)."""
    word = re.compile(r"confluent_kafka\.admin|confluent_kafka import .*\badmin\b")
    users = {path.name for path in SOURCES.rglob("*.py") if word.search(path.read_text())}
    assert users == {"admin_process.py"}
    importers = {path for path in SOURCES.rglob("*.py") if "import admin_process" in path.read_text()}
    assert importers == set()
