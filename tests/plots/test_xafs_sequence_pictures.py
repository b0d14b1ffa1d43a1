"""The headless worker and a sequence: pictures, progress, project, the number; killed in the middle as well."""

from __future__ import annotations

import copy
import gzip
import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from helpers.processes import Station, make_start_document
from helpers.reductions import load_expected
from helpers.streams import Entry, build_run_documents, read_entries
from helpers.xdi_rules import find_violations
from plugins.brokers import Broker
from xafs_workers.writers.xdi_reader import read


@pytest.fixture
def stations(tmp_path: Path, broker: Broker, larch: None) -> Iterator[Callable[[], Station]]:
    made: list[Station] = []

    def make() -> Station:
        name = f"b{uuid.uuid4().hex[:8]}"
        made.append(Station(tmp_path / name, broker.bootstrap_servers, broker.create_topic, name))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def station(stations: Callable[[], Station]) -> Station:
    return stations()


def session(folder: Path, name: str, *, repetitions: int | None = None) -> list[Entry]:
    """Return a measured stream whose files go to the station's proposal folder."""
    entries = copy.deepcopy(read_entries(folder / f"{name}.jsonl"))
    for kind, body in entries:
        if kind == "start":
            body.update(data_session="pass-123456", cycle="2026-3")
        elif repetitions and body.get("xafs_sequence") == "start":
            body["repetitions"] = repetitions
    return entries


def find_reduction_process(station: Station) -> int:
    """Return the process id of the worker's reduction."""
    assert station.process is not None
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(station.process.pid)], capture_output=True, text=True, check=True
    )
    (line,) = (line for line in found.stdout.splitlines() if "reduction.worker" in line)
    return int(line.split()[0])


def wait_until_done(station: Station) -> None:
    station.wait(lambda: bool(station.list_final_answers("xafs_sequence")), "the end of the sequence")
    station.wait(lambda: bool(station.list_final_answers("xafsscan")), "the end of the live view")
    for answer in (*station.list_final_answers("xafs_sequence"), *station.list_final_answers("xafsscan")):
        assert answer["state"] == "done", answer


def results(station: Station) -> dict[str, bytes]:
    return {
        Path(name).name: content
        for name, content in station.read_files().items()
        if name.endswith((".png", ".prj", ".xdi"))
    }


@pytest.mark.slow
def test_a_sequence_gives_progress_pictures_and_a_project(measured: Path, station: Station) -> None:
    station.start()
    station.put(session(measured, "ni2o3", repetitions=6))
    wait_until_done(station)
    root = "2026-3/pass-123456"
    assert set(station.read_files()) >= {
        f"{root}/snapshots/Ni2O3_01_after3.png",
        f"{root}/snapshots/Ni2O3_01.png",
        f"{root}/snapshots/Ni2O3_liveplot_01.png",
        f"{root}/prj/Ni2O3_01.prj",
    }
    project = gzip.decompress((station.folder / "proposals" / root / "prj/Ni2O3_01.prj").read_bytes()).decode()
    assert project.count("$old_group") == 8  # three repetitions, their references, the merge and the aligned one
    assert [Path(path).name for path in station.list_final_answers("xafs_sequence")[0]["paths"]] == [
        "Ni2O3_01.png",
        "Ni2O3.merge_01.xdi",
        "Ni2O3_01.prj",
    ]
    merge = (station.folder / "proposals" / root / "Ni2O3.merge_01.xdi").read_bytes()
    assert list(find_violations(merge.decode())) == []
    file, expected = read(merge), load_expected(measured, "ni2o3")
    np.testing.assert_allclose(file.get_column("mutrans"), expected["mu"], rtol=1e-9)
    assert file.fields["XafsWorkers.edge_step"] == f"{float(expected['edge_step']):.7g}"
    assert "energy drifts: -0.51 eV" in file.fields["XafsWorkers.note_1"]


@pytest.mark.slow
def test_killing_worker_or_reduction_leaves_the_same_files(measured: Path, stations: Callable[[], Station]) -> None:
    undisturbed, station = stations(), stations()
    entries = session(measured, "ni2o3")
    undisturbed.start()
    undisturbed.put(entries)
    wait_until_done(undisturbed)
    assert undisturbed.terminate() < 5.0
    station.start()
    third = [place for place, (kind, _) in enumerate(entries) if kind == "start"][2]
    station.put(entries[:third])
    station.wait(lambda: "reducer_ready" in station.read_logs(), "Larch")
    os.kill(find_reduction_process(station), signal.SIGKILL)
    station.put(entries[third : third + 100])
    station.kill()
    station.start()
    station.put(entries[third + 100 :])
    wait_until_done(station)
    assert results(station) == results(undisturbed)
    assert set(results(station)) == {"Ni2O3_01.png", "Ni2O3_liveplot_01.png", "Ni2O3_01.prj", "Ni2O3.merge_01.xdi"}


@pytest.mark.slow
def test_an_aborted_sequence_gives_its_picture_and_project(measured: Path, station: Station) -> None:
    station.start()
    station.put(session(measured, "cr2o3_fluo-realabort"))
    wait_until_done(station)
    assert {"Cr2O3_01.png", "Cr2O3_01.prj"} <= {Path(name).name for name in station.read_files()}


def short_sequence(repetitions: int = 2, points: int = 60) -> list[Entry]:
    """Return a sequence of XANES scans with too few points for chi(k)."""
    energy = np.linspace(7050.0, 7250.0, points)
    mu = 0.5 + np.arctan((energy - 7112.0) / 2.0) / np.pi
    told = {"element": "Fe", "edge": "K", "mode": "transmission", "repetitions": repetitions}
    entries: list[Entry] = [
        ("bmm", {"xafs_sequence": "start", "folder": "/f", **told}),
        ("bmm", {"xafsscan": "start", "filename": "short", "sample": "iron", "reference_material": "Fe", **told}),
    ]
    for count in range(1, repetitions + 1):
        columns = {"dcm_energy": energy, "I0": np.full(points, 100.0), "It": 100.0 * np.exp(-mu - 0.01 * count)}
        columns |= {"Ir": np.full(points, 10.0), "dwti_dwell_time": np.full(points, 0.5)}
        run = build_run_documents(
            hint="xafs trans",
            motors=["dcm_energy"],
            columns={key: values.tolist() for key, values in columns.items()},
            start=make_start_document(BMM_kafka={"count": count}),
        )
        entries += [("bmm", {"xafsscan": "next", "count": count}), *run]
        entries.append(("bmm", {"xafs_sequence": "add", "uid": entries[-1][1]["run_start"]}))
    uid = next(body["uid"] for name, body in entries if name == "start")
    entries.append(("bmm", {"xafsscan": "stop", "filename": "snapshots/short_liveplot.png", "uid": uid}))
    return [*entries, ("bmm", {"xafs_sequence": "stop", "filename": "snapshots/short.png"})]


@pytest.mark.slow
def test_a_kill_between_repetitions_loses_no_picture_or_project(
    stations: Callable[[], Station],
) -> None:
    entries = short_sequence()
    undisturbed, station = stations(), stations()
    undisturbed.start()
    undisturbed.put(entries)
    wait_until_done(undisturbed)
    undisturbed.terminate()
    first = next(place for place, (_, body) in enumerate(entries) if body.get("xafs_sequence") == "add")
    station.start()
    station.put(entries[: first + 1])
    station.wait(lambda: bool(station.list_final_answers("xafs_sequence", "add")), "the answer to the first repetition")
    station.kill()
    station.start()
    station.put(entries[first + 1 :])
    wait_until_done(station)
    assert set(results(station)) == {"short_01.png", "short_liveplot_01.png", "short_01.prj", "short.merge_01.xdi"}
    assert results(station) == results(undisturbed)
