"""Frames of stream documents: read below the roots only, by a process of their own, as the file grows."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import STREAMED, build_config, compute_edges, find_stream, write_frames
from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from helpers.streams import Entry, fold, read_entries, stamp_entries
from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.energy_axis import compute_energy
from xafs_workers.scans.frames import FrameRequest, Frames
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Assets, Scans

h5py = pytest.importorskip("h5py")

SETTINGS = {**STREAMED, "units": {"energy": "eV"}}
HDF5 = "application/x-hdf5"
FORMS = Scans(from_documents=True).implied_forms


@pytest.fixture
def make_reader(tmp_path: Path) -> Iterator[Callable[..., FrameReader]]:
    readers: list[FrameReader] = []

    def make(**settings: Any) -> FrameReader:
        readers.append(FrameReader(Assets(**{"roots": (tmp_path,), "appears_within": 0.5, **settings})))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


def make_request(
    path: Path | str, dataset: str = "/energy", stop: int = 3, form: str = "application/x-hdf5"
) -> FrameRequest:
    return FrameRequest("u", "primary", "energy", "r", f"file://localhost{path}", form, dataset, 0, stop, 1)


def read(reader: FrameReader, request: FrameRequest) -> Frames:
    reader.ask(request)
    found: list[Frames] = []
    wait_until(lambda: bool(found.extend(reader.take()) or found), "an answer of the reader", PATIENCE)
    return found[0]


def grow(board: Board, requester: FrameRequester, condition: Callable[[Run], bool], what: str) -> Board:
    """Fold frames until a condition of the only run holds."""
    boards = [board]

    def holds() -> bool:
        boards[0] = requester.fold(boards[0])
        return condition(next(iter(boards[0].runs.values())))

    wait_until(holds, what, PATIENCE)
    return boards[0]


def find_panel_texts(board: Board) -> list[str]:
    figure = build_figure(board, next(scan for scan in board.scans if scan.kind == "xafsscan"))
    return [text.text for panel in figure.panels for text in panel.texts]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_streamed_scan_grows_with_its_file(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    requester = FrameRequester(make_reader(paths={"/data/any": str(tmp_path)}))
    board = fold(
        stamp_entries(read_entries(find_stream("panda_like"))), Board(build_config(SETTINGS, implied_forms=FORMS))
    )
    edges: dict[int, tuple[float, float]] = {}
    for frames, waits in ((100, 230), (230, 350), (350, 480), (480, 500), (500, 0)):
        write_frames(tmp_path, frames)
        board = grow(board, requester, lambda run, n=frames: len(run.points) == n, f"{frames} points")
        (run,) = board.runs.values()
        if frames in (350, 500):
            edges[frames] = (spectra.compute_transmission(run, board.config)[-1], find_step(run, board.config))
        if waits:
            note = f"has {frames} of {waits} frames"
            board = grow(board, requester, lambda run, note=note: note in run.frames.note, f"the note {note}")
            assert any(note in text for text in find_panel_texts(board))
    assert edges[350] == (pytest.approx(1.28467454, abs=1e-7), pytest.approx(0.972496, rel=1e-5))
    assert edges[500] == (pytest.approx(1.23496486, abs=1e-7), pytest.approx(0.970705, rel=1e-5))
    (run,) = board.runs.values()
    assert not run.frames.note
    energies = compute_energy(run, board.config)
    assert (energies[0], energies[-1]) == pytest.approx((4866.0, 5465.0), abs=1.0)
    assert spectra.compute_transmission(run, board.config)[0] == pytest.approx(0.32199536, abs=1e-7)
    assert compute_edges([run], board.config, "reference")[0][1] == pytest.approx(0.971345, rel=1e-5)


def find_step(run: Run, config: BoardConfig) -> float:
    """Compute the edge step of the transmission, whose edge must be at 4965.6333 eV."""
    pytest.importorskip("larch")
    ((e0, step),) = compute_edges([run], config, "transmission")
    assert e0 == pytest.approx(4965.6333, abs=1e-3)
    return step


@pytest.mark.slow
def test_several_files_of_one_key_follow_one_another(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    """A new file for each row: its frames are counted from 0 again, the points go on."""
    keys = {"energy": {"dtype": "number", "shape": [1], "external": "STREAM:", "source": "s"}}
    entries: list[Entry] = [
        ("start", {"uid": "u", "time": 1.0}),
        ("descriptor", {"uid": "d", "run_start": "u", "name": "primary", "data_keys": keys, "time": 1.0}),
    ]
    for row in range(3):
        path, first = tmp_path / f"row{row}.h5", 1 + 4 * row
        with h5py.File(path, "w") as file:
            file["energy"] = np.arange(4.0) + 10 * row
        entries += [
            (
                "stream_resource",
                {
                    "uid": f"r{row}",
                    "run_start": "u",
                    "data_key": "energy",
                    "mimetype": HDF5,
                    "uri": f"file://localhost{path}",
                    "parameters": {"dataset": "/energy"},
                },
            ),
            (
                "stream_datum",
                {
                    "uid": f"r{row}/0",
                    "stream_resource": f"r{row}",
                    "descriptor": "d",
                    "indices": {"start": 0, "stop": 4},
                    "seq_nums": {"start": first, "stop": first + 4},
                },
            ),
        ]
    board = fold(stamp_entries(entries), Board(build_config(SETTINGS)))
    board = grow(board, FrameRequester(make_reader()), lambda run: len(run.points) == 12, "all points")
    energies = board.runs["u"].points.get_column("energy").tolist()
    assert energies == [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0, 20.0, 21.0, 22.0, 23.0]


def test_frames_are_read_below_the_roots_only(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["energy"] = np.arange(5.0)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.h5").symlink_to(outside)
    reader = make_reader(roots=(inside,))
    for path in (outside, inside / "link.h5", f"{inside}/../outside.h5"):
        found = read(reader, make_request(path))
        assert found.values is None
        assert "in none of the folders of assets.roots" in found.problem


def test_dataset_leads_out_of_no_file(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    outside, inside = tmp_path / "outside.h5", tmp_path / "in" / "f.h5"
    inside.parent.mkdir()
    (tmp_path / "raw").write_bytes(bytes(64))
    with h5py.File(outside, "w") as file:
        file["energy"] = np.arange(5.0)
    layout = h5py.VirtualLayout(shape=(5,), dtype="<f8")
    layout[:] = h5py.VirtualSource(str(outside), "energy", shape=(5,))
    with h5py.File(inside, "w") as file:
        file["external"] = h5py.ExternalLink(str(outside), "/energy")
        file["soft"] = h5py.SoftLink("/external")
        file["loop"] = h5py.SoftLink("/loop")
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("stored", shape=(5,), dtype="<f8", external=[(str(tmp_path / "raw"), 0, 40)])
        file["image"] = np.zeros((5, 2))
        file["text"] = [b"a", b"b", b"c"]
        file["good"] = np.arange(5.0)
        file["soft_good"] = h5py.SoftLink("/good")
    reader = make_reader(roots=(inside.parent,))
    reasons = {
        "external": "a link to another file",
        "soft": "a link to another file",
        "loop": "a chain of links",
        "virtual": "stored in other files",
        "stored": "stored in other files",
        "image": "expected one number for each frame",
        "text": "expected numbers",
    }
    for dataset, reason in reasons.items():
        found = read(reader, make_request(inside, dataset))
        assert found.values is None
        assert reason in found.problem, dataset
    found = read(reader, make_request(inside, "soft_good"))
    assert found.values is not None
    assert found.values.tolist() == [0.0, 1.0, 2.0]


def test_file_that_never_comes_is_named(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    found = read(make_reader(appears_within=0.0), make_request(tmp_path / "never.h5"))
    assert (found.values, found.is_final) == (None, False)
    assert "never.h5: no such file" in found.problem


def test_without_roots_nothing_is_read(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    assert "assets.roots names no folder" in read(make_reader(roots=()), make_request(tmp_path / "f.h5")).problem


def test_unknown_form_is_named(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    found = read(make_reader(), make_request(tmp_path / "f", form="APB"))
    assert found.problem == "energy is in a file of form APB, which cannot be read here"


@pytest.mark.slow
def test_killed_process_is_started_again(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        file["energy"] = np.arange(5.0)
    reader = make_reader()
    assert read(reader, make_request(path)).values is not None
    process = reader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert read(reader, make_request(path, stop=4)).values is not None


@pytest.mark.slow
def test_reading_that_hangs_is_ended(tmp_path: Path, make_reader: Callable[..., FrameReader]) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        file["energy"] = np.arange(5.0)
    reader = make_reader(read_seconds=PATIENCE)
    assert read(reader, make_request(path)).values is not None
    process = reader._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    reader._settings = Assets(roots=(tmp_path,), read_seconds=0.2)
    assert "ended the process that reads it" in read(reader, make_request(path, stop=4)).problem
    assert read(make_reader(), make_request(path, stop=5)).values is not None
