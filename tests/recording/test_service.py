"""Check recordings and replays with the embedded broker."""

import itertools
import json
import threading
import time

import numpy as np
import pytest

from helpers.patience import SECONDS as DEADLINE
from xafs_workers.consumer.records import EndOfPartition
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.producer.kafka_config import read_kafka_config
from xafs_workers.recording import service
from xafs_workers.recording.record import TOPICS, Header, Record
from xafs_workers.recording.recorder import BEGINNING
from xafs_workers.recording.service import ReplayOptions
from xafs_workers.recording.session import Session, SessionWriter
from xafs_workers.settings import Settings
from xafs_workers.simulation.beamline import create_kafka_publisher
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.wire import decode

MEASURED = ["ni2o3", "ni2o3-bothways", "cr2o3_fluo", "cr2o3_fluo-realabort"]


@pytest.fixture
def settings():
    with EmbeddedBroker() as broker:
        chosen = Settings.model_validate({"kafka": {"bootstrap_servers": broker.bootstrap_servers}})
        for name in service.build_topic_names(chosen).values():
            broker.create_topic(name)
        yield chosen


def replayed(path, settings, stop=None, **options):
    session, stop = Session(path), stop or threading.Event()
    chosen = ReplayOptions(**options)
    found = service.check(session, chosen, stop)
    return service.replay(session, found, settings, chosen, stop)


def on_topics(settings):
    """Return all records of both topics by record time; check that times rise within each partition."""
    source = KafkaSource(read_kafka_config(settings.kafka), list(service.build_topic_names(settings).values()), "test")
    try:
        lows = {place: low for place, (low, _) in source.metadata.fetch_watermarks().items()}
        source.assign(lows)
        records, open_ones, deadline = [], set(lows), time.monotonic() + DEADLINE
        while open_ones:
            assert time.monotonic() < deadline, f"no end of {open_ones}"
            for entry in source.poll(0.2):
                if isinstance(entry, EndOfPartition):
                    open_ones.discard(entry.partition)
                else:
                    records.append(entry)
    finally:
        source.close()
    for place in lows:
        times = [record.time for record in records if record.partition == place]
        assert all(b - a > 0.0009 for a, b in itertools.pairwise(times))
    return sorted(records, key=lambda record: record.time)


def contents(records):
    return [list(decode(record.value)) for record in records]


def rising(records):
    return all(round(b.time * 1000) - round(a.time * 1000) >= 1 for a, b in itertools.pairwise(records))


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURED)
def test_a_measured_session_is_unchanged_by_replay_and_record(measured, tmp_path, settings, name):
    path = measured / f"{name}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    summary = replayed(path, settings)
    now = time.time()
    assert summary.is_complete
    assert summary.delivered.total() == len(lines)

    records = on_topics(settings)
    assert rising(records)
    assert now - 1.0 < records[-1].time <= now
    assert contents(records) == lines
    for record, (name_, doc) in zip(records, lines, strict=True):
        assert (record.position.topic == settings.get_topic("control")) == (name_ == "bmm")
        if name_ == "start":
            run = doc["uid"]
        assert record.key == (b"abcdef" if name_ == "bmm" else run.encode())

    own = tmp_path / "own.jsonl.gz"
    written = recorded(own, settings, len(lines))
    assert written.record_counts.total() == len(lines)
    again = list(Session(own).read_records())
    assert [[record.name, record.body] for record in again] == lines
    assert [record.time for record in again] == [record.time for record in records]
    with EmbeddedBroker() as other:
        elsewhere = Settings.model_validate({"kafka": {"bootstrap_servers": other.bootstrap_servers}})
        assert replayed(own, elsewhere).is_complete
        assert contents(on_topics(elsewhere)) == lines


@pytest.mark.slow
def test_a_fast_replay_recorded_live_stays_in_order(measured, tmp_path, settings):
    path = measured / "ni2o3.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    recorded(tmp_path / "live.jsonl", settings, len(lines), None, lambda: replayed(path, settings))
    live = list(Session(tmp_path / "live.jsonl").read_records())
    assert [[record.name, record.body] for record in live] == lines
    assert [record.time for record in live] == [record.time for record in on_topics(settings)]


@pytest.mark.slow
def test_documents_alone_need_no_other_topic(tmp_path):
    with EmbeddedBroker() as broker:
        kafka = {"bootstrap_servers": broker.bootstrap_servers}
        settings = Settings.model_validate({"profile": "plain", "beamline": "lone", "kafka": kafka})
        topic = settings.get_topic("documents")
        broker.create_topic(topic)
        publisher = create_kafka_publisher(broker.bootstrap_servers, topic)
        publisher("start", {"uid": "run-1", "time": 5.0})
        publisher.flush()
        path = tmp_path / "new.jsonl"
        summary = recorded(path, settings, 1, which=("documents",))
    assert dict(summary.record_counts) == {"documents": 1}
    assert Session(path).header.topics == {"documents": topic}


def recorded(path, settings, count, since=BEGINNING, meanwhile=lambda: None, which=TOPICS):
    """Record until the file has `count` records."""
    stop, results = threading.Event(), []
    thread = threading.Thread(target=lambda: results.append(service.record(path, settings, since, stop, which)))
    thread.start()
    try:
        wait_for(path.exists)
        meanwhile()
        wait_for(lambda: lines_of(path) >= count + 1)
    finally:
        stop.set()
        thread.join(DEADLINE)
    return results[0]


def lines_of(path):
    try:
        return sum(1 for _ in Session(path).read_records(on_error=lambda error: None)) + 1
    except ValueError:
        return 0


def wait_for(condition):
    waiting, deadline = threading.Event(), time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        waiting.wait(0.05)


def session_with_everything(path):
    image = np.linspace(0, 1, 6).reshape(2, 3)
    start = {"uid": "run", "time": 1.0}
    keys = {
        "image": {"source": "x", "dtype": "array", "shape": [2, 3]},
        "x": {"source": "x", "dtype": "number", "shape": []},
    }
    descriptor = {"uid": "d", "run_start": "run", "time": 1.0, "name": "primary", "data_keys": keys}
    event = {"uid": "e", "descriptor": "d", "time": 1.0, "seq_num": 1}
    event |= {"data": {"image": image, "x": float("nan")}, "timestamps": {"image": 1.0, "x": 1.0}}
    stop = {"uid": "s", "run_start": "run", "time": 1.0, "exit_status": "success", "num_events": {"primary": 1}}
    records = [
        Record(1.0, "control", "bmm", {"close": "all"}),
        Record(1.1, "control", raw=b"\xc1 garbage"),
        Record(1.2, "documents", "start", start),
        Record(1.3, "documents", "descriptor", descriptor),
        Record(1.4, "documents", raw=b"\x93\x01\x02\x03", key=b"run"),
        Record(1.5, "documents", "event", event),
        Record(1.6, "documents", "stop", stop),
        Record(1.7, "control", "", {"resting_state": True}),
        Record(1.8, "control", raw=None),
    ]
    with SessionWriter(path, Header()) as writer:
        for record in records:
            writer.write(record)
    return records


@pytest.mark.slow
def test_arrays_gaps_and_invalid_bytes_are_recorded_unchanged(tmp_path, settings):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    records = session_with_everything(first)
    values = [record.encode_value() for record in records]
    written = recorded(second, settings, len(records), None, lambda: replayed(first, settings, speed=50.0))
    assert [record.value for record in on_topics(settings)] == values
    assert [record.encode_value() for record in Session(second).read_records()] == values
    assert written.undecodable_count == 3
    with EmbeddedBroker() as other:
        elsewhere = Settings.model_validate({"kafka": {"bootstrap_servers": other.bootstrap_servers}})
        assert replayed(second, elsewhere).is_complete
        assert [record.value for record in on_topics(elsewhere)] == values


@pytest.mark.slow
def test_a_recording_leaves_out_earlier_records(tmp_path, settings):
    session_with_everything(tmp_path / "first.jsonl")
    replayed(tmp_path / "first.jsonl", settings)
    (tmp_path / "one.jsonl").write_text('["bmm", {"close": "last"}]\n')
    path = tmp_path / "live.jsonl"
    recorded(path, settings, 1, None, lambda: replayed(tmp_path / "one.jsonl", settings))
    assert [record.body for record in Session(path).read_records()] == [{"close": "last"}]
    middle = on_topics(settings)[5].time
    recorded(tmp_path / "since.jsonl", settings, 5, middle)
    assert len(list(Session(tmp_path / "since.jsonl").read_records())) == 5


@pytest.mark.slow
def test_a_recording_can_be_replayed_twice_with_fresh_uids(measured, settings):
    path = measured / "ni2o3.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for _ in range(2):
        assert replayed(path, settings, fresh_uids=True, data_session="pass-9").is_complete
    records = on_topics(settings)
    assert rising(records)
    halves = contents(records[: len(lines)]), contents(records[len(lines) :])
    uids = [{doc["uid"] for name, doc in half if name in ("start", "descriptor", "event")} for half in halves]
    old = {doc["uid"] for name, doc in lines if name in ("start", "descriptor", "event")}
    assert len(uids[0]) == len(uids[1]) == len(old)
    assert len(uids[0] | uids[1] | old) == 3 * len(old)
    for half in halves:
        check_same_but_for_uids(lines, half, old)


def check_same_but_for_uids(lines, half, old):
    """Check that each old uid has one new uid, and that all other values except the proposal are equal."""
    partners = {}

    def compare(one, other):
        if isinstance(one, dict):
            assert list(one) == list(other)
            for key in one:
                compare(one[key], other[key])
        elif isinstance(one, list):
            assert len(one) == len(other)
            for pair in zip(one, other, strict=True):
                compare(*pair)
        elif one in old:
            assert partners.setdefault(one, other) == other
        elif isinstance(one, str) and "pass-333333" in one:
            assert other == one.replace("pass-333333", "pass-9")
        else:
            assert one == other

    compare(lines, half)
    assert set(partners) == old
    assert len(set(partners.values())) == len(old)


@pytest.mark.slow
def test_a_replay_stops_in_the_middle(measured, settings):
    stop = threading.Event()
    session = Session(measured / "ni2o3.jsonl")
    options = ReplayOptions(speed=1.0)
    found = service.check(session, options, stop)
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    summary = service.replay(session, found, settings, options, stop)
    assert time.monotonic() - began < 10
    assert summary.is_stopped
    assert not summary.is_complete
    sent = [json.loads(line) for line in session.path.read_text().splitlines()][: summary.delivered.total()]
    assert 8 <= len(sent) < 100
    assert contents(on_topics(settings)) == sent


def test_a_paced_replay_stamps_records_with_the_sending_time(tmp_path, settings):
    path = tmp_path / "plain.jsonl"
    times = [5.0, 5.0, 65.0, 65.5]
    path.write_text("".join(json.dumps(["start", {"uid": f"u{n}", "time": t}]) + "\n" for n, t in enumerate(times)))
    began = time.time()
    assert replayed(path, settings, speed=10.0, longest_gap=3.0).is_complete
    stamps = [record.time - began for record in on_topics(settings)]
    assert stamps[2] - stamps[1] == pytest.approx(0.3, abs=0.1)
    assert stamps[3] - stamps[2] == pytest.approx(0.05, abs=0.05)
    assert stamps[0] >= -0.001


@pytest.mark.slow
def test_an_unreachable_broker_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "TOPIC_TIMEOUT", 1.0)
    path = tmp_path / "plain.jsonl"
    path.write_text('["bmm", {"close": "all"}]\n')
    nowhere = Settings.model_validate({"kafka": {"bootstrap_servers": "127.0.0.1:1"}})
    with pytest.raises(service.KafkaUnreachableError, match=r"topic bmm\.test"):
        replayed(path, nowhere)


@pytest.mark.slow
def test_a_recording_stopped_before_it_begins_leaves_no_file(tmp_path):
    nowhere = Settings.model_validate({"kafka": {"bootstrap_servers": "127.0.0.1:1"}})
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    assert service.record(tmp_path / "x.jsonl", nowhere, None, stop) is None
    assert not (tmp_path / "x.jsonl").exists()


@pytest.mark.parametrize(
    ("errors", "warnings", "options", "refused"),
    [
        (0, 0, {}, False),
        (0, 1, {}, False),
        (0, 1, {"strict": True}, True),
        (1, 0, {}, True),
        (1, 0, {"force": True}, False),
        (1, 1, {"force": True, "strict": True}, False),
    ],
)
def test_an_unsuitable_recording_is_refused(errors, warnings, options, refused):
    found = service.ValidationReport(30.0)
    found.severity_counts.update({"error": errors, "warning": warnings})
    assert ReplayOptions(**options).should_refuse(found) is refused
