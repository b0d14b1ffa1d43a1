"""Runs that were written by TiledWriter come back as they were followed, number by number."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from helpers.any_beamline import STREAMED, build_config, find_stream, write_frames
from helpers.played_sources import move_files
from helpers.streams import Entry, build_run_documents, fold, read_entries, stamp_entries
from plugins.tiled import Connect
from xafs_workers.catalog.errors import MissingData, NotFound
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.catalog.search import RunSearch
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run

NEVER = Event()


def as_json(doc: Any) -> Any:
    return json.loads(json.dumps(doc, default=float))


def assert_same(came: Run, expected: Run) -> None:
    assert came.uid == expected.uid
    assert came.start == as_json(expected.start)
    assert came.stop is not None
    assert as_json(expected.stop).items() <= came.stop.items()  # the writer may add notes
    assert came.data_keys.keys() == expected.data_keys.keys()
    assert came.points.keys == expected.points.keys
    assert came.points.sequence_numbers == expected.points.sequence_numbers
    np.testing.assert_array_equal(came.points.time, expected.points.time)
    for key in expected.points.keys:
        np.testing.assert_array_equal(came.points.get_column(key), expected.points.get_column(key), key)


def write(writer: Any, entries: list[Entry]) -> None:
    for name, doc in entries:
        if name != "bmm":
            writer(name, as_json(doc))


def test_a_simulated_run_from_tiled_equals_the_followed_one(followed: tuple[str, Board], connect: Connect) -> None:
    uid, board = followed
    run = connect().wait_for_run(uid, NEVER)
    assert_same(run.run, board.runs[uid])
    assert len(run.points) > 20
    assert run.stop["exit_status"] == "success"
    assert run.run.element == "Fe"


def test_a_run_is_found_by_the_first_characters_of_its_uid(
    followed: tuple[str, Board], writer: Any, connect: Connect
) -> None:
    uid, _ = followed
    runs = connect()
    assert runs.find_run(uid[:8]).uid == uid
    for _ in range(2):
        writer("start", {"uid": f"twin-{uuid.uuid4()}", "time": 1.0, "scan_id": 1})
    with pytest.raises(MissingData, match="several runs"):
        runs.find_run("twin-")
    with pytest.raises(NotFound, match="nosuch: not in the catalog"):
        runs.find_run("nosuch")
    with pytest.raises(MissingData, match="invalid uid"):
        runs.find_run("a%b")


def test_the_last_run_is_the_one_that_started_last(writer: Any, connect: Connect) -> None:
    runs, newest = connect(), ""
    for time in (4e9, 5e9, 4.5e9):
        entries = list(build_run_documents(hint=None, motors=None, columns={"x": [1.0]}, start={"time": time}))
        write(writer, entries)
        if time == 5e9:
            newest = entries[0][1]["uid"]
    assert runs.find_run("last").uid == newest


def test_a_run_from_tiled_gives_the_same_figure(followed: tuple[str, Board], connect: Connect) -> None:
    uid, board = followed
    (scan,) = [scan for scan in board.scans if scan.kind == "xafsscan"]
    assert scan.run_uids == (uid,)
    read = replace(board, runs={uid: connect().wait_for_run(uid, NEVER).run})
    expected, came = build_figure(board, scan), build_figure(read, scan)
    assert [panel.key for panel in came.panels] == [panel.key for panel in expected.panels]
    for panel, mine in zip(expected.panels, came.panels, strict=True):
        for trace, its in zip(panel.traces, mine.traces, strict=True):
            assert len(trace.x) > 20
            np.testing.assert_array_equal(its.x, trace.x)
            np.testing.assert_array_equal(its.y, trace.y)


def test_the_baseline_is_read_on_demand(followed: tuple[str, Board], connect: Connect) -> None:
    uid, _ = followed
    baseline = connect().wait_for_run(uid, NEVER).read_baseline(NEVER)
    assert len(baseline) == 2
    np.testing.assert_array_equal(baseline.get_column("xafs_x"), [12.3, 12.3])


@pytest.mark.parametrize("name", ["ni2o3", "ni2o3-bothways", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_measured_runs_from_tiled_equal_the_followed_ones(
    name: str, measured: Path, writer: Any, connect: Connect
) -> None:
    entries = renamed(read_entries(measured / f"{name}.jsonl"))
    board = fold(stamp_entries(entries))
    write(writer, entries)
    runs = connect()
    assert len(board.runs) > 1
    for uid, run in board.runs.items():
        assert_same(runs.wait_for_run(uid, NEVER).run, run)


def renamed(entries: list[Entry]) -> list[Entry]:
    """Give the runs other uids: several streams hold the same run, and a catalog takes each uid once."""
    text = json.dumps(entries)
    for name, body in entries:
        if name == "start":
            text = text.replace(body["uid"], str(uuid.uuid4()))
    return [(name, body) for name, body in json.loads(text)]


def test_a_point_that_was_written_twice_counts_once(writer: Any, connect: Connect) -> None:
    """A pause repeats a seq_num; a lost answer makes the writer write a batch again."""
    entries = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0, 3.0]}))
    again = {**entries[4][1], "uid": str(uuid.uuid4()), "data": {"I0": 7.0}}
    entries.insert(6, ("event", again))
    write(writer, entries)
    run = connect().wait_for_run(entries[0][1]["uid"], NEVER)
    assert run.points.sequence_numbers == (1, 2, 3)
    np.testing.assert_array_equal(run.points.get_column("I0"), [7.0, 2.0, 3.0])


def test_a_run_without_primary_is_complete_and_empty(writer: Any, connect: Connect) -> None:
    entries = list(build_run_documents(hint=None, motors=None, columns={"I0": []}))
    kept = [(name, doc) for name, doc in entries if doc.get("name") != "primary"]
    write(writer, kept)
    run = connect().wait_for_run(kept[0][1]["uid"], NEVER)
    assert len(run.points) == 0
    assert run.data_keys == {}
    assert len(run.read_baseline(NEVER)) == 2
    with pytest.raises(MissingData, match="no stream primary"):
        run.read_array("I0", NEVER)


def test_a_run_with_more_columns_than_a_table_is_read(writer: Any, connect: Connect) -> None:
    rng = np.random.default_rng(1)
    columns = {f"c{i:04d}": rng.normal(size=3).tolist() for i in range(700)}
    entries = list(build_run_documents(hint=None, motors=None, columns=columns))
    write(writer, entries)
    run = connect().wait_for_run(entries[0][1]["uid"], NEVER)
    for key, values in columns.items():
        np.testing.assert_array_equal(run.points.get_column(key), values)


def test_a_gap_in_a_column_is_read_as_a_gap(writer: Any, connect: Connect) -> None:
    entries = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0, 3.0], "It": [1.0, 2.0, 3.0]}))
    entries[5][1]["data"]["It"] = float("nan")
    for name, doc in entries:
        if name != "bmm":
            writer(name, doc)
    run = connect().wait_for_run(entries[0][1]["uid"], NEVER)
    np.testing.assert_array_equal(run.points.get_column("It"), [1.0, np.nan, 3.0])


SPECTRUM = "4-element SDD_channel01_xrf"


def test_spectra_in_an_asset_file_are_read_on_demand(tmp_path: Path, writer: Any, connect: Connect) -> None:
    import h5py

    counts = np.random.default_rng(2).integers(0, 9, size=(3, 4096)).astype("<f8")
    path = tmp_path / "spectra.h5"
    with h5py.File(path, "w") as file:
        file["/entry/data"] = counts
    entries = with_file(list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0, 3.0]})), path)
    write(writer, entries)
    run = connect().wait_for_run(entries[0][1]["uid"], NEVER)
    assert run.points.keys == ("I0",)
    np.testing.assert_array_equal(run.read_array(SPECTRUM, NEVER), counts)
    assert run.list_assets(NEVER) == (Asset(str(path), "application/x-hdf5", SPECTRUM),)
    with pytest.raises(MissingData, match="no data key 'dante'"):
        run.read_array("dante", NEVER)


def with_file(entries: list[Entry], path: Path) -> list[Entry]:
    """Let the primary stream have a data key in a file."""
    descriptor = next(doc for name, doc in entries if name == "descriptor" and doc["name"] == "primary")
    about = {"dtype": "array", "shape": [4096], "dtype_numpy": "<f8", "source": "test", "external": "STREAM:"}
    descriptor["data_keys"] = {**descriptor["data_keys"], SPECTRUM: about}
    resource = {
        "uid": str(uuid.uuid4()),
        "run_start": descriptor["run_start"],
        "data_key": SPECTRUM,
        "mimetype": "application/x-hdf5",
        "uri": f"file://localhost{quote(str(path))}",
        "parameters": {"dataset": "/entry/data", "chunk_shape": [1, 4096]},
    }
    datum = {
        "uid": f"{resource['uid']}/0",
        "stream_resource": resource["uid"],
        "descriptor": descriptor["uid"],
        "indices": {"start": 0, "stop": 3},
        "seq_nums": {"start": 1, "stop": 4},
    }
    return [*entries[:-1], ("stream_resource", resource), ("stream_datum", datum), entries[-1]]


def test_arrays_in_events_are_read_on_demand(writer: Any, connect: Connect) -> None:
    entries = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0]}))
    about = {"dtype": "array", "shape": [3], "dtype_numpy": "<f8", "source": "test"}
    for name, doc in entries:
        if name == "descriptor" and doc["name"] == "primary":
            doc["data_keys"] = {**doc["data_keys"], "small": about}
        elif name == "event" and "I0" in doc["data"]:
            doc["data"] = {**doc["data"], "small": [doc["seq_num"], 0.5, -1.0]}
            doc["timestamps"] = {**doc["timestamps"], "small": 0.0}
    write(writer, entries)
    run = connect().wait_for_run(entries[0][1]["uid"], NEVER)
    np.testing.assert_array_equal(run.read_array("small", NEVER), [[1.0, 0.5, -1.0], [2.0, 0.5, -1.0]])


def test_runs_of_a_proposal_are_found_by_time(connect: Connect, writer: Any) -> None:
    number = str(uuid.uuid4().int % 10**9)
    named: list[dict[str, Any]] = [
        {"proposal": {"proposal_id": number}},
        {"proposal": {"proposal_id": int(number)}},
        {"data_session": f"pass-{number}"},
        {"proposal": {"proposal_id": "1"}, "data_session": f"pass-{number}"},
    ]
    runs = [list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0]}, start=start)) for start in named]
    for place, run in enumerate(runs):
        run[0][1]["time"] = 1000.0 + place
        write(writer, run)
    uids = [run[0][1]["uid"] for run in runs]
    catalog = connect()
    search = RunSearch(number, f"pass-{number}")
    assert catalog.find_uids(search) == tuple(uids[:3])
    assert catalog.find_uids(replace(search, since=1001.0, until=1001.5)) == (uids[1],)
    assert catalog.find_uids(replace(search, since=2000.0)) == ()


def test_a_run_without_events_has_its_frames(writer: Any, connect: Connect, tmp_path: Path) -> None:
    write_frames(tmp_path)
    entries = move_files(read_entries(find_stream("panda_like")), tmp_path)
    write(writer, entries)
    run = connect().find_run(entries[0][1]["uid"]).run
    assert run.points.sequence_numbers == tuple(range(1, 501))
    assert np.isnan(run.points.time).all(), "frames have no times"
    transmission = spectra.compute_transmission(run, build_config(STREAMED))
    assert (transmission[0], transmission[-1]) == pytest.approx((0.32199536, 1.23496486), abs=1e-7)
