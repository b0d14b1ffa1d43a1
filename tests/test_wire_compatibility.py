"""What bluesky-kafka writes we read, and what we write it reads, through both brokers and as bytes."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest
from bluesky_kafka import Publisher  # patches msgpack for the whole process, as in a beamline's session
from bluesky_kafka.produce import BasicProducer

from helpers.kafka_records import open_source, read_records
from plugins.brokers import Topic
from xafs_workers import wire
from xafs_workers.consumer.records import RawRecord
from xafs_workers.producer.send import ControlSender
from xafs_workers.settings import Kafka, Settings

VALUES = [
    np.float64(1.5),
    np.float32(0.1),
    np.int64(-3),
    np.uint16(9),
    np.bool_(True),
    np.arange(5.0),
    np.arange(6, dtype=np.int32).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(10)[::3],
    np.array([True, False]),
    np.array([1 + 2j, 3]),
    np.array(["Cr", "µ(E)", ""]),
    np.array([b"a", b"bc"]),
    np.array([]),
    np.zeros((0, 2)),
    np.array(7.0),
    [1, "two", 3.0, None, True],
    {"nested": {"list": [np.float64(1), np.int8(2)]}},
    b"\x00\xff",
    "χ Å⁻¹",
]


def plain(value: object) -> object:
    """Bring numbers and arrays of either side to one form."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_bytes_are_decoded_both_ways(value: object):
    theirs = msgpack.packb(["event", {"data": {"x": value}}])
    ours = wire.encode("event", {"data": {"x": value}})
    assert plain(wire.decode(theirs)[1]) == {"data": {"x": plain(value)}}
    assert plain(msgpack.unpackb(ours)) == ["event", {"data": {"x": plain(value)}}]


def test_a_complex_number_of_msgpack_numpy_is_read():
    assert wire.decode(msgpack.packb(["bmm", {"x": 1 + 2j}])) == ("bmm", {"x": 1 + 2j})


def read_all(topic: Topic, count: int) -> list[RawRecord]:
    with open_source(topic.broker.config, topic.name) as source:
        source.assign(dict.fromkeys(source.metadata.list_partitions(), 0))
        return read_records(source, count)


def test_control_messages_of_current_sessions_are_read(topic: Topic):
    session = BasicProducer(
        topic=topic.name, bootstrap_servers=[topic.broker.bootstrap_servers], key="abcdef", producer_config={"acks": 1}
    )
    messages = [{"xafsscan": "start", "energy": np.arange(3.0), "count": np.int64(n)} for n in range(10)]
    for message in messages:
        session.produce(["bmm", message])
    session.flush()
    came = read_all(topic, 10)
    assert len({record.partition for record in came}) == 1
    decoded = [wire.decode(record.value) for record in came]
    assert [(name, plain(body)) for name, body in decoded] == [("bmm", plain(message)) for message in messages]


def test_documents_of_the_publisher_are_read(topic: Topic):
    publisher = Publisher(
        topic=topic.name,
        bootstrap_servers=topic.broker.bootstrap_servers,
        key="4ca1d1e2-run",
        producer_config={"acks": 1},
        flush_on_stop_doc=True,
    )
    documents = [
        ("start", {"uid": "u", "time": 1.0, "XDI": {"Element": {"symbol": "Cr"}}}),
        ("descriptor", {"uid": "d", "run_start": "u", "data_keys": {"I0": {"dtype": "number", "shape": []}}}),
        ("event", {"descriptor": "d", "seq_num": 1, "data": {"I0": np.float64(12.5), "n": np.int64(3)}}),
        ("event", {"descriptor": "d", "seq_num": 2, "data": {"I0": 11.0, "mca": np.arange(4096, dtype=np.uint32)}}),
        ("stop", {"uid": "s", "run_start": "u", "exit_status": "success"}),
    ]
    for name, doc in documents:
        publisher(name, doc)
    came = [wire.decode(record.value) for record in read_all(topic, 5)]
    assert [(name, plain(doc)) for name, doc in came] == [(name, plain(doc)) for name, doc in documents]


def test_our_control_messages_are_read_by_current_workers(topic: Topic):
    sender = ControlSender(Settings(kafka=Kafka(control_topic=topic.name)), topic.broker.config)
    message = {"xafs_sequence": "add", "energy": np.arange(3.0), "count": np.int64(4), "uid": "u"}
    sender.send(message)
    sender.flush(10)
    (record,) = read_all(topic, 1)
    name, body = msgpack.loads(record.value)
    assert (name, plain(body)) == ("bmm", plain(message))
