"""Keys of effects: a record that is read again is known again, whatever the clocks are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.records import NO_STAMP, RawRecord, compute_record_time
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.settings import Settings
from xafs_workers.storage.ledger import Ledger
from xafs_workers.wire import encode

SETTINGS = Settings()
NOW = 1_800_000_000.0
STAMPS = {
    "an hour and a minute ahead": round((NOW + 3660) * 1000),
    "a year ahead": round((NOW + 366 * 86400) * 1000),
    "right": round(NOW * 1000),
    "none": NO_STAMP,
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[EffectLedger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield EffectLedger(opened, "cluster")


def read_record(stamp_ms: int, arrival: float, offset: int = 5) -> RawRecord:
    """Return a record as the source does when it arrives."""
    value = encode("bmm", {"mkdir": "/p/2026-3/pass-1/x"})
    position = RecordPosition(SETTINGS.get_topic("control"), 0, offset)
    return RawRecord(position, compute_record_time(stamp_ms, arrival), None, value, stamp_ms=stamp_ms)


def receive(stamp_ms: int, arrival: float, offset: int = 5) -> ReceivedMessage:
    message = RecordParser(SETTINGS).parse_record(read_record(stamp_ms, arrival, offset))
    assert isinstance(message, ReceivedMessage), message
    return message


@pytest.mark.parametrize("stamp_ms", STAMPS.values(), ids=STAMPS)
def test_a_message_read_again_is_known(stamp_ms: int, ledger: EffectLedger) -> None:
    ledger.record_outcome(receive(stamp_ms, NOW), Outcome("done", ("/a",)))
    for later in (0.0, 5.0, 3600.0, 86400.0):
        assert ledger.find_outcome(receive(stamp_ms, NOW + later)) == Outcome("done", ("/a",))


@pytest.mark.parametrize("stamp_ms", STAMPS.values(), ids=STAMPS)
def test_a_dead_letter_is_sent_once(stamp_ms: int, ledger: EffectLedger) -> None:
    ledger.record_rejection(read_record(stamp_ms, NOW))
    assert ledger.is_rejection_recorded(read_record(stamp_ms, NOW + 60))


def test_files_and_posts_are_known_after_a_restart(ledger: EffectLedger) -> None:
    stamp = STAMPS["an hour and a minute ahead"]
    ledger.begin_publishing(receive(stamp, NOW), "a.001", "/p/a.001", "00")
    entry = ledger.find_file_entry(receive(stamp, NOW + 300), "a.001")
    assert entry is not None
    assert entry.path == "/p/a.001"
    assert ledger.build_key(receive(stamp, NOW), "post") == ledger.build_key(receive(stamp, NOW + 9), "post")


def test_another_stamp_or_position_is_another_message(ledger: EffectLedger) -> None:
    stamp = STAMPS["right"]
    ledger.record_outcome(receive(stamp, NOW), Outcome("done"))
    assert ledger.find_outcome(receive(stamp + 1, NOW)) is None, "a topic that was created again"
    assert ledger.find_outcome(receive(stamp, NOW, offset=6)) is None


def test_entries_of_earlier_versions_stay_valid(ledger: EffectLedger) -> None:
    """Their keys used the record time, which is the stamp of a record whose clock was right."""
    message = receive(round(NOW * 1000) + 7, NOW + 1)
    assert ledger.build_key(message, "answer").time_ms == round(message.time * 1000)
