"""Administrator's requests in a child process: topics described and created on a real Kafka, faults reported."""

from __future__ import annotations

import sys

import pytest

from helpers.kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin
from xafs_workers.consumer import topic_admin
from xafs_workers.consumer.topic_admin import AdminRequestError, create_topics, describe_topics
from xafs_workers.producer.kafka_config import KafkaConfig

NOWHERE = KafkaConfig("127.0.0.1:9")


@pytest.mark.kafka
def test_topics_are_created_and_described(apache_kafka: KafkaServer, apache_admin: ApacheAdmin) -> None:
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    apache_admin.create_topic("compacted", 1, cleanup_policy="compact", message_timestamp_type="LogAppendTime")
    assert create_topics(config, {"made": 2}) == {}
    assert "already exists" in create_topics(config, {"made": 2})["made"]
    facts = describe_topics(config, ["made", "compacted", "missing"])
    assert facts["made"].id not in ("", facts["compacted"].id)
    assert facts["made"].config["cleanup.policy"] == "delete"
    assert facts["compacted"].config["cleanup.policy"] == "compact"
    assert facts["compacted"].config["message.timestamp.type"] == "LogAppendTime"
    assert facts["missing"].id == ""
    assert facts["missing"].errors


@pytest.mark.process
@pytest.mark.slow
def test_a_broker_that_is_away_is_an_error_of_each_topic() -> None:
    (facts,) = describe_topics(NOWHERE, ["t"], timeout=0.5).values()
    assert facts.id == ""
    assert facts.errors


@pytest.mark.process
def test_a_child_that_aborts_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_admin, "COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    with pytest.raises(AdminRequestError, match="ended with -6"):
        describe_topics(NOWHERE, ["t"])
