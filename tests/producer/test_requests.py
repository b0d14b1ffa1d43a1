"""Questions and answers: read from a position before the question, in sessions and in plans."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from bluesky import RunEngine
from bluesky import plan_stubs as bps

from helpers.answering_worker import AnsweringWorker, Reply
from helpers.patience import SECONDS as PATIENCE
from plugins.brokers import Broker
from xafs_workers import wire
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.producer.answers import NoAnswer
from xafs_workers.producer.requests import RequestClient, ask_plan, extract_value
from xafs_workers.settings import Kafka, Settings


def answer(message_id: str, state: str, **more: Any) -> wire.Answer:
    return wire.Answer(message_id, "file-manager", "file_exists", "", state, **more)


def answer_about_one_file(body: Mapping[str, Any]) -> list[wire.Answer]:
    """Answer as the file manager does, after an answer to another sender."""
    number = body["message_id"]
    return [
        answer("somebody-else", "value", value="theirs"),
        answer(number, "accepted"),
        answer(number, "value", value=body["filename"] == "there"),
    ]


@pytest.fixture
def settings(broker: Broker) -> Settings:
    return Settings(kafka=Kafka(control_topic=broker.create_unique_topic(), answers_topic=broker.create_unique_topic()))


@pytest.fixture
def asker(broker: Broker, settings: Settings) -> Iterator[RequestClient]:
    made = RequestClient(settings, broker.config)
    yield made
    made.close()


@pytest.fixture
def working(broker: Broker, settings: Settings) -> Iterator[Callable[[Reply], AnsweringWorker]]:
    made: list[AnsweringWorker] = []

    def start(reply: Reply) -> AnsweringWorker:
        made.append(AnsweringWorker(broker, settings, reply))
        return made[-1]

    yield start
    for one in made:
        one.close()


def exists(name: str) -> dict[str, Any]:
    return {"file_exists": True, "folder": "/f", "filename": name}


def test_the_value_of_the_matching_answer_is_returned(
    asker: RequestClient, working: Callable[[Reply], AnsweringWorker]
) -> None:
    worker = working(answer_about_one_file)
    assert extract_value(asker.ask(exists("there"))) is True
    assert extract_value(asker.ask(exists("free"))) is False
    numbers = [body["message_id"] for body in worker.asked]
    assert len(set(numbers)) == 2
    assert all(numbers)


def test_the_message_id_of_the_sender_is_used(
    asker: RequestClient, working: Callable[[Reply], AnsweringWorker]
) -> None:
    working(answer_about_one_file)
    assert asker.ask({**exists("there"), "message_id": "mine"}).message_id == "mine"


def test_several_threads_can_ask_at_once(asker: RequestClient, working: Callable[[Reply], AnsweringWorker]) -> None:
    working(answer_about_one_file)
    heard: dict[str, Any] = {}

    def one(name: str) -> None:
        heard[name] = asker.ask(exists(name)).value

    threads = [threading.Thread(target=one, args=(name,)) for name in ("there", "a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"there": True, "a": False, "b": False}


def test_answers_older_than_the_question_are_ignored(broker: Broker, settings: Settings, asker: RequestClient) -> None:
    publisher = Publisher(broker.config, settings, "file-manager")
    publisher.send_answer(answer("mine", "value", value=False))
    assert publisher.flush(10)
    with pytest.raises(NoAnswer, match=r"message mine: no worker answered within 0\.5 s"):
        asker.ask({**exists("x"), "message_id": "mine"}, 0.5)


@pytest.mark.slow
def test_accepted_is_reported_but_ends_no_request(
    asker: RequestClient, working: Callable[[Reply], AnsweringWorker]
) -> None:
    working(lambda body: [answer(body["message_id"], "accepted")])
    with pytest.raises(NoAnswer, match="accepted by file-manager, but not done within") as caught:
        asker.ask(exists("x"), 2.0)
    assert caught.value.answer is not None


def test_a_failure_raises_instead_of_a_value(asker: RequestClient, working: Callable[[Reply], AnsweringWorker]) -> None:
    working(lambda body: [answer(body["message_id"], "failed", reason="/f: outside every root")])
    with pytest.raises(NoAnswer, match="file_exists: file-manager failed: /f: outside every root"):
        extract_value(asker.ask(exists("x")))


def test_records_that_are_no_answers_are_skipped(
    broker: Broker, settings: Settings, asker: RequestClient, working: Callable[[Reply], AnsweringWorker]
) -> None:
    from confluent_kafka import Producer

    producer = Producer({**broker.config.get_producer_properties(), "log_level": 3})

    def reply(body: Mapping[str, Any]) -> list[wire.Answer]:
        number = body["message_id"]
        wrong = {"message_id": number, "state": ["value"]}
        for value in (b"\xc1", None, wire.encode("answer", wrong), wire.encode("answer", {"click": {}})):
            producer.produce(settings.get_topic("answers"), value=value, key="file-manager")
        assert producer.flush(10) == 0
        return [answer(number, "value", value=7)]

    working(reply)
    assert asker.ask(exists("x")).value == 7


def test_a_missing_broker_gives_no_value() -> None:
    asker = RequestClient(Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1")))
    with pytest.raises(NoAnswer, match=r"bmm\.workers\.answers cannot be read, nothing was sent"):
        asker.ask(exists("x"), 0.3)
    asker.close()


def test_the_run_engine_keeps_running_while_a_plan_asks(
    engine: RunEngine, asker: RequestClient, working: Callable[[Reply], AnsweringWorker]
) -> None:
    """The worker answers only after the RunEngine's event loop did something else."""
    alive = threading.Event()

    def reply(body: Mapping[str, Any]) -> list[wire.Answer]:
        engine.loop.call_soon_threadsafe(alive.set)
        assert alive.wait(PATIENCE), "the event loop was blocked"
        return answer_about_one_file(body)

    worker = working(reply)
    found: list[Any] = []

    def plan() -> Any:
        found.append((yield from ask_plan(exists("there"), 20, ask=lambda *asked: extract_value(asker.ask(*asked)))))

    engine(plan())
    assert found == [True]
    assert len(worker.asked) == 1


def test_a_plan_paused_during_a_request_asks_once(engine: RunEngine) -> None:
    asked: list[Any] = []
    waiting, go_on = threading.Event(), threading.Event()

    def slow(message: Mapping[str, Any], timeout: float) -> Any:
        asked.append(message)
        waiting.set()
        assert go_on.wait(PATIENCE)
        return 5

    found: list[Any] = []

    def plan() -> Any:
        yield from bps.checkpoint()
        found.append((yield from ask_plan(exists("x"), ask=slow)))

    def pause() -> None:
        assert waiting.wait(PATIENCE)
        engine.request_pause()

    threading.Thread(target=pause).start()
    from bluesky.utils import RunEngineInterrupted

    with pytest.raises(RunEngineInterrupted):
        engine(plan())
    assert engine.state == "paused"
    go_on.set()
    engine.resume()
    assert (len(asked), found) == (1, [5])


def test_a_plan_can_continue_without_an_answer(engine: RunEngine) -> None:
    def away(message: Mapping[str, Any], timeout: float) -> Any:
        raise NoAnswer("nobody there")

    found: list[Any] = []

    def plan() -> Any:
        try:
            yield from ask_plan(exists("x"), ask=away)
        except NoAnswer as error:
            found.append(str(error))

    engine(plan())
    assert found == ["nobody there"]


def test_a_dry_run_sends_no_question_and_gets_no_value() -> None:
    plan = ask_plan(exists("x"), ask=lambda *asked: pytest.fail("asked"))
    next(plan)
    with pytest.raises(NoAnswer, match="not run by a RunEngine"):
        plan.send(None)


PURE = """
import json, sys
import xafs_workers.producer
print(json.dumps(sorted(sys.modules)))
"""

HEAVY = ("matplotlib", "larch", "bokeh", "PySide6", "PyQt5", "tiled", "scipy", "pandas", "bluesky", "confluent_kafka")


def test_a_session_imports_no_heavy_modules() -> None:
    done = subprocess.run([sys.executable, "-c", PURE], capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout)
    assert not [name for name in modules if name.partition(".")[0] in HEAVY]
    own = {name.split(".")[1] for name in modules if name.startswith("xafs_workers.")}
    assert own == {"configuration", "producer", "settings", "logs", "wire"}


ASKING = """
from xafs_workers import producer
try:
    print(producer.ask({"next_index": True, "folder": "/p", "stub": "foil"}, timeout=0.5))
except producer.NoAnswer:
    print("no answer")
"""


def test_asking_prints_nothing_on_standard_output(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XAFS_WORKERS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-c", ASKING]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **home})
    assert done.stdout == "no answer\n"
    assert len(done.stderr.splitlines()) < 5, "a session's log is not flooded"


def test_a_moved_partition_is_looked_up_again(
    asker: RequestClient, working: Callable[[Reply], AnsweringWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    from confluent_kafka import KafkaError, KafkaException

    from xafs_workers.producer.answers import AnswerListener

    whole, moved = AnswerListener._find_end, [True]

    def end_of(ear: AnswerListener, number: int) -> Any:
        if moved:
            moved.pop()
            raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
        return whole(ear, number)

    working(answer_about_one_file)
    monkeypatch.setattr(AnswerListener, "_find_end", end_of)
    assert asker.ask(exists("there")).value is True
    assert moved == []
