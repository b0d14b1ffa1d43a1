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

from helpers.answering import Answering
from helpers.processes import wait_until
from plugins.brokers import Broker
from xafs_workers.cli.main import app
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import Bad
from xafs_workers.consumer.records import RawRecord
from xafs_workers.producer.send import ControlSender
from xafs_workers.runtime.effect_ledger import dead_letter_of_record
from xafs_workers.settings import Settings, load
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer
from xafs_workers.wire import Answer, DeadLetter

TOUCH = {"touch": "/p/2026-3/pass-1/dossier/MANIFEST"}
OWNER = "file-manager"


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> Broker:
    """The embedded one is enough for commands."""
    create = embedded_broker.create_topic
    return Broker("embedded", embedded_broker.bootstrap_servers, lambda name, _partitions: create(name))


@pytest.fixture
def config(tmp_path: Path, broker: Broker) -> Path:
    topics = {f"{name}_topic": broker.new_topic() for name in ("control", "answers", "dead_letters")}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"kafka": {"bootstrap_servers": broker.bootstrap_servers, **topics}}))
    return path


@pytest.fixture
def settings(config: Path) -> Settings:
    return load(config)


@pytest.fixture
def working(broker: Broker, settings: Settings) -> Iterator[Callable[..., Answering]]:
    made: list[Answering] = []

    def start(state: str = "done", **more: Any) -> Answering:
        def reply(body: Mapping[str, Any]) -> list[Answer]:
            return [Answer(body["message_id"], OWNER, next(iter(body)), "", state, **more)]

        made.append(Answering(broker, settings, reply))
        return made[-1]

    yield start
    for one in made:
        one.close()


def call(*arguments: Any) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, re.sub(r"\x1b\[\d*m", "", result.output)


def test_the_answer_is_printed_with_its_files(config: Path, working: Callable[..., Answering]) -> None:
    worker = working(paths=("/p/2026-3/pass-1/dossier/MANIFEST",))
    assert call("send", json.dumps(TOUCH), "--config", config) == (
        0,
        "file-manager: done\n  /p/2026-3/pass-1/dossier/MANIFEST\n",
    )
    assert worker.asked[0]["touch"] == TOUCH["touch"]


def test_a_python_dict_is_taken_and_a_value_printed(config: Path, working: Callable[..., Answering]) -> None:
    working("value", value=False)
    question = "{'file_exists': True, 'folder': '/p/2026-3/pass-1', 'filename': 'x'}"
    assert call("send", question, "--config", config) == (0, "false\n")


def test_a_failure_ends_with_one_and_json_has_all(config: Path, working: Callable[..., Answering]) -> None:
    working("failed", reason="no such folder")
    code, output = call("send", json.dumps(TOUCH), "--json", "--config", config)
    assert code == 1
    assert json.loads(output)["reason"] == "no such folder"


def test_no_answer_ends_with_three(config: Path) -> None:
    code, output = call("send", json.dumps(TOUCH), "--timeout", "0.3", "--config", config)
    assert code == 3
    assert "no worker answered within 0.3 s" in output


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"tuch": "/p"}', "was touch meant?"),
        ('{"linescan": "start"}', "field detector: came nothing"),
        ("close all", "expected a message as JSON or as a Python dict"),
        ('["close"]', "came a list: expected a mapping"),
    ],
)
def test_what_would_be_refused_is_not_sent(config: Path, message: str, reason: str) -> None:
    code, output = call("send", message, "--config", config)
    assert code == 2
    assert "not sent" in output
    assert reason in output


@pytest.mark.parametrize("arguments", [[json.dumps(TOUCH), "--no-wait"], ['{"align_wheel": "start"}', "--no-wait"]])
def test_a_message_can_be_sent_without_waiting(config: Path, arguments: list[str]) -> None:
    assert call("send", *arguments, "--config", config) == (0, "sent\n")


def letters_of(broker: Broker, settings: Settings, bodies: list[Mapping[str, Any]], **bad: str) -> list[DeadLetter]:
    """Send messages and have dead letters written about them, as a worker does."""
    sender = ControlSender(settings, broker.config)
    publisher = Publisher(broker.config, settings, OWNER)
    written: list[DeadLetter] = []

    def refuse(record: RawRecord) -> None:
        letter = dead_letter_of_record(record, Bad("control", "failed", "disk full", **bad), OWNER)
        written.append(letter)
        publisher.dead_letter(letter)
        publisher.dead_letter(letter)  # delivered twice

    ears = Answering(broker, settings, lambda body: [], heard=refuse)
    for body in bodies:
        sender.send(body)
    sender.flush(10)
    wait_until(lambda: len(written) == len(bodies), "the dead letters")
    ears.close()
    assert publisher.flush(10)
    return written


def test_dead_letters_are_listed_and_shown(config: Path, broker: Broker, settings: Settings) -> None:
    (letter,) = letters_of(broker, settings, [TOUCH], kind="touch")
    code, output = call("dead-letters", "list", "--config", config)
    assert code == 0
    lines = output.splitlines()
    assert lines[0].endswith(f"{letter.record}  file-manager  failed  touch: disk full")
    assert lines[1].startswith("1 dead letters since")
    code, output = call("dead-letters", "show", letter.record, "--json", "--config", config)
    assert json.loads(output)["content"] == TOUCH
    code, output = call("dead-letters", "list", "--since", "2000-01-01", "--json", "--config", config)
    assert [json.loads(line)["record"] for line in output.splitlines()] == [letter.record]
    code, output = call("dead-letters", "show", "x/0/1", "--config", config)
    assert code == 2
    assert "x/0/1: no dead letter about this record" in output


def test_a_file_action_is_sent_again_under_its_id(
    config: Path, broker: Broker, settings: Settings, working: Callable[..., Answering]
) -> None:
    named = {**TOUCH, "message_id": "plan-7"}
    letters = letters_of(broker, settings, [TOUCH, named, {"linescan": "stop", "fname": "a.png"}])
    worker = working(paths=("/p/x",))
    code, output = call("dead-letters", "retry", *(letter.record for letter in letters), "--config", config)
    assert code == 2
    assert output.count("file-manager: done") == 2
    assert "linescan: only what the file manager does is sent again" in output
    assert worker.asked[-2:] == [{**TOUCH, "message_id": letters[0].record}, named]


def test_what_would_be_refused_again_is_not_sent_again(config: Path, broker: Broker, settings: Settings) -> None:
    (letter,) = letters_of(broker, settings, [{"touch": 5}])
    code, output = call("dead-letters", "retry", letter.record, "--config", config)
    assert code == 2
    assert f"{letter.record}: would be refused again: touch: field touch: came 5" in output


def test_the_data_file_of_a_run_in_tiled_is_asked_for(
    config: Path, followed: tuple[str, Any], tiled_server: TiledServer, working: Callable[..., Answering]
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
    assert "the catalog has none of this uid" in output


def test_without_a_catalog_it_says_what_is_missing(config: Path) -> None:
    code, output = call("regenerate", "8a6f7c1a", "--config", config)
    assert code == 2
    assert "no catalog is configured: expected catalog.profile or catalog.uri" in output


def test_a_broker_that_is_away_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("kafka: {bootstrap_servers: '127.0.0.1:1'}")
    code, output = call("send", json.dumps(TOUCH), "--timeout", "0.3", "--config", path)
    assert code == 3
    assert "cannot be read, nothing was sent" in output
