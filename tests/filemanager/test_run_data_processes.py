"""A file manager that writes runs without messages: each once, also when it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.file_manager import FileManagerStation, build_xafs_run
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.writers.xdi_reader import read


@pytest.fixture
def station(tmp_path: Path, embedded_broker: EmbeddedBroker) -> Iterator[FileManagerStation]:
    made = FileManagerStation(
        tmp_path,
        embedded_broker.bootstrap_servers,
        lambda name, count: embedded_broker.create_topic(name),
        "without-messages",
        scans={"from_documents": True, "write": ["data"]},
    )
    yield made
    made.close()


def list_answers(station: FileManagerStation, uid: str) -> list[dict[str, Any]]:
    return [one for one in station.list_answers("run") if one["message_id"] == f"run:{uid}"]


@pytest.mark.slow
def test_runs_without_messages_are_written_once_across_a_kill(station: FileManagerStation):
    first, second, third = build_xafs_run(), build_xafs_run(), build_xafs_run()
    uids = [run[0][1]["uid"] for run in (first, second, third)]
    station.start()
    station.put(first)
    station.wait(lambda: list_answers(station, uids[0]) != [], "the file of the first run")
    station.put(second[:-1])
    station.kill()
    station.put(second[-1:])
    station.start()
    station.put(third)
    station.wait(lambda: list_answers(station, uids[2]) != [], "the file of the third run")
    assert [[one["state"] for one in list_answers(station, uid)] for uid in uids] == [["done"]] * 3
    names = [f"iron_foil_Fe-K.{number:03d}" for number in (1, 2, 3)]
    assert {path.name for path in station.session.iterdir() if path.is_file()} == set(names)
    written = {read((station.session / name).read_bytes()).fields["Scan.uid"] for name in names}
    assert written == set(uids)
    assert station.received["dead-letter"] == []
