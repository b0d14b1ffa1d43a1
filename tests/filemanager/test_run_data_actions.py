"""Data files of runs that no message claims: which runs, under which names, and each once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import LINEAR_DRIVE, STREAMED, TWO_MOVERS, find_stream, write_frames
from helpers.file_actions import FileManagerHarness, act_on
from helpers.processes import wait_until
from helpers.streams import Entry, build_run_documents, read_entries, stamp_entries
from xafs_workers.catalog.errors import MissingData, NotComplete
from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.filemanager.data_requests import build_data_requester
from xafs_workers.filemanager.file_actions import FileActionHandler
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.implied_names import clean_name
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.settings import Assets, Columns, Scans, Settings
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
    build_data_requester(lambda control, board: requests.append(control)).poll(manager.board)
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


def check_passes(written: dict[str, bytes], names: list[str]) -> None:
    """Check the files of `fly_array_events`: two passes of 400 points."""
    assert list(written) == names
    firsts: list[float] = []
    for number, content in enumerate(written.values(), start=1):
        assert find_plain_reason(content) == "not XDI: Mono.d_spacing is not told"
        file = read(b"# XDI/1.0\n" + content.partition(b"\n")[2])
        assert (file.fields["XafsWorkers.pass"], "/" in file.fields["Scan.uid"]) == (f"{number} of the run", False)
        assert (file.data.shape[1], file.data[0][0]) == (400, 2440.0)
        firsts.append(float(np.log(file.get_column("i0") / file.get_column("itrans"))[0]))
        np.testing.assert_allclose(file.get_column("mutrans")[0], firsts[-1], rtol=1e-8)
    assert firsts == pytest.approx([0.32188686, 0.32339967], abs=1e-7)


def test_passes_of_a_run_are_numbered_like_repetitions(manager: FileManagerHarness):
    begin(manager, LINEAR_DRIVE)
    manager.fold(stamp_entries(place_runs(read_entries(find_stream("fly_array_events")))))
    (outcome,) = act(manager)
    assert (outcome.state, outcome.reason) == ("done", "not XDI: Mono.d_spacing is not told")
    check_passes(list_data(manager), ["fly_S-K.001", "fly_S-K.002"])


@pytest.mark.parametrize(
    ("filename", "names"), [("a.004", ["a.004", "a.005"]), ("b", ["b.001", "b.002"]), ("c.999", ["c.1000", "c.999"])]
)
def test_message_for_a_run_of_passes_names_the_first_file(manager: FileManagerHarness, filename: str, names: list[str]):
    begin(manager, LINEAR_DRIVE)
    entries = place_runs(read_entries(find_stream("fly_array_events")))
    manager.fold(stamp_entries(entries))
    outcome = act_on(manager, xasxdi=True, uid=entries[0][1]["uid"], filename=filename)
    assert (outcome.state, len(outcome.paths)) == ("done", 2)
    assert "not XDI: Mono.d_spacing is not told" in outcome.reason
    check_passes({Path(path).name: Path(path).read_bytes() for path in outcome.paths}, sorted(names, key=len))


def test_run_of_streamed_frames_waits_for_them(manager: FileManagerHarness, tmp_path: Path):
    begin(manager, STREAMED)
    entries = place_runs(read_entries(find_stream("panda_like")))
    uid = entries[0][1]["uid"]
    manager.fold(stamp_entries(entries))
    write_frames(tmp_path / "frames", 350)
    reader = FrameReader(Assets(roots=(tmp_path / "frames",), paths={"/data/any": str(tmp_path / "frames")}))
    requester = FrameRequester(reader)

    def has_points(count: int) -> bool:
        manager.board = requester.fold(manager.board)
        return len(manager.board.runs[uid].points) == count

    wait_until(lambda: has_points(350), "the frames that the file has")
    with pytest.raises(NotComplete, match=r"frames of energy, I0, It, Ir, gate_duration \("):
        manager.build_context().catalog.find_run(uid)
    write_frames(tmp_path / "frames", 500)
    wait_until(lambda: has_points(500), "all frames")
    reader.close()
    (outcome,) = act(manager)
    assert (outcome.state, outcome.reason) == ("done", "not XDI: Mono.d_spacing is not told")
    ((name, content),) = list_data(manager).items()
    assert name == "Ti_foil_Ti-K.001"
    mu = read(b"# XDI/1.0\n" + content.partition(b"\n")[2]).get_column("mutrans")
    assert (len(mu), mu[0], mu[-1]) == (500, pytest.approx(0.32199536, abs=1e-7), pytest.approx(1.23496486, abs=1e-7))


def test_run_whose_frames_cannot_be_read_fails_with_the_reason(manager: FileManagerHarness):
    begin(manager, STREAMED)
    manager.fold(stamp_entries(place_runs(read_entries(find_stream("panda_like")))))
    reader = FrameReader(Assets())
    manager.board = FrameRequester(reader).fold(manager.board)
    manager.board = FrameRequester(reader).fold(manager.board)
    reader.close()
    (uid,) = manager.board.runs
    with pytest.raises(MissingData, match=r"is in a file, and assets\.roots names no folder"):
        manager.build_context().catalog.find_run(uid)
