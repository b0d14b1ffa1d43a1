"""Data files of runs that no message claims: which runs, under which names, and each once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, find_stream
from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, build_run_documents, read_entries, stamp_entries
from xafs_workers.filemanager.data_requests import DataRequester
from xafs_workers.filemanager.file_actions import FileActionHandler
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.implied_names import clean_name
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.settings import Columns, Scans, Settings
from xafs_workers.writers.headers import find_plain_reason
from xafs_workers.writers.xdi_reader import read

FOLDER = {"cycle": "2025-1", "data_session": "pass-333333"}
FORMS = Scans(from_documents=True).implied_forms


def place_runs(entries: Iterable[Entry]) -> list[Entry]:
    """Give start documents the folder of the tests' proposal."""
    return [(name, {**doc, **FOLDER} if name == "start" else doc) for name, doc in entries]


def begin(manager: FileManagerHarness, columns: dict[str, Any], **others: Any) -> None:
    config = replace(BoardConfig.from_settings(Settings()), columns=Columns(**columns), implied_forms=FORMS, **others)
    manager.board = Board(config)


def act(manager: FileManagerHarness) -> list[Outcome]:
    """Do what the worker does after its documents: request the files of all runs, and write them."""
    requests: list[ReceivedMessage] = []
    DataRequester(lambda control, board: requests.append(control)).poll(manager.board)
    handler = FileActionHandler(manager.build_context(), tuple)
    outcomes: list[Outcome] = []
    for control in requests:
        assert handler.is_relevant(control)
        task = handler.find_task(control, manager.board)
        assert task is not None
        outcome = task.attempt()
        assert isinstance(outcome, Outcome)
        outcomes.append(outcome)
    return outcomes


def list_data(manager: FileManagerHarness) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(manager.folder.iterdir()) if path.is_file()}


def test_repetitions_are_numbered_and_written_once(manager: FileManagerHarness):
    begin(manager, TWO_MOVERS)
    entries = place_runs(read_entries(find_stream("three_repetitions")))
    manager.fold(stamp_entries(entries))
    outcomes = act(manager)
    assert [outcome.state for outcome in outcomes] == ["done"] * 4
    written = list_data(manager)
    samples = [doc["sample_name"] for name, doc in entries if name == "start"]
    stubs = [clean_name(f"{sample}_Ni-K") for sample in samples]
    assert list(written) == sorted([f"{stubs[0]}.001", f"{stubs[0]}.002", f"{stubs[0]}.003", f"{stubs[3]}.001"])
    starts = [doc["uid"] for name, doc in entries if name == "start"]
    assert [read(written[Path(one.paths[0]).name]).fields["Scan.uid"] for one in outcomes] == starts
    assert act(manager) == outcomes
    assert list_data(manager) == written
    (manager.folder / f"{stubs[0]}.002").unlink()
    assert [one.paths for one in act(manager)] == [one.paths for one in outcomes]
    assert f"{stubs[0]}.002" not in list_data(manager), "a file that was removed is not written again"


def test_run_without_a_crystal_is_done_with_the_reason(manager: FileManagerHarness):
    begin(manager, LINEAR_DRIVE)
    manager.fold(stamp_entries(place_runs(read_entries(find_stream("step_linear_drive")))))
    (outcome,) = act(manager)
    assert (outcome.state, outcome.reason) == ("done", "not XDI: Mono.d_spacing is not told")
    (content,) = list_data(manager).values()
    assert content.startswith(b"# xafs-workers ")


def test_run_of_a_message_gets_no_file(manager: FileManagerHarness):
    begin(manager, {**LINEAR_DRIVE, "energy": "dcm_energy", "units": {"dcm_energy": "eV"}})
    energies = np.linspace(7000.0, 7400.0, 40).tolist()
    columns = {"dcm_energy": energies, "I0": [9.0] * 40, "It": energies}
    run = place_runs(build_run_documents(hint=None, motors=["dcm_energy"], columns=columns))
    start = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "a"}
    claimed: list[Entry] = [
        ("bmm", {**start, "repetitions": 1, "sample": "s", "mono": "Si(111)"}),
        ("bmm", {"xafsscan": "next", "count": 1}),
    ]
    manager.fold(stamp_entries([*claimed, *run]))
    assert [scan.run_uids for scan in manager.board.scans] == [(run[0][1]["uid"],)]
    assert act(manager) == []


@pytest.mark.parametrize(
    ("stream", "stub", "reason", "labels"),
    [
        ("stock_scan", "scan", "a line scan of stage_x", ["stage_x", "diode_current", "i0_current"]),
        ("stock_count", "count", "a time scan", ["time", "i0_current", "diode_current"]),
        ("stock_scan_two_together", "scan", "a line scan of stage_x and table_pitch", ["stage_x", "table_pitch"]),
        ("stock_grid_scan_snaked", "grid_scan", "an area scan of stage_y and stage_x", ["stage_y", "stage_x"]),
    ],
)
def test_other_runs_get_plain_columns(
    manager: FileManagerHarness, stream: str, stub: str, reason: str, labels: list[str]
):
    begin(manager, {"energy": "", "i0": "", "it": "", "units": {}})
    entries = place_runs(read_entries(find_stream(stream)))
    entries[0][1].pop("sample_name")
    manager.fold(stamp_entries(entries))
    (outcome,) = act(manager)
    assert (outcome.state, outcome.reason) == ("done", f"not XDI: {reason}")
    ((name, content),) = list_data(manager).items()
    assert (name, find_plain_reason(content)) == (f"{stub}.001", f"not XDI: {reason}")
    file = read(b"# XDI/1.0\n" + content.partition(b"\n")[2])
    assert list(file.labels[: len(labels)]) == labels
    assert not any("setpoint" in label for label in file.labels)
    (run,) = manager.board.runs.values()
    np.testing.assert_allclose(file.get_column(labels[1]), run.points.get_column(labels[1]), rtol=1e-9)


def test_reading_and_what_documents_do_not_imply_get_no_file(manager: FileManagerHarness):
    begin(manager, {"energy": "", "units": {}})
    manager.fold(stamp_entries(place_runs(read_entries(find_stream("stock_count_one")))))
    assert act(manager) == []
    begin(manager, {"energy": "", "units": {}})
    manager.board = Board(replace(manager.board.config, implied_forms=frozenset()))
    manager.fold(stamp_entries(place_runs(read_entries(find_stream("stock_scan")))))
    assert act(manager) == []


@pytest.mark.parametrize(
    ("given", "name"),
    [("Ni foil, 6 µm", "Ni_foil_6_µm"), ("../../etc/x", "etc_x"), (".hidden", "hidden"), ("a\0b\nc", "a_b_c")],
)
def test_names_are_cleaned(given: str, name: str):
    assert clean_name(given) == name
