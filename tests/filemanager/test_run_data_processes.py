"""A file manager that writes runs without messages: each once, also when it is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.any_beamline import STREAMED, find_stream, write_frames
from helpers.file_manager import FileManagerStation, build_xafs_run
from helpers.local_station import FILE_MANAGER, LocalStation
from helpers.streams import read_entries
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


@pytest.mark.slow
def test_file_manager_reads_frames_that_documents_name(tmp_path: Path):
    folder = {"cycle": "2026-3", "data_session": "pass-123456"}
    entries = read_entries(find_stream("panda_like"))
    entries[0][1].update(folder)
    recording = tmp_path / "panda.jsonl"
    recording.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    frames = tmp_path / "frames"
    write_frames(frames, 500)
    place = LocalStation(
        tmp_path / "place",
        profile="plain",
        sources={"recording": {"file": str(recording)}},
        columns=STREAMED,
        assets={"roots": [str(frames)], "paths": {"/data/any": str(frames)}},
        scans={"write": ["data"]},
    )
    try:
        place.start(FILE_MANAGER)
        place.wait(lambda: any(one["state"] == "done" for one in place.read("answers")), "the file")
        path = place.folder / "proposals/2026-3/pass-123456/Ti_foil_Ti-K.001"
        content = path.read_bytes()
        assert content.startswith(b"# xafs-workers ")
        mu = read(b"# XDI/1.0\n" + content.partition(b"\n")[2]).get_column("mutrans")
        assert (len(mu), mu[-1]) == (500, pytest.approx(1.23496486, abs=1e-7))
        place.terminate(FILE_MANAGER)
    finally:
        place.close()
