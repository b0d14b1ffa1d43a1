"""A broker that is killed while offsets are stored: the storing process lives on, and its offsets are stored."""

from __future__ import annotations

import pytest

from helpers.kafka_server import KafkaServer
from helpers.offset_storers import TOPIC, fetch_stored, kill_under_load
from helpers.patience import SECONDS as PATIENCE
from plugins.brokers import ApacheAdmin

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_killed_brokers_abort_no_process_that_stores(apache_kafka: KafkaServer, apache_admin: ApacheAdmin) -> None:
    apache_admin.create_topic(TOPIC, 1)
    for storer in kill_under_load(apache_kafka, kills=2, children=4, patience=PATIENCE):
        assert storer.exit_codes == []
        assert fetch_stored(apache_kafka.bootstrap_servers, storer.group) >= storer.stored > 0
