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

import pytest

from helpers.processes import Station
from helpers.streams import Entry, read_entries
from plugins.brokers import Broker


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


def child_of(station: Station) -> int:
    """Return the process id of the worker's reduction."""
    assert station.process is not None
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(station.process.pid)], capture_output=True, text=True, check=True
    )
    (line,) = (line for line in found.stdout.splitlines() if "reduction.worker" in line)
    return int(line.split()[0])


def done(station: Station) -> None:
    station.wait(lambda: bool(station.final("xafs_sequence")), "the end of the sequence")
    station.wait(lambda: bool(station.final("xafsscan")), "the end of the live view")
    for answer in (*station.final("xafs_sequence"), *station.final("xafsscan")):
        assert answer["state"] == "done", answer


def results(station: Station) -> dict[str, bytes]:
    return {Path(name).name: content for name, content in station.files().items() if name.endswith((".png", ".prj"))}


@pytest.mark.slow
def test_a_sequence_gives_pictures_of_its_progress_and_end_and_a_project(measured: Path, station: Station) -> None:
    station.start()
    station.put(session(measured, "ni2o3", repetitions=6))
    done(station)
    root = "2026-3/pass-123456"
    assert set(station.files()) >= {
        f"{root}/snapshots/Ni2O3_01_after3.png",
        f"{root}/snapshots/Ni2O3_01.png",
        f"{root}/snapshots/Ni2O3_liveplot_01.png",
        f"{root}/prj/Ni2O3_01.prj",
    }
    project = gzip.decompress((station.folder / "proposals" / root / "prj/Ni2O3_01.prj").read_bytes()).decode()
    assert project.count("$old_group") == 4
    assert [Path(path).name for path in station.final("xafs_sequence")[0]["paths"]] == ["Ni2O3_01.png", "Ni2O3_01.prj"]


@pytest.mark.slow
def test_killed_in_the_middle_worker_and_reduction_end_with_the_same_files(
    measured: Path, stations: Callable[[], Station]
) -> None:
    undisturbed, station = stations(), stations()
    entries = session(measured, "ni2o3")
    undisturbed.start()
    undisturbed.put(entries)
    done(undisturbed)
    assert undisturbed.terminate() < 5.0
    station.start()
    third = [place for place, (kind, _) in enumerate(entries) if kind == "start"][2]
    station.put(entries[:third])
    station.wait(lambda: "reducer_ready" in station.logs(), "Larch")
    os.kill(child_of(station), signal.SIGKILL)
    station.put(entries[third : third + 100])
    station.kill()
    station.start()
    station.put(entries[third + 100 :])
    done(station)
    assert results(station) == results(undisturbed)
    assert set(results(station)) == {"Ni2O3_01.png", "Ni2O3_liveplot_01.png", "Ni2O3_01.prj"}


@pytest.mark.slow
def test_an_aborted_sequence_still_gives_its_picture_and_project(measured: Path, station: Station) -> None:
    station.start()
    station.put(session(measured, "cr2o3_fluo-realabort"))
    done(station)
    assert {"Cr2O3_01.png", "Cr2O3_01.prj"} <= {Path(name).name for name in station.files()}
