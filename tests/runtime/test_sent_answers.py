"""Answers are sent once, however often a worker is started again."""

from __future__ import annotations

import uuid

import pytest

from plugins.brokers import Broker
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.runtime.sent_answers import SentAnswers
from xafs_workers.settings import Kafka, Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.wire import Answer, DeadLetter

WORKER = "file-manager"


def make_answer(state: str, origin: str = "bmm/0/7@1000", worker: str = WORKER) -> Answer:
    return Answer("an id", worker, "mkdir", "", state, origin=origin)


def send(broker: Broker, *answers: Answer) -> str:
    """Send answers and a dead letter; return the name of their topic."""
    topic = f"answers-{uuid.uuid4().hex[:8]}"
    broker.create_topic(topic, 4)
    publisher = Publisher(broker.config, Settings(kafka=Kafka(answers_topic=topic, dead_letters_topic=topic)), WORKER)
    publisher.send_dead_letter(DeadLetter(WORKER, "bmm", 0, 7, 1.0, "failed", "a reason"))
    for answer in answers:
        publisher.send_answer(answer)
    assert publisher.flush(30.0)
    return topic


@pytest.mark.parametrize(
    ("sent", "asked", "is_sent"),
    [
        ("done", "done", True),
        ("accepted", "accepted", True),
        ("accepted", "done", False),
        ("value", "failed", True),
        ("failed", "done", False),
    ],
)
def test_an_answer_is_known_by_record_and_state(broker: Broker, sent: str, asked: str, is_sent: bool) -> None:
    answers = SentAnswers(Connections(Settings(), broker.config), send(broker, make_answer(sent)), WORKER)
    answers.read(0.0)
    assert answers.is_sent(make_answer(asked)) is is_sent


@pytest.mark.parametrize(
    "other", [make_answer("done", "bmm/0/7@2000"), make_answer("done", ""), make_answer("done", worker="w")]
)
def test_an_answer_to_another_record_is_none(broker: Broker, other: Answer) -> None:
    answers = SentAnswers(Connections(Settings(), broker.config), send(broker, other), WORKER)
    answers.read(0.0)
    assert not answers.is_sent(make_answer("done"))


def test_answers_are_sent_again_if_the_topic_is_absent(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xafs_workers.runtime.sent_answers.LOOKUP_SECONDS", 0.5)
    answers = SentAnswers(Connections(Settings(), broker.config), f"absent-{uuid.uuid4().hex[:8]}", WORKER)
    answers.read(0.0)
    assert not answers.is_sent(make_answer("done"))
