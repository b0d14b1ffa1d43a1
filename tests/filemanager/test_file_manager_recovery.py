"""A file manager killed at any point comes back and ends with the files of one that was left in peace, each once."""

from __future__ import annotations

import random
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.day import build_day, collect_files, fill_paths
from helpers.file_manager import FileManagerStation
from plugins.brokers import Broker

Make = Callable[[str], FileManagerStation]


@pytest.fixture
def make(tmp_path: Path, broker: Broker) -> Iterator[Make]:
    made: list[FileManagerStation] = []

    def _make(name: str) -> FileManagerStation:
        folder = tmp_path / name
        workspace = folder / "workspace"
        workspace.mkdir(parents=True)
        (workspace / "scan.ini").write_text("start = next\n")
        (workspace / "edited.ini").write_text("start = 7\n")
        topics = f"{name}{uuid.uuid4().hex[:8]}"
        sources = {"copy_sources": [str(workspace)]}
        made.append(FileManagerStation(folder, broker.bootstrap_servers, broker.create_topic, topics, storage=sources))
        return made[-1]

    yield _make
    for one in made:
        one.close()


def wait_for_answers(place: FileManagerStation, messages: int) -> None:
    """Wait until each message was answered for good, and the one that must fail has its dead letter."""
    place.wait(lambda: len(list_ended_ids(place)) >= messages, "the last answer")
    place.wait(lambda: bool(place.received["dead-letter"]), "the dead letter")


def list_ended_ids(place: FileManagerStation) -> set[str]:
    return {
        answer["message_id"] for answer in place.received["answer"] if answer["state"] in ("done", "failed", "value")
    }


def list_repeated_answers(place: FileManagerStation) -> list[tuple[str, str]]:
    """Return the messages and states of answers that came twice."""
    counts = Counter((answer["message_id"], answer["state"]) for answer in place.received["answer"])
    return [answer for answer, count in counts.items() if count > 1]


def compare_with_kills(make: Make, kills: int, seed: int) -> Counter[str]:
    """Compare a day with so many kills to one in peace; return what the kills met."""
    entries = build_day()
    messages = sum(name == "bmm" for name, _ in entries)
    calm, stormy = make("calm"), make("stormy")
    calm.start()
    calm.put(fill_paths(calm, entries))
    wait_for_answers(calm, messages)
    calm.terminate()
    rng, met = random.Random(seed), Counter[str]()
    cuts = sorted(rng.choices(range(1, len(entries)), k=kills))
    stormy.start()
    for begin, end in zip([0, *cuts], [*cuts, len(entries)], strict=True):
        stormy.put(fill_paths(stormy, entries[begin:end]))
        if rng.random() < 0.6:
            before = len(stormy.received["answer"])
            asked = sum(name == "bmm" for name, _ in entries[begin:end])
            enough = before + rng.randint(min(1, asked), asked)
            stormy.wait(lambda n=enough: len(stormy.received["answer"]) >= n, "answers")
        stormy.kill()
        met.update(describe_kill(stormy, sum(name == "bmm" for name, _ in entries[:end])))
        stormy.start(ready=rng.random() < 0.5)
    wait_for_answers(stormy, messages)
    stormy.terminate()
    assert stormy.starts == kills + 2
    assert list_repeated_answers(stormy) == []
    expected = collect_files(calm)
    root = "2026-3/pass-123456"
    kept = {f"{root}/{name}" for name in ("scan.ini", "scan.ini.<time>", "maps/m.xlsx", "maps/m.mat", "line.001")}
    assert kept | {f"{root}/foil.{number:03d}" for number in range(1, 5)} <= set(expected)
    assert collect_files(stormy) == expected
    assert {letter["reason"][:10] for letter in stormy.received["dead-letter"]} == {
        letter["reason"][:10] for letter in calm.received["dead-letter"]
    }
    assert not [name for name in stormy.read_files() if ".tmp" in name or ".part" in name]
    return met


def describe_kill(place: FileManagerStation, asked: int) -> Iterator[str]:
    """Yield what a kill met: a worker that had not begun, messages that were not done."""
    assert place.process is not None
    pid = place.process.pid
    place.poll_topics()
    yield "kills"
    if not any(beat["pid"] == pid for beat in place.received["status"]):
        yield "while starting"
    if len(list_ended_ids(place)) < asked:
        yield "with messages not done"


@pytest.mark.slow
def test_ten_kills_leave_the_same_files_as_none(make: Make) -> None:
    compare_with_kills(make, kills=10, seed=11)


@pytest.mark.soak
@pytest.mark.kafka
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_kills_leave_the_same_files_as_none(
    seed: int, make: Make, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    if broker.name != "apache":
        pytest.skip("the soak is run on a real Kafka")
    met = compare_with_kills(make, kills=20, seed=seed)
    with capsys.disabled():
        sys.stdout.write(f"seed {seed}: " + ", ".join(f"{count} {what}" for what, count in met.items()) + " ")


def test_each_repeated_message_gives_one_file(make: Make) -> None:
    place = make("again")
    place.start()
    entries = fill_paths(place, build_day())
    rng = random.Random(5)
    often = [entry for entry in entries for _ in range(rng.randint(1, 3) if entry[0] == "bmm" else 1)]
    for count, (name, body) in enumerate(often):
        if name == "bmm":
            body = {**body, "message_id": f"message {count}"}
        place.put([(name, body)])
    wait_for_answers(place, sum(name == "bmm" for name, _ in often))
    names = [name for name in place.read_files() if "/foil." in name or "/maps/" in name or name.endswith("line.001")]
    assert len(names) == 4 + 2 + 1
    assert len([name for name in place.read_files() if "scan.ini" in name]) == 2
    failed = [answer for answer in place.received["answer"] if answer["state"] == "failed"]
    assert {answer["kind"] for answer in failed} == {"xasxdi"}
    assert all("other content" in answer["reason"] for answer in failed)
