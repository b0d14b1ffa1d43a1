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

from helpers.streams import Entry, fold, items_of, read_entries, run_documents
from plugins.tiled import Connect
from xafs_workers.catalog.errors import Missing
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.figures.figure_builder import figure_of
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
    assert came.points.sequence == expected.points.sequence
    np.testing.assert_array_equal(came.points.time, expected.points.time)
    for key in expected.points.keys:
        np.testing.assert_array_equal(came.points.column(key), expected.points.column(key), key)


def write(writer: Any, entries: list[Entry]) -> None:
    for name, doc in entries:
        if name != "bmm":
            writer(name, as_json(doc))


def test_a_simulated_run_comes_back_as_it_was_followed(followed: tuple[str, Board], connect: Connect) -> None:
    uid, board = followed
    run = connect().run(uid, NEVER)
    assert_same(run.run, board.runs[uid])
    assert len(run.points) > 20
    assert run.stop["exit_status"] == "success"
    assert run.run.element == "Fe"


def test_a_figure_is_the_same_with_the_run_from_tiled(followed: tuple[str, Board], connect: Connect) -> None:
    uid, board = followed
    (scan,) = [scan for scan in board.scans if scan.kind == "xafsscan"]
    assert scan.runs == (uid,)
    read = replace(board, runs={uid: connect().run(uid, NEVER).run})
    expected, came = figure_of(board, scan), figure_of(read, scan)
    assert [panel.key for panel in came.panels] == [panel.key for panel in expected.panels]
    for panel, mine in zip(expected.panels, came.panels, strict=True):
        for trace, its in zip(panel.traces, mine.traces, strict=True):
            assert len(trace.x) > 20
            np.testing.assert_array_equal(its.x, trace.x)
            np.testing.assert_array_equal(its.y, trace.y)


def test_the_baseline_comes_on_demand(followed: tuple[str, Board], connect: Connect) -> None:
    uid, _ = followed
    baseline = connect().run(uid, NEVER).baseline(NEVER)
    assert len(baseline) == 2
    np.testing.assert_array_equal(baseline.column("xafs_x"), [12.3, 12.3])


@pytest.mark.parametrize("name", ["ni2o3", "ni2o3-bothways", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_measured_runs_come_back_as_they_were_followed(
    name: str, measured: Path, writer: Any, connect: Connect
) -> None:
    entries = renamed(read_entries(measured / f"{name}.jsonl"))
    board = fold(items_of(entries))
    write(writer, entries)
    runs = connect()
    assert len(board.runs) > 1
    for uid, run in board.runs.items():
        assert_same(runs.run(uid, NEVER).run, run)


def renamed(entries: list[Entry]) -> list[Entry]:
    """Give the runs other uids: several streams hold the same run, and a catalog takes each uid once."""
    text = json.dumps(entries)
    for name, body in entries:
        if name == "start":
            text = text.replace(body["uid"], str(uuid.uuid4()))
    return [(name, body) for name, body in json.loads(text)]


def test_a_point_that_was_written_twice_counts_once(writer: Any, connect: Connect) -> None:
    """A pause repeats a seq_num; a lost answer makes the writer write a batch again."""
    entries = list(run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0, 3.0]}))
    again = {**entries[4][1], "uid": str(uuid.uuid4()), "data": {"I0": 7.0}}
    entries.insert(6, ("event", again))
    write(writer, entries)
    run = connect().run(entries[0][1]["uid"], NEVER)
    assert run.points.sequence == (1, 2, 3)
    np.testing.assert_array_equal(run.points.column("I0"), [7.0, 2.0, 3.0])


def test_a_run_without_primary_is_complete_and_empty(writer: Any, connect: Connect) -> None:
    entries = list(run_documents(hint=None, motors=None, columns={"I0": []}))
    kept = [(name, doc) for name, doc in entries if doc.get("name") != "primary"]
    write(writer, kept)
    run = connect().run(kept[0][1]["uid"], NEVER)
    assert len(run.points) == 0
    assert run.data_keys == {}
    assert len(run.baseline(NEVER)) == 2
    with pytest.raises(Missing, match="no stream primary"):
        run.array("I0", NEVER)


def test_a_run_with_more_columns_than_a_table_takes(writer: Any, connect: Connect) -> None:
    rng = np.random.default_rng(1)
    columns = {f"c{i:04d}": rng.normal(size=3).tolist() for i in range(700)}
    entries = list(run_documents(hint=None, motors=None, columns=columns))
    write(writer, entries)
    run = connect().run(entries[0][1]["uid"], NEVER)
    for key, values in columns.items():
        np.testing.assert_array_equal(run.points.column(key), values)


def test_a_gap_in_a_column_is_a_gap(writer: Any, connect: Connect) -> None:
    entries = list(run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0, 3.0], "It": [1.0, 2.0, 3.0]}))
    entries[5][1]["data"]["It"] = float("nan")
    for name, doc in entries:
        if name != "bmm":
            writer(name, doc)
    run = connect().run(entries[0][1]["uid"], NEVER)
    np.testing.assert_array_equal(run.points.column("It"), [1.0, np.nan, 3.0])


SPECTRUM = "4-element SDD_channel01_xrf"


def test_spectra_in_a_file_are_read_on_demand_and_the_file_is_an_asset(
    tmp_path: Path, writer: Any, connect: Connect
) -> None:
    import h5py

    counts = np.random.default_rng(2).integers(0, 9, size=(3, 4096)).astype("<f8")
    path = tmp_path / "spectra.h5"
    with h5py.File(path, "w") as file:
        file["/entry/data"] = counts
    entries = with_file(list(run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0, 3.0]})), path)
    write(writer, entries)
    run = connect().run(entries[0][1]["uid"], NEVER)
    assert run.points.keys == ("I0",)
    np.testing.assert_array_equal(run.array(SPECTRUM, NEVER), counts)
    assert run.assets(NEVER) == (Asset(str(path), "application/x-hdf5", SPECTRUM),)
    with pytest.raises(Missing, match="no data key 'dante'"):
        run.array("dante", NEVER)


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
    entries = list(run_documents(hint=None, motors=None, columns={"I0": [1.0, 2.0]}))
    about = {"dtype": "array", "shape": [3], "dtype_numpy": "<f8", "source": "test"}
    for name, doc in entries:
        if name == "descriptor" and doc["name"] == "primary":
            doc["data_keys"] = {**doc["data_keys"], "small": about}
        elif name == "event" and "I0" in doc["data"]:
            doc["data"] = {**doc["data"], "small": [doc["seq_num"], 0.5, -1.0]}
            doc["timestamps"] = {**doc["timestamps"], "small": 0.0}
    write(writer, entries)
    run = connect().run(entries[0][1]["uid"], NEVER)
    np.testing.assert_array_equal(run.array("small", NEVER), [[1.0, 0.5, -1.0], [2.0, 0.5, -1.0]])
