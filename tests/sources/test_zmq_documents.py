"""Documents from a real ZMQ proxy of Bluesky."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from bluesky import RunEngine
from bluesky.callbacks.zmq import Publisher
from bluesky.plans import scan
from ophyd.sim import SynAxis, SynGauss

from helpers.processes import wait_until
from helpers.zmq_proxy import PREFIX, ZmqProxy, pack, pack_json
from xafs_workers.consumer.record_parser import RecordParser, RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.scans.items import Document
from xafs_workers.settings import Settings, Sources, ZmqDocuments
from xafs_workers.sources.zmq_documents import ZmqSource

LIMIT = 100_000


class Reader:
    """A source and what it has delivered, parsed."""

    def __init__(self, address: str):
        self.source = ZmqSource(ZmqDocuments(address=address, prefix=PREFIX.decode()), LIMIT, threading.Event())
        self.parser = RecordParser(Settings(sources=Sources(zmq=ZmqDocuments(address=address))))
        self.items: list[Any] = []
        self.source.assign({place: high for place, (_, high) in self.source.fetch_watermarks().items()})

    def wait_for(self, count: int) -> list[Any]:
        def has_come() -> bool:
            entries = self.source.poll(0.05)
            self.items += [self.parser.parse_record(entry) for entry in entries if isinstance(entry, RawRecord)]
            return len(self.items) >= count

        wait_until(has_come, f"{count} documents")
        return self.items

    def join(self, publisher: Publisher) -> None:
        """Publish until the first document comes through: nothing is kept for late readers."""

        def has_come() -> bool:
            publisher("stop", {"uid": "probe", "run_start": "probe", "time": 1.0})
            return self._has_received("probe")

        wait_until(has_come, "the first document")
        publisher("stop", {"uid": "last probe", "run_start": "probe", "time": 1.0})
        wait_until(lambda: self._has_received("last probe"), "the last probe")
        self.items.clear()

    def _has_received(self, uid: str) -> bool:
        self.wait_for(len(self.items))
        return any(isinstance(item, Document) and item.doc["uid"] == uid for item in self.items)


@pytest.fixture
def proxy() -> Iterator[ZmqProxy]:
    with ZmqProxy() as made:
        yield made


@pytest.fixture
def reader(proxy: ZmqProxy) -> Iterator[Reader]:
    made = Reader(proxy.address)
    yield made
    made.source.close()


def run_scan(publisher: Publisher, points: int) -> list[tuple[str, dict[str, Any]]]:
    motor = SynAxis(name="motor")
    detector = SynGauss("det", motor, "motor", center=0, Imax=1, sigma=1)
    sent: list[tuple[str, dict[str, Any]]] = []
    engine = RunEngine({}, call_returns_result=False)
    engine.subscribe(lambda name, doc: sent.append((name, dict(doc))))
    engine.subscribe(publisher)
    engine(scan([detector], motor, -1, 1, points))
    return sent


@pytest.mark.slow
def test_documents_of_a_real_plan_arrive(proxy: ZmqProxy, reader: Reader) -> None:
    publisher = proxy.create_publisher()
    reader.join(publisher)
    sent = run_scan(publisher, 5)
    items = reader.wait_for(len(sent))
    assert [(item.name, item.doc["uid"]) for item in items] == [(name, doc["uid"]) for name, doc in sent]
    events = [item.doc["data"]["det"] for item in items if item.name == "event"]
    assert events == [doc["data"]["det"] for name, doc in sent if name == "event"]
    assert all(a.position.offset < b.position.offset for a, b in pairwise(items))


@pytest.mark.slow
def test_pickles_are_refused_with_one_dead_letter(proxy: ZmqProxy, reader: Reader) -> None:
    good, bad = proxy.create_publisher(), proxy.create_publisher(None)
    reader.join(good)
    wait_until(lambda: (bad("event", {"a": 1}), reader.source.poll(0.05), reader.source.refused > 3)[-1], "pickles")
    good("stop", {"uid": "u", "run_start": "r", "time": 1.0})
    items = reader.wait_for(1)
    assert not any(isinstance(item, RejectedRecord) for item in items[1:])
    assert reader.source.waits_for.startswith(
        "zmq: pickled documents are refused (expected at the RunEngine: Publisher("
    )
    assert "msgpack_numpy.encode" in reader.source.waits_for
    assert reader.source.reports[0].promise == "at-most-once"


def test_a_pickle_is_told_by_its_first_bytes() -> None:
    source = ZmqSource(ZmqDocuments(address="tcp://127.0.0.1:1"), LIMIT, threading.Event())
    for protocol in (2, 3, 4, 5):
        source._take_frame(b" event " + pickle.dumps({"a": 1}, protocol))
    records = source.poll(0.0)
    assert (source.refused, len(records)) == (4, 1)
    assert isinstance(records[0], RawRecord)
    assert "never decoded" in records[0].problem


@pytest.mark.parametrize("packer", [pack, pack_json])
def test_both_serializers_give_the_same_document(packer: Any) -> None:
    source = ZmqSource(ZmqDocuments(address="tcp://127.0.0.1:1"), LIMIT, threading.Event())
    document = {"uid": "u", "run_start": "r", "time": 1.0, "num_events": {"primary": 3}, "text": "a b c", "empty": {}}
    source._take_frame(b" stop " + packer(document))
    (record,) = source.poll(0.0)
    assert isinstance(record, RawRecord)
    item = RecordParser(Settings()).parse_record(record)
    assert isinstance(item, Document)
    assert (item.name, dict(item.doc)) == ("stop", document)


def test_arrays_arrive_as_arrays() -> None:
    source = ZmqSource(ZmqDocuments(address="tcp://127.0.0.1:1"), LIMIT, threading.Event())
    event = {"uid": "u", "descriptor": "d", "seq_num": 1, "time": 1.0, "data": {"a": np.arange(3.0)}, "timestamps": {}}
    source._take_frame(b"x event " + pack(event))
    (record,) = source.poll(0.0)
    assert isinstance(record, RawRecord)
    item = RecordParser(Settings()).parse_record(record)
    assert isinstance(item, Document)
    assert item.doc["data"]["a"].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "without prefix"),
        (b"x event", "without prefix"),
        (b"x event " + b"\x81" * LIMIT + b"\x81", "the limit is"),
        (b"x event {no json", "not JSON"),
        (b"x event " + b'{"a":' * 9000, "not JSON"),
        (b"x " + b"e" * 40 + b" \x80", "a name of 40 bytes"),
        (b"x event \xc1", "not msgpack"),
        (b"x event \x80\x80", "not msgpack"),
    ],
)
def test_bad_frames_are_rejected_with_the_reason(frame: bytes, reason: str) -> None:
    source = ZmqSource(ZmqDocuments(address="tcp://127.0.0.1:1"), LIMIT, threading.Event())
    source._take_frame(frame)
    (record,) = source.poll(0.0)
    assert isinstance(record, RawRecord)
    item = RecordParser(Settings()).parse_record(record)
    assert isinstance(item, RejectedRecord)
    assert item.outcome == "undecodable"
    assert reason in item.reason


@pytest.mark.slow
def test_lost_proxy_shows_and_comes_back(proxy: ZmqProxy, reader: Reader) -> None:
    reader.join(proxy.create_publisher())
    proxy.kill()
    wait_until(lambda: "not connected" in reader.source.waits_for, "the loss to be noticed")
    assert not reader.source.is_at_end()
    proxy.start()
    wait_until(lambda: reader.source.waits_for == "", "the connection")
    reader.join(proxy.create_publisher())
