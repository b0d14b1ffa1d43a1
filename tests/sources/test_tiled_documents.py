"""Documents from a real Tiled server: by websocket, and by HTTP what the websocket missed."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.played_sources import find_address
from helpers.processes import wait_until
from helpers.streams import Entry
from xafs_workers.catalog.tiled_frames import TiledFrames
from xafs_workers.consumer.records import RawRecord
from xafs_workers.scans.frames import NODE_PARAMETER, FrameRequest, Frames
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer
from xafs_workers.sources import tiled_documents
from xafs_workers.sources.tiled_documents import TiledSource
from xafs_workers.wire import decode

h5py = pytest.importorskip("h5py")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    # Tiled's client leaves the sockets of connections that broke to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),
]
MANY = 40
"""Members of an array that Tiled stores in a node of its own."""


class Beamline:
    """A Tiled server, its writer, and readers."""

    def __init__(self, server: TiledServer, folder: Path):
        self.server, self.folder = server, folder
        self.write = create_tiled_writer(server.uri, server.api_key, batch_size=1)
        self.readers: list[Reader] = []

    def read_frames(self, resource: dict[str, Any], start: int, stop: int) -> Frames:
        reader = TiledFrames(find_address(self.server))
        node = resource["parameters"][NODE_PARAMETER]
        request = FrameRequest("u", "primary", "a", "r", resource["uri"], "", "", start, stop, start + 1, node)
        found = reader.read(request)
        reader.close()
        return found

    def read(self, *, stores: bool = False, gap: float = 0.0) -> Reader:
        self.readers.append(Reader(self, self.folder / "runs.json" if stores else None, gap))
        return self.readers[-1]


class Reader:
    """A source, and the documents that it has delivered."""

    def __init__(self, beamline: Beamline, store: Path | None, gap: float):
        self.source = TiledSource(find_address(beamline.server), 50, store, threading.Event(), gap)
        self.documents: list[Entry] = []
        self.positions: list[int] = []
        self.ends = 0
        self.source.assign({self.source.partition: time.time_ns() // 1000})
        self.wait(lambda: self.ends > 0, "what was there before")

    def poll(self) -> None:
        for entry in self.source.poll(0.05):
            if isinstance(entry, RawRecord):
                self.documents.append(decode(entry.value))
                self.positions.append(entry.position.offset)
            else:
                self.ends += 1

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            self.poll()
            return condition()

        wait_until(holds, what)

    def wait_for_stop(self, uid: str) -> None:
        self.wait(lambda: any(doc["run_start"] == uid for doc in self.list("stop")), "the stop document")

    def list(self, name: str) -> list[dict[str, Any]]:
        return [doc for found, doc in self.documents if found == name]

    @property
    def points(self) -> list[tuple[int, Any]]:
        return [(doc["seq_num"], doc["data"]["a"]) for doc in self.list("event")]


def build_run(points: int, *, repeated: int = 0, array: bool = False, age: float = 60.0, **start: Any) -> list[Entry]:
    """Return a run with a column `a`, and on request an array and a point that is measured twice."""
    uid, descriptor = str(uuid.uuid4()), str(uuid.uuid4())
    now = time.time() - age
    keys: dict[str, Any] = {"a": {"dtype": "number", "shape": [], "source": "test", "object_name": "a"}}
    if array:
        keys["s"] = {"dtype": "array", "shape": [MANY], "source": "test", "object_name": "a", "dtype_numpy": "<f8"}
    numbers = [*range(1, points + 1)]
    if repeated:
        numbers.insert(repeated, repeated)
    entries: list[Entry] = [
        ("start", {"uid": uid, "time": now, "scan_id": 1, **start}),
        (
            "descriptor",
            {
                "uid": descriptor,
                "run_start": uid,
                "time": now,
                "name": "primary",
                "data_keys": keys,
                "object_keys": {"a": list(keys)},
                "hints": {},
                "configuration": {},
            },
        ),
    ]
    for row, number in enumerate(numbers):
        data: dict[str, Any] = {"a": float(row)}
        if array:
            data["s"] = np.full(MANY, float(row))
        event = {
            "uid": str(uuid.uuid4()),
            "descriptor": descriptor,
            "seq_num": number,
            "time": now + row,
            "data": data,
            "timestamps": dict.fromkeys(data, now),
            "filled": {},
        }
        entries.append(("event", event))
    stop = {"uid": str(uuid.uuid4()), "run_start": uid, "time": now + points, "exit_status": "success", "reason": ""}
    entries.append(("stop", {**stop, "num_events": {"primary": points}}))
    return entries


def build_streamed_run(path: Path, ends: tuple[int, ...]) -> list[Entry]:
    """Return a run without events, whose frames are in the data set `a` of a file."""
    uid, descriptor, resource = (str(uuid.uuid4()) for _ in range(3))
    now = time.time() - 60.0
    about = {"dtype": "number", "shape": [1], "source": "test", "external": "STREAM:", "dtype_numpy": "<f8"}
    described = {"uid": descriptor, "run_start": uid, "time": now, "name": "primary", "hints": {}, "configuration": {}}
    described |= {"data_keys": {"a": {**about, "object_name": "a"}}, "object_keys": {"a": ["a"]}}
    place = {"uri": f"file://localhost{path}", "parameters": {"dataset": "/a", "chunk_shape": [64]}}
    file = {"uid": resource, "run_start": uid, "data_key": "a", "mimetype": "application/x-hdf5", **place}
    entries: list[Entry] = [
        ("start", {"uid": uid, "time": now, "scan_id": 1}),
        ("descriptor", described),
        ("stream_resource", file),
    ]
    for begin, end in pairwise((0, *ends)):
        span = {
            "indices": {"start": begin, "stop": end},
            "seq_nums": {"start": begin + 1, "stop": end + 1},
            "descriptor": descriptor,
        }
        entries.append(("stream_datum", {"uid": f"{resource}/{begin}", "stream_resource": resource, **span}))
    stop = {"uid": str(uuid.uuid4()), "run_start": uid, "time": now + 9, "exit_status": "success", "reason": ""}
    return [*entries, ("stop", {**stop, "num_events": {"primary": ends[-1]}})]


def write_numbers(path: Path, count: int) -> None:
    with h5py.File(path, "w") as file:
        file["a"] = np.arange(float(count))


def write(beamline: Beamline, entries: list[Entry]) -> None:
    for name, document in entries:
        beamline.write(name, document)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TiledServer]:
    """A server for all tests: its start takes seconds. Each test ends its runs."""
    with TiledServer(tmp_path_factory.mktemp("server"), tmp_path_factory.getbasetemp()) as made:
        yield made
        made.kill()  # an orderly end would wait for each websocket


@pytest.fixture
def beamline(server: TiledServer, tmp_path: Path) -> Iterator[Beamline]:
    made = Beamline(server, tmp_path)
    yield made
    for reader in made.readers:
        reader.source.close()
    made.write.client.context.close()


def test_documents_of_a_run_arrive_as_they_were(beamline: Beamline) -> None:
    reader = beamline.read()
    entries = build_run(4, plan_args={"note": "x" * 2_000_000})
    write(beamline, entries)
    uid = entries[0][1]["uid"]
    reader.wait_for_stop(uid)
    assert [name for name, _ in reader.documents] == [name for name, _ in entries]
    assert reader.documents[0] == entries[0]
    assert reader.documents[-1] == entries[-1]
    for field in ("name", "run_start", "object_keys", "time"):
        assert reader.documents[1][1][field] == entries[1][1][field]
    assert [doc["data"] for doc in reader.list("event")] == [doc["data"] for name, doc in entries if name == "event"]
    reader.wait(lambda: reader.source.socket_count == 1, "the sockets of the run to be released")
    assert reader.source.waits_for == ""


def test_array_rows_belong_to_their_points(beamline: Beamline) -> None:
    reader = beamline.read()
    entries = build_run(3, repeated=2, array=True)
    write(beamline, entries)
    reader.wait_for_stop(entries[0][1]["uid"])
    assert reader.points == [(1, 0.0), (2, 1.0), (2, 2.0), (3, 3.0)]
    for doc in reader.list("event"):
        assert np.asarray(doc["data"]["s"]).tolist() == [doc["data"]["a"]] * MANY


def test_server_killed_in_mid_scan_loses_nothing(beamline: Beamline) -> None:
    reader = beamline.read()
    entries = build_run(8)
    write(beamline, entries[:5])
    reader.wait(lambda: len(reader.points) >= 2, "the first points")
    beamline.server.kill()
    beamline.server.start()
    write(beamline, entries[5:])
    reader.wait_for_stop(entries[0][1]["uid"])
    assert sorted(reader.points) == [(number, float(number - 1)) for number in range(1, 9)]
    assert len(reader.list("start")) == 1


def test_silent_run_is_asked_for(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_documents, "SILENT_SECONDS", 1.0)
    reader = beamline.read()
    entries = build_run(2)
    write(beamline, entries[:3])
    reader.wait(lambda: len(reader.points) == 1, "the first point")
    reader.source._subscriptions.remove(())  # no update arrives any more
    write(beamline, entries[3:])
    reader.wait_for_stop(entries[0][1]["uid"])
    assert reader.points == [(1, 0.0), (2, 1.0)]


def test_server_away_is_reported(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_documents, "PROBE_SECONDS", 0.2)
    reader = beamline.read()
    beamline.server.kill()
    reader.wait(lambda: reader.source.waits_for.startswith("tiled: "), "the reason to wait")
    assert not reader.source.is_at_end()
    beamline.server.start()
    reader.wait(lambda: reader.source.waits_for == "", "the end of the wait")
    entries = build_run(1)
    write(beamline, entries)
    reader.wait_for_stop(entries[0][1]["uid"])


def test_restart_reads_what_is_not_finished(beamline: Beamline) -> None:
    old, done, still_open = build_run(1), build_run(2), build_run(3)
    write(beamline, old)
    reader = beamline.read(stores=True)
    assert reader.documents == [], "a first start begins at the end"
    write(beamline, done)
    reader.wait_for_stop(done[0][1]["uid"])
    write(beamline, still_open[:4])
    reader.wait(lambda: len(reader.points) == 4, "the points")
    started = reader.positions[reader.documents.index(("start", still_open[0][1]))]
    assert reader.source.store({reader.source.partition: started})
    reader.source.close()
    write(beamline, still_open[4:])
    again = beamline.read(stores=True)
    again.wait_for_stop(still_open[0][1]["uid"])
    assert [doc["uid"] for doc in again.list("start")] == [still_open[0][1]["uid"]]
    assert again.points == [(1, 0.0), (2, 1.0), (3, 2.0)]


def test_viewer_sees_the_run_that_is_measured(beamline: Beamline) -> None:
    old, done, still_open = build_run(1, age=3600.0), build_run(1, age=60.0), build_run(3)
    for entries in (old, done, still_open[:4]):
        write(beamline, entries)
    live, late = beamline.read(), beamline.read(gap=600.0)
    write(beamline, still_open[4:])
    for reader, expected in ((live, [still_open]), (late, [done, still_open])):
        reader.wait_for_stop(still_open[0][1]["uid"])
        uids = {entries[0][1]["uid"] for entries in (old, done, still_open)}
        found = [doc["uid"] for doc in reader.list("start") if doc["uid"] in uids]
        assert found == [entries[0][1]["uid"] for entries in expected]
        assert reader.points[-3:] == [(1, 0.0), (2, 1.0), (3, 2.0)]


def test_frames_are_passed_on_as_they_are_written(beamline: Beamline, tmp_path: Path) -> None:
    path = tmp_path / "frames.h5"
    write_numbers(path, 30)
    entries = build_streamed_run(path, (10, 25, 30))
    uid = entries[0][1]["uid"]
    live = beamline.read()
    write(beamline, entries[:5])
    live.wait(lambda: len(live.list("stream_datum")) == 2, "the first frames")
    late = beamline.read()
    write(beamline, entries[5:])
    for reader, spans in ((live, [(0, 10), (10, 25), (25, 30)]), (late, [(0, 25), (25, 30)])):
        reader.wait_for_stop(uid)
        assert [name for name, _ in reader.documents[:3]] == ["start", "descriptor", "stream_resource"]
        (resource,) = reader.list("stream_resource")
        assert (resource["uri"], resource["mimetype"]) == (f"file://localhost{path}", "application/x-hdf5")
        found = [(doc["indices"]["start"], doc["indices"]["stop"]) for doc in reader.list("stream_datum")]
        assert found == spans
    frames = beamline.read_frames(live.list("stream_resource")[0], 10, 25)
    assert np.array_equal(np.asarray(frames.values), range(10, 25))
    problem = beamline.read_frames(live.list("stream_resource")[0], 10, 31)
    assert (problem.problem, problem.is_final) == ("Tiled has 30 of 31 frames of a", False)


def test_images_of_a_stream_are_left_on_the_server(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_documents, "MAX_ROW_BYTES", 8 * MANY - 1)
    reader = beamline.read()
    entries = build_run(2, array=True)
    write(beamline, entries)
    reader.wait_for_stop(entries[0][1]["uid"])
    assert [doc["data"] for doc in reader.list("event")] == [{"a": 0.0}, {"a": 1.0}]


def test_stop_waits_for_the_last_row(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_documents, "STOP_SECONDS", 0.5)
    reader = beamline.read()
    entries = build_run(4)
    uid = entries[0][1]["uid"]
    write(beamline, entries[:4])
    reader.wait(lambda: len(reader.points) == 2, "the first points")
    reader.source._subscriptions.remove((uid, "primary"))  # rows arrive no more, the stop document does
    write(beamline, entries[4:])
    reader.wait_for_stop(uid)
    assert reader.documents[-1][0] == "stop"
    assert reader.points == [(1, 0.0), (2, 1.0), (3, 2.0), (4, 3.0)]


def test_columns_of_a_wide_stream_are_joined(beamline: Beamline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluesky_tiled_plugins.writing.tiled_writer.MAX_TABLE_COLUMNS", 3)
    reader = beamline.read()
    entries = build_run(3)
    write(beamline, entries)
    reader.wait_for_stop(entries[0][1]["uid"])
    assert reader.points == [(1, 0.0), (2, 1.0), (3, 2.0)]
    assert [list(doc["timestamps"]) for doc in reader.list("event")] == [["a"]] * 3
