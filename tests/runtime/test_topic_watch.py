"""Topics that are deleted and created again: noticed by their ids, and read again from the oldest record on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helpers.kafka_records import list_values, open_source, produce, read_records
from helpers.kafka_server import KafkaServer
from plugins.brokers import ApacheAdmin
from xafs_workers.consumer.recovery import find_stored_offsets
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.runtime.topic_watch import TopicRecord, TopicRecreated, TopicWatch, fetch_topic_ids


@pytest.fixture
def record(tmp_path: Path) -> TopicRecord:
    return TopicRecord(tmp_path / "topics.json")


def watch(record: TopicRecord, **ids: str) -> TopicWatch:
    return TopicWatch(record, lambda: ids, threading.Event())


def test_the_ids_of_a_first_start_are_stored(record: TopicRecord) -> None:
    assert watch(record, control="a", documents="b").check()
    assert watch(record, control="a", documents="b").check()
    assert record.read() == ({"control": "a", "documents": "b"}, ())


def test_another_id_ends_the_worker_and_is_noted(record: TopicRecord) -> None:
    watch(record, control="a", documents="b").check()
    with pytest.raises(TopicRecreated, match="documents"):
        watch(record, control="a", documents="c").check()
    assert record.read() == ({"control": "a", "documents": "c"}, ("documents",))
    watch(record, control="a", documents="c").check()
    assert record.read()[1] == ("documents",), "until its offsets are stored"


def test_an_unknown_id_says_nothing(record: TopicRecord) -> None:
    watch(record, control="a").check()
    assert not watch(record).check()
    assert record.read() == ({"control": "a"}, ())


def test_an_unusable_file_counts_as_missing(record: TopicRecord, tmp_path: Path) -> None:
    (tmp_path / "topics.json").write_text('{"ids": 3}')
    assert record.read() == ({}, ())
    assert watch(record, control="a").check()
    assert record.read() == ({"control": "a"}, ())


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    record = TopicRecord(tmp_path / "missing" / "topics.json")
    assert watch(record, control="a").check()
    (tmp_path / "missing").mkdir()
    assert watch(record, control="a").check()
    assert record.read()[0] == {"control": "a"}


@pytest.mark.kafka
def test_a_topic_created_again_is_read_from_its_oldest_record(
    apache_kafka: KafkaServer, apache_admin: ApacheAdmin, record: TopicRecord
) -> None:
    config = KafkaConfig(apache_kafka.bootstrap_servers)
    control, documents = "again.control", "again.documents"
    topics = (control, documents)
    for topic in topics:
        apache_admin.create_topic(topic, 1)
    produce(config, control, [b"old"] * 5)
    watcher = TopicWatch(record, lambda: fetch_topic_ids(config, topics), threading.Event())
    assert watcher.check()
    with open_source(config, *topics, group="again") as source:
        source.assign({(control, 0): 0, (documents, 0): 0})
        read_records(source, 5)
        apache_admin.delete_topic(control)
        apache_admin.create_topic(control, 1)
        produce(config, control, [b"%d" % number for number in range(8)])
        assert source.store({(control, 0): 5, (documents, 0): 0}), "what the worker knows nothing of yet"
    with pytest.raises(TopicRecreated):
        watcher.check()
    with open_source(config, *topics, group="again") as source:
        positions = find_stored_offsets(source, record.read()[1])
        assert positions == {(control, 0): 0, (documents, 0): 0}
        source.assign(positions)
        assert list_values(read_records(source, 8)) == [b"%d" % number for number in range(8)]
