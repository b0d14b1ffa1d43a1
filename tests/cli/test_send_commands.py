"""The commands `send`, `dead-letters` and `regenerate`, against a worker that answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from helpers.answering_worker import AnsweringWorker
from helpers.processes import wait_until
from plugins.brokers import Broker
from xafs_workers.cli.main import app
from xafs_workers.configuration import load
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.producer.send import ControlSender
from xafs_workers.runtime.effect_ledger import build_record_dead_letter
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer
from xafs_workers.wire import Answer, DeadLetter

TOUCH = {"touch": "/p/2026-3/pass-1/dossier/MANIFEST"}
OWNER = "file-manager"


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> Broker:
    """Use the embedded broker, which is enough for commands."""
    create = embedded_broker.create_topic
    return Broker("embedded", embedded_broker.bootstrap_servers, lambda name, _partitions: create(name))


@pytest.fixture
def config(tmp_path: Path, broker: Broker) -> Path:
    topics = {f"{name}_topic": broker.create_unique_topic() for name in ("control", "answers", "dead_letters")}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"kafka": {"bootstrap_servers": broker.bootstrap_servers, **topics}}))
    return path


@pytest.fixture
def settings(config: Path) -> Settings:
    return load(config)


@pytest.fixture
def working(broker: Broker, settings: Settings) -> Iterator[Callable[..., AnsweringWorker]]:
    made: list[AnsweringWorker] = []

    def start(state: str = "done", **more: Any) -> AnsweringWorker:
        def reply(body: Mapping[str, Any]) -> list[Answer]:
            return [Answer(body["message_id"], OWNER, next(iter(body)), "", state, **more)]

        made.append(AnsweringWorker(broker, settings, reply))
        return made[-1]

    yield start
    for one in made:
        one.close()


def call(*arguments: Any) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, re.sub(r"\x1b\[\d*m", "", result.output)


def test_the_answer_is_printed_with_its_files(config: Path, working: Callable[..., AnsweringWorker]) -> None:
    worker = working(paths=("/p/2026-3/pass-1/dossier/MANIFEST",))
    assert call("send", json.dumps(TOUCH), "--config", config) == (
        0,
        "file-manager: done\n  /p/2026-3/pass-1/dossier/MANIFEST\n",
    )
    assert worker.asked[0]["touch"] == TOUCH["touch"]


def test_a_python_dict_is_accepted_and_the_value_printed(config: Path, working: Callable[..., AnsweringWorker]) -> None:
    working("value", value=False)
    question = "{'file_exists': True, 'folder': '/p/2026-3/pass-1', 'filename': 'x'}"
    assert call("send", question, "--config", config) == (0, "false\n")


def test_a_failure_exits_with_code_1_and_json_shows_all(config: Path, working: Callable[..., AnsweringWorker]) -> None:
    working("failed", reason="no such folder")
    code, output = call("send", json.dumps(TOUCH), "--json", "--config", config)
    assert code == 1
    assert json.loads(output)["reason"] == "no such folder"


def test_a_missing_answer_exits_with_code_3(config: Path) -> None:
    code, output = call("send", json.dumps(TOUCH), "--timeout", "0.3", "--config", config)
    assert code == 3
    assert "no worker answered within 0.3 s" in output


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"tuch": "/p"}', "was touch meant?"),
        ('{"linescan": "start"}', "missing field 'detector'"),
        ("close all", "expected a message as JSON or as a Python dict"),
        ('["close"]', "got a list (expected a mapping"),
    ],
)
def test_an_invalid_message_is_not_sent(config: Path, message: str, reason: str) -> None:
    code, output = call("send", message, "--config", config)
    assert code == 2
    assert "not sent" in output
    assert reason in output


@pytest.mark.parametrize("arguments", [[json.dumps(TOUCH), "--no-wait"], ['{"align_wheel": "start"}', "--no-wait"]])
def test_a_message_can_be_sent_without_waiting(config: Path, arguments: list[str]) -> None:
    assert call("send", *arguments, "--config", config) == (0, "sent\n")


def write_dead_letters(
    broker: Broker, settings: Settings, bodies: list[Mapping[str, Any]], **bad: str
) -> list[DeadLetter]:
    """Send messages and have dead letters written about them, as a worker does."""
    sender = ControlSender(settings, broker.config)
    publisher = Publisher(broker.config, settings, OWNER)
    written: list[DeadLetter] = []

    def refuse(record: RawRecord) -> None:
        letter = build_record_dead_letter(record, RejectedRecord("control", "failed", "disk full", **bad), OWNER)
        written.append(letter)
        publisher.send_dead_letter(letter)
        publisher.send_dead_letter(letter)  # delivered twice

    ears = AnsweringWorker(broker, settings, lambda body: [], heard=refuse)
    for body in bodies:
        sender.send(body)
    sender.flush(10)
    wait_until(lambda: len(written) == len(bodies), "the dead letters")
    ears.close()
    assert publisher.flush(10)
    return written


def test_dead_letters_are_listed_and_shown(config: Path, broker: Broker, settings: Settings) -> None:
    (letter,) = write_dead_letters(broker, settings, [TOUCH], kind="touch")
    code, output = call("dead-letters", "list", "--config", config)
    assert code == 0
    lines = output.splitlines()
    assert lines[0].endswith(f"{letter.record_id}  file-manager  failed  touch: disk full")
    assert lines[1].startswith("1 dead letters since")
    code, output = call("dead-letters", "show", letter.record_id, "--json", "--config", config)
    assert json.loads(output)["content"] == TOUCH
    code, output = call("dead-letters", "list", "--since", "2000-01-01", "--json", "--config", config)
    assert [json.loads(line)["record"] for line in output.splitlines()] == [letter.record_id]
    code, output = call("dead-letters", "show", "x/0/1", "--config", config)
    assert code == 2
    assert "x/0/1: no dead letter about this record" in output


def test_a_file_action_is_sent_again_with_its_id(
    config: Path, broker: Broker, settings: Settings, working: Callable[..., AnsweringWorker]
) -> None:
    named = {**TOUCH, "message_id": "plan-7"}
    letters = write_dead_letters(broker, settings, [TOUCH, named, {"linescan": "stop", "fname": "a.png"}])
    worker = working(paths=("/p/x",))
    code, output = call("dead-letters", "retry", *(letter.record_id for letter in letters), "--config", config)
    assert code == 2
    assert output.count("file-manager: done") == 2
    assert "linescan: only what the file manager does is sent again (a picture belongs to the scan" in output
    assert worker.asked[-2:] == [{**TOUCH, "message_id": letters[0].record_id}, named]


def test_an_invalid_dead_letter_is_not_sent_again(config: Path, broker: Broker, settings: Settings) -> None:
    (letter,) = write_dead_letters(broker, settings, [{"touch": 5}])
    code, output = call("dead-letters", "retry", letter.record_id, "--config", config)
    assert code == 2
    assert f"{letter.record_id}: would be refused again: touch: field 'touch': got 5" in output


def test_the_data_file_of_a_run_in_tiled_is_requested(
    config: Path, followed: tuple[str, Any], tiled_server: TiledServer, working: Callable[..., AnsweringWorker]
) -> None:
    content = yaml.safe_load(config.read_text())
    content["catalog"] = {"uri": tiled_server.uri, "api_key_file": str(tiled_server.api_key_file)}
    config.write_text(yaml.safe_dump(content))
    worker = working(paths=("/p/fe.001",))
    uid, _ = followed
    code, output = call("regenerate", uid, "--overwrite", "--config", config)
    assert (code, output) == (0, "file-manager: done\n  /p/fe.001\n")
    asked = {key: value for key, value in worker.asked[-1].items() if key != "message_id"}
    assert asked == {"xasxdi": True, "uid": uid, "filename": "fe.001", "overwrite": True}
    code, output = call("regenerate", "nosuchrun", "--config", config)
    assert code == 2
    assert "not in the catalog" in output


def test_a_missing_catalog_is_reported(config: Path) -> None:
    code, output = call("regenerate", "8a6f7c1a", "--config", config)
    assert code == 2
    assert "no catalog is configured (expected catalog.profile or catalog.uri" in output


def test_an_unreachable_broker_is_reported_as_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("kafka: {bootstrap_servers: '127.0.0.1:1'}")
    code, output = call("send", json.dumps(TOUCH), "--timeout", "0.3", "--config", path)
    assert code == 3
    assert "cannot be read, nothing was sent" in output
