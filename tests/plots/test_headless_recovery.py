"""A headless worker killed at any point comes back with the plots it had, and writes nothing twice."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.day import build_sequence
from helpers.processes import Station
from helpers.replay_results import split_caption
from plugins.brokers import Broker

KILLS = 20


@pytest.fixture
def station(tmp_path: Path, broker: Broker) -> Iterator[Callable[[str], Station]]:
    made: list[Station] = []

    def make(name: str) -> Station:
        made.append(
            Station(tmp_path / name, broker.bootstrap_servers, broker.create_topic, f"{name}{uuid.uuid4().hex[:8]}")
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


def finish(station: Station) -> None:
    station.wait(
        lambda: bool(station.list_final_answers("xafsscan")) and bool(station.list_final_answers("resting_state", "")),
        "the last answer",
    )


@pytest.mark.slow
def test_twenty_kills_leave_the_same_files_as_none(station: Callable[[str], Station]) -> None:
    entries = build_sequence()
    calm, stormy = station("calm"), station("stormy")
    calm.start()
    calm.put(entries)
    finish(calm)
    calm.terminate()
    rng = random.Random(3)
    # The last messages ask for the pictures: some of the kills hit right there.
    last = len(entries)
    cuts = sorted({*rng.sample(range(1, last), KILLS - 4), 25, 26, last - 2, last - 1})
    stormy.start()
    for begin, end in zip([0, *cuts], [*cuts, last], strict=True):
        stormy.put(entries[begin:end])
        if end == last:
            stormy.wait(lambda: _list_accepted(stormy), "the last picture to be taken in hand")
        elif rng.random() < 0.5:
            stormy.wait(lambda: _count_processed(stormy) > 0, "something to be read")
        stormy.kill()
        if end != last:
            stormy.start(ready=rng.random() < 0.7)
    stormy.start()
    finish(stormy)
    stormy.terminate()
    assert stormy.starts > 15
    expected = calm.read_files()
    assert sorted(name for name in expected if "/by-uid/" not in name) == [
        "2026-3/pass-123456/dossier/.sequence/fe-01",
        "2026-3/pass-123456/snapshots/fe_liveplot_01.png",
        "2026-3/pass-123456/snapshots/slot.png",
    ]
    assert stormy.read_files() == expected
    assert {answer["state"] for answer in stormy.list_final_answers("xafsscan")} == {"done"}
    assert not stormy.read_logged_errors()
    assert not stormy.received["dead-letter"]


def _list_accepted(station: Station) -> bool:
    return any(answer["kind"] == "xafsscan" and answer["state"] == "accepted" for answer in station.received["answer"])


def _count_processed(station: Station) -> int:
    beats = [beat for beat in station.received["status"] if station.process and beat["pid"] == station.process.pid]
    return beats[-1]["messages"] + beats[-1]["documents"] if beats else 0


@pytest.mark.parametrize("delay", [4.0, pytest.param(60.0, marks=pytest.mark.slow)])
def test_late_documents_give_the_same_files(station: Callable[[str], Station], delay: float) -> None:
    entries = build_sequence()
    calm, late = station("calm"), station("late")
    for one, seconds in ((calm, 0.0), (late, delay)):
        one.start()
        one.put_late(entries, seconds)
        finish(one)
        one.terminate()
        assert {answer["state"] for answer in one.list_final_answers("xafsscan")} == {"done"}
        assert {answer["state"] for answer in one.list_final_answers("linescan")} == {"done"}
    assert read_files(late) == read_files(calm)


def read_files(station: Station) -> dict[str, object]:
    """Read the files, without the captions of pictures: each station has runs with times of its own."""
    files = station.read_files()
    return {name: split_caption(data)[1] if name.endswith(".png") else data for name, data in files.items()}


def test_messages_sent_during_downtime_are_done_later(station: Callable[[str], Station]) -> None:
    one = station("down")
    one.start()
    assert one.terminate() < 5.0
    one.put(build_sequence(repetitions=1))
    one.start()
    finish(one)
    assert len([name for name in one.read_files() if "/by-uid/" not in name]) == 3


def test_a_first_start_ignores_earlier_messages(station: Callable[[str], Station]) -> None:
    one = station("first")
    one.put(build_sequence(repetitions=1))
    one.start()
    one.put([("bmm", {"close": "all"})])
    one.wait(lambda: bool(one.list_final_answers("close", "all")), "the answer to close")
    assert one.read_files() == {}
    assert [answer["kind"] for answer in one.received["answer"]] == ["close"]


def test_an_existing_different_picture_is_never_overwritten(station: Callable[[str], Station]) -> None:
    one = station("existing")
    path = one.folder / "proposals/2026-3/pass-123456/snapshots/slot.png"
    path.parent.mkdir()
    path.write_bytes(b"somebody's")
    one.start()
    one.put(build_sequence(repetitions=1))
    finish(one)
    one.wait(lambda: bool(one.received["dead-letter"]), "the dead letter")
    (answer,) = one.list_final_answers("linescan")
    assert answer["state"] == "failed"
    assert "exists with other content" in answer["reason"]
    assert path.read_bytes() == b"somebody's"
