"""The doctor's look at the ledger topics of workers that run twice."""

from __future__ import annotations

import pytest

from helpers.kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin
from xafs_workers.diagnostics.doctor.finding import Case, Finding
from xafs_workers.diagnostics.doctor.ledger_topics import check_ledger_topics
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Failover, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_topics_that_cannot_be_shared_are_faults(apache_kafka: KafkaServer, apache_admin: ApacheAdmin) -> None:
    apache_admin.create_topic("two.ledger", 2)
    apache_admin.create_topic("old.ledger", 1, cleanup_policy="delete")
    apache_admin.create_topic("good.ledger", 1, cleanup_policy="compact")

    def check(topic: str) -> Finding:
        settings = Settings(failover=Failover(enabled=True, ledger_topic=topic))
        names = {"two.ledger", "old.ledger", "good.ledger"}
        case = Case(settings, role="headless")
        (finding,) = check_ledger_topics(case, KafkaConfig(apache_kafka.bootstrap_servers), names)
        return finding

    assert [check(f"{name}.ledger").level for name in ("no", "two", "old", "good")] == [
        "fault",
        "fault",
        "warning",
        "ok",
    ]
    assert "2 partitions (expected one)" in check("two.ledger").text


def test_nothing_is_checked_where_failover_is_off() -> None:
    assert not list(check_ledger_topics(Case(Settings()), KafkaConfig("127.0.0.1:1"), ()))
