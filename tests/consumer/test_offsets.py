"""Storing offsets: only what changed, patiently while the coordinator gets ready, never for long."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from structlog.testing import capture_logs

from xafs_workers.consumer import offsets
from xafs_workers.consumer.client import ConnectionHealth, SourceError
from xafs_workers.consumer.offsets import OffsetStore
from xafs_workers.producer.kafka_config import KafkaConfig

ONE, OTHER = ("t", 0), ("t", 1)


class Admin:
    """Replaces the administrator's client; `errors` are its next answers."""

    def __init__(self, *errors: KafkaError | None):
        self.asked: list[list[tuple[str, int, int]]] = []
        self.errors = list(errors)

    def alter_consumer_group_offsets(self, requests: list[ConsumerGroupTopicPartitions], **_: Any) -> dict[str, Future]:
        (request,) = requests
        self.asked.append([(o.topic, o.partition, o.offset) for o in request.topic_partitions])
        error = self.errors.pop(0) if self.errors else None
        answer: Future = Future()
        if error is None:
            answer.set_result(request)
        else:
            answer.set_exception(KafkaException(error))
        return {request.group_id: answer}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]

    class Clock:
        monotonic = staticmethod(lambda: now[0])

    monkeypatch.setattr(offsets, "time", Clock)
    return now


def store_with(*errors: KafkaError | None) -> tuple[OffsetStore, Admin, ConnectionHealth]:
    health, admin = ConnectionHealth(), Admin(*errors)
    store = OffsetStore(KafkaConfig("unused:1"), "g", health)
    store._client = admin
    return store, admin, health


def test_only_changed_offsets_are_sent():
    store, admin, _ = store_with()
    assert store.store({ONE: 1, OTHER: 1})
    assert store.store({ONE: 1, OTHER: 2})
    assert store.store({ONE: 1, OTHER: 2})
    assert admin.asked == [[("t", 0, 1), ("t", 1, 1)], [("t", 1, 2)]]


def test_a_coordinator_that_loads_is_waited_for():
    store, admin, _ = store_with(KafkaError(14), KafkaError(15), KafkaError(16))
    with capture_logs() as logs:
        assert store.store({ONE: 1})
    assert len(admin.asked) == 4
    assert logs == []


def test_waiting_for_a_coordinator_ends_after_the_limit(clock: list[float], monkeypatch: pytest.MonkeyPatch):
    store, admin, _ = store_with(*[KafkaError(14)] * 100)

    class Pause:
        def wait(self, seconds: float) -> None:
            clock[0] += seconds

    monkeypatch.setattr(store, "_pause", Pause())
    with capture_logs() as logs:
        assert not store.store({ONE: 1})
    assert clock[0] == pytest.approx(103, abs=0.2)
    assert len(admin.asked) == pytest.approx(30, abs=1)
    assert [line["error"] for line in logs] == ["COORDINATOR_LOAD_IN_PROGRESS"]


def test_failed_offsets_are_sent_again_after_a_pause(clock: list[float]):
    store, admin, _ = store_with(KafkaError(KafkaError._TIMED_OUT))
    with capture_logs() as logs:
        assert not store.store({ONE: 1})
        assert not store.store({ONE: 2})
        assert len(admin.asked) == 1, "nothing is asked while it rests"
        clock[0] += 5.1
        assert store.store({ONE: 2})
    assert admin.asked[-1] == [("t", 0, 2)]
    assert [line["event"] for line in logs] == ["kafka_trouble", "kafka_trouble_over"]


def test_no_offset_is_sent_while_all_brokers_are_down():
    store, admin, health = store_with()
    health.on_error(KafkaError(KafkaError._TRANSPORT))
    assert not store.store({ONE: 1})
    assert admin.asked == []


def test_a_refused_commit_ends_the_reading():
    store, _, health = store_with(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    assert not store.store({ONE: 1})
    with pytest.raises(SourceError, match="GROUP_AUTHORIZATION_FAILED"):
        health.check()
