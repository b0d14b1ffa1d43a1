"""Every command with a wrong set-up: one sentence that names the fault, exit code 2, and no standard output."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from xafs_workers.cli.main import app
from xafs_workers.simulation.broker import EmbeddedBroker

WORKERS = {
    "file-manager": ["file-manager"],
    "headless": ["plot-manager", "--headless"],
    "screen": ["plot-manager"],
    "web": ["plot-manager", "--web"],
}
COMMANDS = {
    **WORKERS,
    "status": ["status", "--once"],
    "status as JSON": ["status", "--json"],
    "watch": ["watch"],
    "send": ["send", '{"close": "all"}'],
    "send as JSON": ["send", '{"close": "all"}', "--json"],
    "send, no wait": ["send", '{"close": "all"}', "--no-wait"],
    "record": ["record", "new.jsonl"],
    "replay": ["replay", "session.jsonl", "--speed", "max"],
    "dead letters": ["dead-letters", "list"],
    "dead letter": ["dead-letters", "show", "a/0/1"],
    "retry": ["dead-letters", "retry", "a/0/1"],
    "waiting": ["waiting", "list"],
    "topics": ["install", "--topics"],
}
"""The commands that read the Kafka configuration."""

KAFKA_FILES = {
    "no file": (None, "kafka.yml: no such file (expected the facility's kafka.yml"),
    "no YAML": ("a: [1\n", "kafka.yml: line 2, column 1: not YAML: expected ',' or ']'"),
    "no key": ("{}", "kafka.yml: missing key 'bootstrap_servers' (expected a list of host:port)"),
    "certificate": (
        "{bootstrap_servers: ['127.0.0.1:1'], runengine_producer_config: {ssl.ca.location: /no/such/ca.pem}}",
        "kafka.yml: runengine_producer_config: ssl.ca.location: cannot read /no/such/ca.pem (expected a file",
    ),
    "property": (
        "{bootstrap_servers: ['127.0.0.1:1'], runengine_producer_config: {}, "
        "producer_consumer_security_config: {no.such.property: 1}}",
        'Kafka properties: No such configuration property: "no.such.property" (expected properties of librdkafka',
    ),
}
CONFIGURATIONS = {
    "no file": (None, "config.yaml: no such file or directory (expected a readable YAML file)"),
    "no YAML": ("a: [1\n", "config.yaml: line 2, column 1: not YAML: expected ',' or ']'"),
    "no mapping": ("[1]", "config.yaml: got a list (expected a mapping of settings)"),
    "typing error": ("{beamlin: x}", "config.yaml: beamlin: unknown key (did you mean 'beamline'?)"),
    "typing error below": (
        "{kafka: {bootstrap_server: 'x:1'}}",
        "config.yaml: kafka.bootstrap_server: unknown key (did you mean 'bootstrap_servers'?)",
    ),
    "unlike all keys": ("{zzz: 1}", "config.yaml: zzz: unknown key\n"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder with a recording."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "session.jsonl").write_text('["bmm", {"close": "all"}]\n')
    return tmp_path


def write_config(place: Path, **more: Any) -> str:
    content = {"state_directory": str(place / "state"), "storage": {"proposals_root": str(place)}, **more}
    (place / "config.yaml").write_text(yaml.safe_dump(content))
    return str(place / "config.yaml")


def check_refusal(command: list[str], config: str, sentence: str) -> None:
    result = CliRunner().invoke(app, [*command, "--config", config])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("xafs-workers: ")
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("fault", KAFKA_FILES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_fault_of_the_kafka_file_is_one_sentence(command: str, fault: str, place: Path) -> None:
    content, sentence = KAFKA_FILES[fault]
    if content is not None:
        (place / "kafka.yml").write_text(content)
    config = write_config(place, kafka={"config_file": str(place / "kafka.yml")})
    check_refusal(COMMANDS[command], config, sentence)


@pytest.mark.parametrize("fault", CONFIGURATIONS)
@pytest.mark.parametrize("command", [*COMMANDS, "config show", "regenerate"])
def test_a_fault_of_the_configuration_is_one_sentence(command: str, fault: str, place: Path) -> None:
    content, sentence = CONFIGURATIONS[fault]
    if content is not None:
        (place / "config.yaml").write_text(content)
    words = COMMANDS.get(command, {"config show": ["config", "show"], "regenerate": ["regenerate", "u"]}.get(command))
    assert words is not None
    check_refusal(words, str(place / "config.yaml"), sentence)


@pytest.mark.parametrize("command", ["kafka.yml", "config.yaml"])
@pytest.mark.skipif(os.geteuid() == 0, reason="the account root may read every file")
def test_an_unreadable_file_is_one_sentence(command: str, place: Path) -> None:
    (place / "kafka.yml").write_text("{}")
    config = write_config(place, kafka={"config_file": str(place / "kafka.yml")})
    (place / command).chmod(0)
    check_refusal(["status", "--once"], config, f"{command}: permission denied (expected a readable YAML file)")


ADVICE = "`xafs-workers doctor` names the cause and the remedy"
READERS = ["status", "status as JSON", "dead letters", "dead letter", "retry", "waiting"]
"""Commands that end where a topic cannot be read; `watch` and `record` wait for it, as the workers do."""
AWAY = {
    **dict.fromkeys([*READERS, "topics"], (2, ADVICE)),
    "send": (3, "cannot be read, nothing was sent"),
    "send, no wait": (3, "still waiting after"),
    "replay": (1, "(after 0.3 s)"),
    "watch": (0, "waiting_for"),
    "record": (130, "stopped before the topics were there; nothing is recorded"),
}
"""Exit code and sentence of each command where no broker answers."""
MISSING = {
    **dict.fromkeys(READERS, (2, ADVICE)),
    "send": (3, "cannot be read, nothing was sent: Broker: Unknown topic"),
    "watch": (0, "waiting_for"),
    "record": (130, "stopped before the topics were there; nothing is recorded"),
}
"""The same where a broker answers, but has none of the topics; those that write make the embedded broker create one."""


class StoppingEvent(threading.Event):
    """The stop of a command that waits: it is set by the first wait, as by Ctrl-C."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits for a broker, and stop what would wait for ever."""
    monkeypatch.setattr("xafs_workers.install.topics.LIST_SECONDS", 0.2)
    monkeypatch.setattr("xafs_workers.diagnostics.worker_status.READ_TIMEOUT", 0.2)
    monkeypatch.setattr("xafs_workers.diagnostics.dead_letters.READ_TIMEOUT", 0.2)
    monkeypatch.setattr("xafs_workers.recording.service.TOPIC_TIMEOUT", 0.3)
    monkeypatch.setattr("xafs_workers.consumer.topic_metadata.fetch_partitions.__defaults__", (0.3,))
    monkeypatch.setattr("xafs_workers.producer.send.ControlSender.flush.__defaults__", (0.2,))


def check_trouble(command: str, config: str, expected: tuple[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    if command in ("watch", "record"):
        monkeypatch.setattr("xafs_workers.runtime.lifecycle.stop_on_signals", StoppingEvent)
    more = ["--timeout", "0.3"] if command == "send" else []
    result = CliRunner().invoke(app, [*COMMANDS[command], *more, "--config", config])
    code, sentence = expected
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("command", [pytest.param(name, marks=pytest.mark.slow) for name in AWAY])
def test_a_broker_that_is_away_is_reported(command: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_trouble(command, write_config(place, kafka={"bootstrap_servers": "127.0.0.1:1"}), AWAY[command], monkeypatch)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("command", [pytest.param(name, marks=pytest.mark.slow) for name in MISSING])
def test_a_missing_topic_is_reported(
    command: str, place: Path, embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = embedded_broker.bootstrap_servers
    config = write_config(place, beamline=f"missing-{command.split()[0]}", kafka={"bootstrap_servers": servers})
    check_trouble(command, config, MISSING[command], monkeypatch)


def test_each_command_that_reads_kafka_meets_both_troubles() -> None:
    """A table beside may leave out the workers, whose waits `test_every_command.py` has, and writers."""
    assert set(COMMANDS) - set(WORKERS) - {"send as JSON"} == set(AWAY)
    assert set(AWAY) - set(MISSING) == {"send, no wait", "replay", "topics"}


def test_a_question_without_an_answer_is_json_alone(place: Path) -> None:
    config = write_config(place, kafka={"bootstrap_servers": "127.0.0.1:1"})
    command = ["send", '{"close": "all"}', "--json", "--timeout", "0.2", "--config", config]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["state"] == "none"
    assert len(result.stdout.splitlines()) == 1


def test_shown_configuration_has_no_secret(place: Path) -> None:
    config = write_config(
        place,
        key_store={"url": "rediss://user:s3cret@host:6379/0"},
        slack={"lookup_url": "https://api.example.org/{number}?token=s3cret"},
    )
    shown = CliRunner().invoke(app, ["config", "show", "--config", config])
    assert shown.exit_code == 0
    assert "s3cret" not in shown.output
    assert "rediss://user:***@host:6379/0" in shown.output


def test_shown_configuration_names_its_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(place)
    shown = CliRunner().invoke(app, ["config", "show", "--config", config])
    assert shown.stdout.splitlines()[0] == f"# {config}"
    monkeypatch.setattr("xafs_workers.configuration.CONFIG_FILES", (place / "absent",))
    first = CliRunner().invoke(app, ["config", "show"]).stdout.splitlines()[0]
    assert first == f"# no file, these are defaults: none of {place / 'absent'} exists"


def test_each_command_is_in_the_table() -> None:
    # They read no topic, report all faults, or make a configuration.
    apart = {"messages", "schema", "lint", "demo", "doctor", "config", "adopt"}
    names = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    assert names - apart == {command[0] for command in COMMANDS.values()} | {"regenerate"}
