"""The headless worker and runs that it did not follow: they come from a real Tiled server, late if need be."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.processes import Station, make_start_document
from helpers.reductions import SETS, assert_close, load_partial_references, read_project
from helpers.streams import Entry, build_run_documents, read_entries
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer

Make = Callable[[], Station]


@pytest.fixture
def make(tmp_path: Path, embedded_broker: EmbeddedBroker, tiled_server: TiledServer, larch: None) -> Iterator[Make]:
    made: list[Station] = []

    def station() -> Station:
        name = f"b{uuid.uuid4().hex[:8]}"
        catalog = {
            "uri": tiled_server.uri,
            "api_key_file": str(tiled_server.api_key_file),
            "timeout": 5.0,
            "outage": 1.0,
        }
        made.append(
            Station(
                tmp_path / name,
                embedded_broker.bootstrap_servers,
                lambda topic, count: embedded_broker.create_topic(topic),
                name,
                catalog=catalog,
            )
        )
        return made[-1]

    yield station
    for one in made:
        one.close()


def session(folder: Path, name: str = "ni2o3") -> list[Entry]:
    """Return a measured stream with uids of its own, whose files go to the station's proposal folder."""
    entries = copy.deepcopy(read_entries(folder / f"{name}.jsonl"))
    for kind, body in entries:
        if kind == "start":
            body.update(data_session="pass-123456", cycle="2026-3")
    return entries


def other_uids(entries: list[Entry]) -> list[Entry]:
    """Return entries with runs that no server has seen."""
    uids = {body["uid"]: str(uuid.uuid4()) for kind, body in entries if kind != "bmm" and "uid" in body}

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: changed(one) for key, one in value.items()}
        if isinstance(value, list):
            return [changed(one) for one in value]
        return uids.get(value, value) if isinstance(value, str) else value

    return [(kind, changed(body)) for kind, body in entries]


def catalogued(tiled_server: TiledServer, entries: list[Entry]) -> None:
    """Write the documents into the server, as the RunEngine's subscription does."""
    writer = create_tiled_writer(tiled_server.uri, tiled_server.api_key)
    for name, doc in entries:
        if name != "bmm":
            writer(name, doc)
    writer.client.context.close()


def sequence_alone(entries: list[Entry]) -> list[Entry]:
    return [(name, body) for name, body in entries if name == "bmm" and "xafs_sequence" in body]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ni2o3", "ni2o3-bothways", "cr2o3_fluo-realabort"])
def test_runs_from_the_catalog_give_the_same_project(
    make: Make, measured: Path, tiled_server: TiledServer, tmp_path: Path, name: str
) -> None:
    entries = other_uids(session(measured, name))
    catalogued(tiled_server, entries)
    followed, fetched = make(), make()
    followed.start()
    fetched.start()
    followed.put(entries)
    fetched.put(with_the_aborted(entries))
    for station in (followed, fetched):
        station.wait(lambda station=station: bool(station.list_final_answers("xafs_sequence")), "the sequence's files")
        assert station.list_final_answers("xafs_sequence")[0]["state"] == "done"
        assert not station.read_logged_errors()
    (one,), (other,) = (
        [content for name, content in station.read_files().items() if name.endswith(".prj")]
        for station in (followed, fetched)
    )
    assert one == other
    (tmp_path / "read.prj").write_bytes(other)
    groups, _ = read_project(tmp_path / "read.prj")
    (merge,) = (group for group in groups if group.label.endswith(" merge"))
    assert_close(merge.chi, load_partial_references(measured, name)["chi"][SETS[name] - 1])


def with_the_aborted(entries: list[Entry]) -> list[Entry]:
    """Return the messages of a sequence to which each run is added, also the aborted one."""
    messages = sequence_alone(entries)
    aborted = [body["run_start"] for name, body in entries if name == "stop" and body["exit_status"] == "abort"]
    added: list[Entry] = [("bmm", {"xafs_sequence": "add", "uid": uid}) for uid in aborted]
    return [*messages[:-1], *added, messages[-1]]


def test_a_tiled_outage_delays_only_the_sequence(make: Make, measured: Path, tiled_server: TiledServer) -> None:
    entries = other_uids(session(measured))
    catalogued(tiled_server, entries)
    station = make()
    station.start()
    tiled_server.stop()
    try:
        station.put(sequence_alone(entries))
        station.wait(lambda: bool(station.received["status"][-1]["waits_for"]), "the wait for the catalog")
        columns = {"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]}
        run = build_run_documents(
            hint="linescan It xafs_x", motors=["xafs_x"], columns=columns, start=make_start_document()
        )
        start = {"linescan": "start", "motor": "xafs_x", "detector": "It"}
        station.put([("bmm", start), *run, ("bmm", {"linescan": "stop", "fname": "line.png"})])
        station.wait(lambda: bool(station.list_final_answers("linescan")), "the picture of the line scan")
        assert station.list_final_answers("linescan")[0]["state"] == "done"
        assert not station.list_final_answers("xafs_sequence")
    finally:
        tiled_server.start()
    station.wait(lambda: bool(station.list_final_answers("xafs_sequence")), "the sequence's files")
    (answer,) = station.list_final_answers("xafs_sequence")
    assert answer["state"] == "done"
    assert {Path(path).suffix for path in answer["paths"]} == {".png", ".xdi", ".prj"}


def test_a_run_that_never_comes_fails_the_files_of_its_sequence(
    make: Make, measured: Path, tiled_server: TiledServer
) -> None:
    entries = other_uids(session(measured))
    catalogued(tiled_server, entries)
    station = make()
    station.config.write_text(station.config.read_text() + "\npatience:\n  documents: 2.0\n")
    station.start()
    messages = sequence_alone(entries)
    unknown = ("bmm", {"xafs_sequence": "add", "uid": str(uuid.uuid4())})
    station.put([*messages[:-1], unknown, messages[-1]])
    station.wait(lambda: bool(station.list_final_answers("xafs_sequence")), "the sequence's files")
    (answer,) = station.list_final_answers("xafs_sequence")
    assert answer["state"] == "failed"
    assert unknown[1]["uid"] in answer["reason"]
    assert "run_not_fetched" in station.read_logs()
