"""Lease, transactions and the shared ledger of two instances, without processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from helpers.kafka_server import KafkaServer
from helpers.processes import wait_until
from helpers.streams import CONTROL
from plugins.brokers import ApacheAdmin
from xafs_workers.consumer.publisher import EncodedRecord, Publisher
from xafs_workers.consumer.records import StampedMessage
from xafs_workers.messages.parsing import parse
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.failover import shared_writer
from xafs_workers.runtime.failover.changes import Change, Lease, SharedItem, encode_item, parse_item
from xafs_workers.runtime.failover.fenced_producer import FencedProducer, LeadershipLost
from xafs_workers.runtime.failover.lease import LeaseWatch, read_instance
from xafs_workers.runtime.failover.replica import StateCopy
from xafs_workers.runtime.failover.shared_ledger import SharedLedger
from xafs_workers.runtime.failover.shared_outcomes import LeaderOutcomes
from xafs_workers.runtime.failover.shared_writer import SharedWriter
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.items import RecordPosition
from xafs_workers.services.slack.outbox import Outbox, PostChange
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings
from xafs_workers.storage.errors import Unavailable
from xafs_workers.storage.ledger import AlreadyFinished, EffectEntry, EffectKey, Ledger
from xafs_workers.wire import Answer, decode

TOPIC = "t.workers.file-manager.ledger"
MINE, OTHER = Lease("mine", "here", 1), Lease("other", "there", 2)
KEY = EffectKey("cluster", "control", 0, 7, 1000, "file a/b.xdi")
POST = Post("c/control/0/7/1000/post", "pass-1", "text \U0001f389", "")


class Transactions:
    """Producer whose transactions are a list; `refusal` ends it, `is_open` lets commits return."""

    def __init__(self) -> None:
        self.committed: list[list[EncodedRecord]] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.refusal: LeadershipLost | None = None

    def commit(self, records: Sequence[EncodedRecord]) -> int:
        self.is_open.wait()
        if self.refusal is not None:
            raise self.refusal
        self.committed.append(list(records))
        return sum(map(len, self.committed)) - 1

    def list_items(self) -> list[SharedItem | None]:
        shared = (record for records in self.committed for record in records if record.topic == TOPIC)
        return [parse_item(record.key, record.value) for record in shared]


class Leader:
    """A writer over a state folder."""

    def __init__(self, folder: Path):
        self.transactions, self.lost = Transactions(), list[str]()
        self.ledger, self.outbox = Ledger.open(folder / "ledger.sqlite"), Outbox(folder / "outbox.sqlite")
        copy = StateCopy(self.ledger, self.outbox, TOPIC)
        self.writer = SharedWriter(self.transactions, TOPIC, MINE, copy.apply, 1000.0, self.lost.append)
        self.writer.start()
        self.shared = SharedLedger(self.ledger, self.writer)

    def close(self) -> None:
        self.transactions.is_open.set()
        self.writer.close()
        self.ledger.close()
        self.outbox.close()


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Leader]:
    made = Leader(tmp_path)
    yield made
    made.close()


def test_a_lease_is_claimed_after_silence_only() -> None:
    watch = LeaseWatch("mine", 10.0, now=100.0)
    assert not watch.can_claim(101.0, is_empty=True)
    assert watch.can_claim(104.0, is_empty=True)
    assert not watch.can_claim(109.0, is_empty=False)
    assert watch.can_claim(110.0, is_empty=False)
    watch.add_lease(OTHER, 105.0)
    assert not watch.can_claim(114.9, is_empty=False)
    assert watch.can_claim(115.0, is_empty=False)
    watch.restart(115.0)
    assert not watch.can_claim(124.0, is_empty=False)
    watch.add_lease(Lease("other", "there", 2, is_released=True), 124.0)
    assert watch.can_claim(124.0, is_empty=False)
    assert watch.compute_wait(124.0) == 0.0


def test_a_restarted_leader_claims_its_own_lease_at_once() -> None:
    watch = LeaseWatch("mine", 10.0, now=100.0)
    watch.add_lease(MINE, 100.0)
    assert watch.can_claim(100.0, is_empty=False)
    watch.add_lease(OTHER, 101.0)
    assert not watch.can_claim(102.0, is_empty=False)


def test_a_claim_waits_until_the_lease_of_another_is_over() -> None:
    watch = LeaseWatch("mine", 10.0, now=100.0)
    watch.add_lease(OTHER, 103.0)
    watch.add_lease(MINE, 104.0)
    assert watch.compute_wait(104.0) == 9.0
    assert watch.compute_wait(113.0) == 0.0


def test_a_state_folder_keeps_its_identity(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert read_instance(tmp_path) == read_instance(tmp_path) != read_instance(tmp_path / "other")


@pytest.mark.parametrize(
    "item",
    [
        Lease("mine", "here", 1, is_released=True),
        EffectEntry(KEY, "failed", "/a/ü \U0001f389", "00ff", "no\nroom", ("/a", "/b"), 12.5),
        PostChange(POST.key, POST),
        PostChange(POST.key, None, "unclear", "F1", 3.5, "why"),
    ],
)
def test_shared_items_are_read_as_they_were_written(item: SharedItem) -> None:
    record = encode_item(TOPIC, item)
    assert parse_item(record.key, record.value) == item


@pytest.mark.parametrize(
    ("key", "value"), [(None, b"{}"), (b'["lease"]', None), (b'["effect", 1]', b"{}"), (b"[]", b"")]
)
def test_a_record_that_no_worker_wrote_is_refused(key: bytes | None, value: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"Expecting|expected|unpack"):
        parse_item(key, value)


def test_a_record_of_a_later_version_is_passed_over() -> None:
    assert parse_item(b'["something new"]', b"{}") is None


def test_an_effect_is_committed_before_it_is_stored(leader: Leader) -> None:
    leader.transactions.is_open.clear()
    thread = threading.Thread(target=leader.shared.begin, args=(KEY, "/a", "00"))
    thread.start()
    assert leader.ledger.find_entry(KEY) is None
    leader.transactions.is_open.set()
    thread.join()
    entry = leader.ledger.find_entry(KEY)
    assert entry is not None
    assert (entry.state, entry.path) == ("pending", "/a")
    leader.shared.finish(KEY, "done", paths=["/a"])
    entry = leader.ledger.find_entry(KEY)
    assert entry is not None
    assert (entry.state, entry.path, entry.paths) == ("done", "/a", ("/a",))
    assert leader.transactions.list_items()[-1] == entry
    with pytest.raises(AlreadyFinished):
        leader.shared.begin(KEY)
    with pytest.raises(AlreadyFinished):
        leader.shared.finish(KEY, "failed")


def test_a_text_that_no_copy_can_store_harms_no_other(leader: Leader) -> None:
    with pytest.raises(UnicodeEncodeError):
        leader.shared.begin(KEY, "/\udcff", "00")
    leader.shared.begin(KEY, "/a", "00")
    entry = leader.ledger.find_entry(KEY)
    assert entry is not None
    assert entry.path == "/a"


def test_another_state_folder_becomes_an_equal_copy(leader: Leader, tmp_path: Path) -> None:
    leader.outbox.share = lambda change: leader.writer.commit(Change(posts=(change,)))
    leader.shared.begin(KEY, "/a", "00")
    assert leader.outbox.put(POST)
    assert not leader.outbox.put(POST)
    number = leader.outbox.list_oldest()[0].number
    leader.outbox.begin_attempt(number, "F1")
    leader.shared.finish(KEY, "done", paths=["/a"])
    (tmp_path / "other").mkdir()
    with Ledger.open(tmp_path / "other" / "ledger.sqlite") as ledger, Outbox(tmp_path / "other" / "o.sqlite") as outbox:
        copy = StateCopy(ledger, outbox, TOPIC)
        for _ in range(2):  # a restart may read them again
            for offset, item in enumerate(leader.transactions.list_items()):
                if isinstance(item, EffectEntry):
                    copy.apply([Change(entries=(item,))], offset)
                elif isinstance(item, PostChange):
                    copy.apply([Change(posts=(item,))], offset)
        assert ledger.list_entries() == leader.ledger.list_entries()
        assert outbox.list_changes() == leader.outbox.list_changes()
        assert [(one.post, one.state, one.file_id) for one in outbox.list_oldest()] == [(POST, "unclear", "F1")]
        assert copy.read_position() == StateCopy(leader.ledger, leader.outbox, TOPIC).read_position() > 0
        assert [len(change.entries) + len(change.posts) for change in copy.list_changes(1)] == [1, 1, 1]


def build_outcomes(leader: Leader) -> tuple[LeaderOutcomes, StampedMessage]:
    keys = EffectLedger(leader.shared, "cluster")
    publisher = Publisher(KafkaConfig("127.0.0.1:1"), Settings(beamline="t"), "file-manager")
    message = StampedMessage(
        message=parse({"mkdir": "/a", "message_id": "m"}),
        position=RecordPosition(CONTROL, 0, 7),
        time=1.0,
        stamp_ms=1000,
    )
    return LeaderOutcomes(leader.shared, keys, publisher, "file-manager"), message


def read_sent(records: Sequence[EncodedRecord]) -> list[tuple[str, str]]:
    bodies = [decode(record.value) for record in records if record.topic != TOPIC]
    return [(tag, str(body.get("state", ""))) for tag, body in bodies]


def test_outcome_answer_and_dead_letter_are_one_transaction(leader: Leader) -> None:
    outcomes, message = build_outcomes(leader)
    answer = Answer("m", "file-manager", "mkdir", "", "failed", reason="so")
    outcomes.settle(message, Outcome("failed", reason="so"), answer)
    assert read_sent(leader.transactions.committed[-1]) == [("dead-letter", ""), ("answer", "failed")]
    assert EffectLedger(leader.shared, "cluster").find_outcome(message) == Outcome("failed", reason="so")
    before = len(leader.transactions.committed)
    outcomes.settle(message, Outcome("failed", reason="so"), answer)
    assert len(leader.transactions.committed) == before


def test_a_message_is_reported_as_accepted_once(leader: Leader) -> None:
    outcomes, message = build_outcomes(leader)
    answer = Answer("m", "file-manager", "mkdir", "", "accepted")
    for _ in range(2):
        outcomes.send_early(message, answer)
        leader.writer.commit(Change())
    sent = [one for records in leader.transactions.committed for one in read_sent(records)]
    assert sent == [("answer", "accepted")]


def test_an_instance_that_was_suspended_asks_kafka(leader: Leader, monkeypatch: pytest.MonkeyPatch) -> None:
    leader.writer.check()
    before = len(leader.transactions.committed)
    leader.writer.check()
    assert len(leader.transactions.committed) == before
    now = shared_writer.read_clock()
    monkeypatch.setattr(shared_writer, "read_clock", lambda: now + 500.0)
    leader.writer.check()
    assert len(leader.transactions.committed) > before


def test_an_instance_that_is_fenced_does_not_go_on(leader: Leader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda ended: None)
    leader.transactions.refusal = LeadershipLost("PRODUCER_FENCED: another one")

    def begin() -> None:
        with suppress(Unavailable):  # at the end of the test
            leader.shared.begin(KEY, "/a", "00")

    thread = threading.Thread(target=begin)
    thread.start()
    wait_until(lambda: bool(leader.lost), "the end of the leadership")
    assert "PRODUCER_FENCED" in leader.lost[0]
    assert leader.ledger.find_entry(KEY) is None
    assert thread.is_alive()


def test_a_writer_that_ends_releases_the_lease(leader: Leader) -> None:
    leader.writer.close()
    last = leader.transactions.list_items()[-1]
    assert isinstance(last, Lease)
    assert last.is_released
    assert last.instance == MINE.instance
    for act in (leader.writer.check, lambda: leader.shared.begin(KEY)):
        with pytest.raises(Unavailable, match="the worker ends"):
            act()


def test_a_writer_ends_though_its_state_folder_is_full(leader: Leader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its copy lacks is read from the topic at the next start: no later change is stored before."""
    tried: list[int] = []

    def refuse(changes: Sequence[Change], offset: int) -> None:
        tried.append(offset)
        raise Unavailable("no space left")

    monkeypatch.setattr(leader.writer, "_apply", refuse)
    keys = (KEY, replace(KEY, offset=8))
    entries = [EffectEntry(key, "done", "/a", "", "", (), 1.0) for key in keys]
    leader.writer.submit(Change(entries=(entries[0],)))
    wait_until(lambda: leader.writer.waits_for == "no space left", "the refusal")
    leader.writer.submit(Change(entries=(entries[1],)))
    leader.writer.close()
    *committed, last = leader.transactions.list_items()
    assert [item for item in committed if isinstance(item, EffectEntry)] == entries
    assert isinstance(last, Lease)
    assert last.is_released
    assert set(tried) == {1}


class Client:
    """Producer client whose commits fail in turn."""

    def __init__(self, *errors: KafkaError):
        self.errors, self.aborts, self.sent = list(errors), 0, list[list[bytes]]()

    def begin_transaction(self) -> None:
        self.sent.append([])

    def produce(self, topic: str, value: bytes, key: bytes, on_delivery: Callable[..., None]) -> None:
        if topic == "missing":
            raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "no"))
        self.sent[-1].append(value)

    def poll(self, timeout: float) -> None:
        pass

    def commit_transaction(self) -> None:
        if self.errors:
            raise KafkaException(self.errors.pop(0))

    def abort_transaction(self) -> None:
        self.aborts += 1


def test_a_transaction_that_must_be_aborted_is_repeated() -> None:
    retriable = KafkaError(KafkaError._TIMED_OUT, "later", retriable=True)
    client = Client(retriable, KafkaError(KafkaError._TIMED_OUT, "abort", txn_requires_abort=True))
    FencedProducer(lambda: client, TOPIC, lambda topic, error: None).commit([EncodedRecord(TOPIC, b"k", b"v")])
    assert (client.sent, client.aborts) == ([[b"v"], [b"v"]], 1)


def test_a_record_that_no_topic_takes_holds_up_no_other() -> None:
    client, lost = Client(), list[str]()
    records = [EncodedRecord(TOPIC, b"k", b"v"), EncodedRecord("missing", b"k", b"answer")]
    FencedProducer(lambda: client, TOPIC, lambda topic, error: lost.append(topic)).commit(records)
    assert (client.sent, lost) == ([[b"v"]], ["missing"])


def test_a_fatal_error_ends_the_leadership() -> None:
    client = Client(KafkaError(KafkaError._FENCED, "by another", fatal=True))
    with pytest.raises(LeadershipLost, match="by another"):
        FencedProducer(lambda: client, TOPIC, lambda topic, error: None).commit([EncodedRecord(TOPIC, b"k", b"v")])


@pytest.mark.kafka
@pytest.mark.slow
def test_kafka_fences_the_older_of_two_producers(apache_kafka: KafkaServer, apache_admin: ApacheAdmin) -> None:
    apache_admin.create_topic(TOPIC, 1)
    config, stop, lost = KafkaConfig(apache_kafka.bootstrap_servers), threading.Event(), list[Any]()
    older, newer = (FencedProducer.from_config(config, TOPIC, lambda *one: lost.append(one)) for _ in range(2))
    record = EncodedRecord(TOPIC, b"k", b"v")
    assert older.fence_others(stop, lambda: None)
    first = older.commit([record])
    assert newer.fence_others(stop, lambda: None)
    with pytest.raises(LeadershipLost):
        older.commit([record])
    assert newer.commit([record]) > first
    assert not lost
