"""The facility's kafka.yml: where it is found, what is taken from it, what is said when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from xafs_workers.producer import kafka_config
from xafs_workers.producer.kafka_config import KafkaConfig, KafkaConfigError, read_kafka_config
from xafs_workers.settings import Kafka

FACILITY = """\
abort_run_on_kafka_exception: false
bootstrap_servers:
  - kafka1.example:9092
  - kafka2.example:9092
runengine_producer_config:
  acks: 1
  message.timeout.ms: 3000
  compression.codec: snappy
  security.protocol: SASL_SSL
  sasl.mechanisms: PLAIN
  sasl.username: beamline
  sasl.password: hunter2
  ssl.ca.location: probe
consumer_config:
  auto.offset.reset: latest
  sasl.username: reader
  check.crcs: true
  client.rack: null
runengine_topics: ["{endstation}.bluesky.runengine.documents"]
something_new: 1
"""


@pytest.fixture
def facility(tmp_path: Path) -> Path:
    path = tmp_path / "kafka.yml"
    path.write_text(FACILITY)
    return path


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BLUESKY_KAFKA_CONFIG_PATH", raising=False)
    monkeypatch.setattr(kafka_config, "CONFIG_FILE", tmp_path / "absent.yml")


def written(tmp_path: Path, text: str) -> Kafka:
    path = tmp_path / "other.yml"
    path.write_text(text)
    return Kafka(config_file=path)


READER_SECURITY = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanisms": "PLAIN",
    "sasl.username": "reader",
    "sasl.password": "hunter2",
    "ssl.ca.location": "probe",
}


def test_the_producer_gets_its_section_and_security(facility: Path):
    properties = read_kafka_config(Kafka(config_file=facility)).get_producer_properties()
    assert properties == {
        "bootstrap.servers": "kafka1.example:9092,kafka2.example:9092",
        "acks": 1,
        "message.timeout.ms": 3000,
        "compression.codec": "snappy",
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "beamline",
        "sasl.password": "hunter2",
        "ssl.ca.location": "probe",
    }


def test_a_consumer_gets_only_security_of_the_producer_section(facility: Path):
    properties = read_kafka_config(Kafka(config_file=facility)).get_consumer_properties()
    assert properties == {
        "bootstrap.servers": "kafka1.example:9092,kafka2.example:9092",
        **READER_SECURITY,
        "auto.offset.reset": "latest",
        "check.crcs": "true",
    }


def test_an_administrator_gets_security_alone(facility: Path):
    properties = read_kafka_config(Kafka(config_file=facility)).get_admin_properties()
    assert properties == {
        "bootstrap.servers": "kafka1.example:9092,kafka2.example:9092",
        **READER_SECURITY,
    }


def test_the_shared_security_section_goes_to_both(tmp_path: Path):
    config = read_kafka_config(
        written(
            tmp_path,
            "bootstrap_servers: h:1\n"
            "producer_consumer_security_config: {security.protocol: SSL, ssl.key.password: p}\n"
            "runengine_producer_config: {acks: all, ssl.key.password: q}\n",
        )
    )
    assert config.get_producer_properties()["ssl.key.password"] == "q"
    assert config.get_consumer_properties() == {
        "security.protocol": "SSL",
        "ssl.key.password": "p",
        "bootstrap.servers": "h:1",
    }


def test_no_password_is_printed(facility: Path):
    assert "hunter2" not in repr(read_kafka_config(Kafka(config_file=facility)))


def test_servers_are_given_as_text(tmp_path: Path):
    kafka = written(tmp_path, "bootstrap_servers: ' a:1, b:2 ,'\nrunengine_producer_config: {}\n")
    assert read_kafka_config(kafka) == KafkaConfig("a:1,b:2")


def test_the_option_precedes_the_variable_and_the_system_file(
    facility: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def minimal(name: str) -> Path:
        path = tmp_path / name
        path.write_text(f"bootstrap_servers: [{name}:1]\nrunengine_producer_config: {{}}\n")
        return path

    monkeypatch.setattr(kafka_config, "CONFIG_FILE", minimal("system"))
    assert read_kafka_config(Kafka()).bootstrap_servers == "system:1"
    monkeypatch.setenv("BLUESKY_KAFKA_CONFIG_PATH", str(minimal("variable")))
    assert read_kafka_config(Kafka()).bootstrap_servers == "variable:1"
    assert read_kafka_config(Kafka(config_file=minimal("option"))).bootstrap_servers == "option:1"


def test_given_servers_need_no_file_and_read_none(facility: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BLUESKY_KAFKA_CONFIG_PATH", str(facility))
    config = read_kafka_config(Kafka(bootstrap_servers="127.0.0.1:1"))
    assert config.get_producer_properties() == config.get_consumer_properties() == {"bootstrap.servers": "127.0.0.1:1"}


def test_given_servers_override_those_of_a_given_file(facility: Path):
    config = read_kafka_config(Kafka(config_file=facility, bootstrap_servers="tunnel:1"))
    assert config.get_producer_properties()["bootstrap.servers"] == "tunnel:1"
    assert config.get_producer_properties()["sasl.password"] == "hunter2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("runengine_producer_config: {}", r"missing key 'bootstrap_servers' \(expected a list of host:port"),
        ("bootstrap_servers: [a:1]", r"missing key 'runengine_producer_config' \(expected a mapping"),
        ("bootstrap_servers: []\nrunengine_producer_config: {}", "bootstrap_servers: got no server"),
        ("bootstrap_servers: 9092\nrunengine_producer_config: {}", "bootstrap_servers: got 9092"),
        ("bootstrap_servers: [9092]\nrunengine_producer_config: {}", r"bootstrap_servers: got \[9092\]"),
        ("bootstrap_servers: [a:1]\nrunengine_producer_config: [acks]", "runengine_producer_config: got a list"),
        ("bootstrap_servers: [a:1]\nrunengine_producer_config: {}\nconsumer_config: 3", "consumer_config: got a int"),
        ("[1, 2]", r"a list \(expected the facility's kafka.yml"),
        ("", r"a NoneType \(expected the facility's kafka.yml"),
        ("a: [", "line 1, column 5: not YAML: expected the node content"),
        ("a: \xff", "."),
    ],
)
def test_an_invalid_entry_is_named_with_its_file(tmp_path: Path, text: str, reason: str):
    path = tmp_path / "other.yml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(KafkaConfigError, match=reason) as caught:
        read_kafka_config(Kafka(config_file=path))
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_named_with_the_alternatives(tmp_path: Path):
    with pytest.raises(KafkaConfigError, match=r"absent\.yml: no such file.*BLUESKY_KAFKA_CONFIG_PATH.*bootstrap"):
        read_kafka_config(Kafka())


def test_librdkafka_accepts_the_settings_of_a_file(facility: Path, tmp_path: Path):
    """Return numbers, texts and truth values in the form that a real client takes."""
    from confluent_kafka import Consumer, Producer

    text = FACILITY.replace("  ssl.ca.location: probe\n", "").replace("SASL_SSL", "SASL_PLAINTEXT")
    text = text.replace("kafka1.example", "127.0.0.1").replace("kafka2.example", "127.0.0.1")
    config = read_kafka_config(written(tmp_path, text))
    Producer({**config.get_producer_properties(), "log_level": 0})
    Consumer({**config.get_consumer_properties(), "group.id": "g", "log_level": 0}).close()
