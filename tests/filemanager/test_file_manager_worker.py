"""The file manager as a process: every file action is done once, answered and reported, and nothing leaks."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.file_manager import FileManagerStation, build_xafs_run
from helpers.streams import Entry
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.writers.xdi_reader import read


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, embedded_broker: EmbeddedBroker) -> Iterator[FileManagerStation]:
    """Start one file manager for all tests of this module that do not stop it."""
    folder = tmp_path_factory.mktemp("office")
    outside = folder / "workspace"
    outside.mkdir()
    made = FileManagerStation(
        folder,
        embedded_broker.bootstrap_servers,
        lambda name, count: embedded_broker.create_topic(name),
        "office",
        storage={"copy_sources": [str(outside)]},
    )
    made.start()
    yield made
    made.close()


def test_folders_and_empty_files_are_created_and_found(office: FileManagerStation) -> None:
    maps = str(office.session / "maps")
    assert office.ask({"mkdir": maps})["paths"] == [maps]
    assert (office.session / "maps").is_dir()
    empty = str(office.session / "dossier/MANIFEST")
    assert office.ask({"touch": empty})["state"] == "done"
    assert office.ask({"touch": empty})["state"] == "done"
    assert (office.session / "dossier/MANIFEST").read_bytes() == b""
    question = {"file_exists": True, "folder": str(office.session / "dossier"), "filename": "MANIFEST"}
    assert office.ask(question)["value"] is True
    assert office.ask({**question, "filename": "MANIFEST.old"})["value"] is False


def test_a_session_folder_is_created_only_in_its_cycle(office: FileManagerStation) -> None:
    root = office.folder / "proposals"
    assert office.ask({"mkdir": str(root / "2026-3/pass-777777/snapshots")})["state"] == "failed"
    assert office.ask({"mkdir": str(root / "2026-3/pass-777777")})["state"] == "done"
    assert office.ask({"mkdir": str(root / "2031-1/pass-777777")})["state"] == "failed"


@pytest.mark.parametrize("points", [1, 2])
def test_a_run_of_few_points_gets_its_file(points: int, office: FileManagerStation) -> None:
    """Larch's reader refuses such files; XDI allows them."""
    run = [entry for entry in build_xafs_run() if entry[0] != "event" or entry[1]["seq_num"] <= points]
    office.put(run)
    answer = office.ask({"xasxdi": True, "uid": run[0][1]["uid"], "filename": f"few.{points:03}"})
    assert (answer["reason"], answer["state"]) == ("", "done")
    assert read((office.session / f"few.{points:03}").read_bytes()).data.shape == (7, points)


def test_a_data_file_is_reported_and_never_overwritten(office: FileManagerStation) -> None:
    run = build_xafs_run()
    office.put(run)
    message = {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"}
    answer = office.ask(message)
    path = office.session / "foil.001"
    assert (answer["reason"], answer["state"], answer["paths"]) == ("", "done", [str(path)])
    file = read(path.read_bytes())
    np.testing.assert_allclose(
        file.get_column("mutrans"), np.log(file.get_column("i0") / file.get_column("itrans")), rtol=1e-8
    )
    assert office.ask(message)["state"] == "done"
    assert "wrote XAS data to foil.001" in (office.session / "dossier/messagelog.html").read_text()
    other = build_xafs_run(scan_id=2)
    office.put(other)
    refused = office.ask({**message, "uid": other[0][1]["uid"]})
    assert refused["state"] == "failed"
    assert "other content" in refused["reason"]
    assert read(path.read_bytes()).fields == file.fields
    assert office.ask({**message, "uid": other[0][1]["uid"], "overwrite": True})["state"] == "done"
    assert read(path.read_bytes()).fields["Scan.uid"] == other[0][1]["uid"]


def test_two_sequences_with_one_stub_overwrite_no_file(office: FileManagerStation) -> None:
    """The second begins while nothing is known of the first one's files, and asks for the same names."""
    runs = [build_xafs_run(scan_id=10 + number) for number in range(4)]
    first, second = runs[:2], runs[2:]
    for run in runs:
        office.put(run)

    def answers(sequence: list[list[Entry]]) -> list[dict[str, Any]]:
        names = ("twins.001", "twins.002")
        asked = zip(sequence, names, strict=True)
        return [office.ask({"xasxdi": True, "uid": run[0][1]["uid"], "filename": name}) for run, name in asked]

    assert [answer["state"] for answer in answers(first)] == ["done", "done"]
    before = {path: (path.read_bytes(), path.stat().st_ino) for path in office.session.glob("twins.*")}
    assert len(before) == 2
    refused = answers(second)
    assert [answer["state"] for answer in refused] == ["failed", "failed"]
    assert all("twins.00" in answer["reason"] and "other content" in answer["reason"] for answer in refused)
    assert {path: (path.read_bytes(), path.stat().st_ino) for path in office.session.glob("twins.*")} == before
    for run, number in zip(first, (1, 2), strict=True):
        fields = read((office.session / f"twins.{number:03d}").read_bytes()).fields
        assert fields["Scan.uid"] == run[0][1]["uid"]
    # Nothing is lost: the refused data are written under a free name when they are asked for.
    index = office.ask({"next_index": True, "folder": str(office.session), "stub": "twins"})["value"]
    assert index == 3
    again = {"xasxdi": True, "uid": second[0][0][1]["uid"], "filename": f"twins.{index:03d}"}
    assert office.ask(again)["state"] == "done"


def test_the_next_number_counts_existing_and_pending_files(office: FileManagerStation) -> None:
    folder = office.session
    for name in ("series.001", "series.009", "series.x", "series.003.bak", "series.1000"):
        (folder / name).write_text("")
    question = {"next_index": True, "folder": str(folder), "stub": "series"}
    assert office.ask(question)["value"] == 1001
    # This file is not there for a long time: its run has no stop document yet.
    run = build_xafs_run()
    office.put(run[:-1])
    office.put([("bmm", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "series.1001"})])
    assert office.ask(question)["value"] == 1002
    exists = {"file_exists": True, "folder": str(folder), "filename": "series", "number": True}
    assert office.ask({**exists, "start": 1001, "stop": 1003})["value"] is True
    assert office.ask({**exists, "start": 10, "stop": 1000})["value"] is False
    office.put(run[-1:])
    office.wait((folder / "series.1001").exists, "the file of the run that ended late")


def test_a_copy_archives_the_existing_file(office: FileManagerStation) -> None:
    source = office.folder / "workspace" / "scan.ini"
    source.write_text("start = 1\n")
    message = {"copy": True, "file": str(source), "target": str(office.session)}
    assert office.ask(message)["paths"] == [str(office.session / "scan.ini")]
    assert office.ask(message)["state"] == "done"
    source.write_text("start = 2\n")
    assert office.ask({**message, "target": str(office.session / "scan.ini")})["state"] == "done"
    contents = sorted(path.read_text() for path in office.session.glob("scan.ini*"))
    assert contents == ["start = 1\n", "start = 2\n"]
    assert (office.session / "scan.ini").read_text() == "start = 2\n"


def test_an_image_is_copied_by_the_run_that_took_it(office: FileManagerStation) -> None:
    image = office.session / "assets" / "webcam" / "image_000000.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"\xff\xd8 picture")
    run = build_xafs_run()
    uid = run[0][1]["uid"]
    resource = {
        "uid": str(uuid.uuid4()),
        "run_start": uid,
        "spec": "AD_JPEG",
        "root": str(office.session / "assets"),
        "resource_path": "webcam/image_%6.6d.jpg",
        "resource_kwargs": {},
        "path_semantics": "posix",
    }
    office.put([run[0], ("resource", resource), *run[1:]])
    target = office.session / "snapshots" / "sample_webcam.jpg"
    answer = office.ask({"copy": True, "uuid": uid, "target": str(target)})
    assert (answer["reason"], answer["state"]) == ("", "done")
    assert target.read_bytes() == image.read_bytes()
    plain = build_xafs_run()
    office.put(plain)
    answer = office.ask({"copy": True, "uuid": plain[0][1]["uid"], "target": str(target)})
    assert answer["state"] == "failed"
    assert "name no file" in answer["reason"]


@pytest.mark.parametrize(
    "message",
    [
        {"mkdir": "/etc/xafs"},
        {"mkdir": "{session}/../../../elsewhere"},
        {"touch": "{session}/assets/raw.h5"},
        {"touch": "{session}/link/inside"},
        {"touch": "relative"},
        {"copy": True, "file": "/etc/passwd", "target": "{session}"},
        {"copy": True, "file": "{workspace}/link-to-passwd", "target": "{session}/x.txt"},
        {"copy": True, "file": "{workspace}/pipe", "target": "{session}/x.txt"},
        {"copy": True, "file": "{workspace}/good.txt", "target": "{session}/.ssh/authorized_keys"},
        {"copy": True, "file": "{workspace}/good.txt", "target": "/tmp/x.txt"},
        {"next_index": True, "folder": "/etc", "stub": "passwd"},
        {"file_exists": True, "folder": "/etc", "filename": "passwd"},
    ],
    ids=lambda message: next(iter(message)) + " " + str(message)[-28:],
)
def test_no_file_outside_is_touched_or_revealed(office: FileManagerStation, message: dict[str, Any]) -> None:
    workspace = office.folder / "workspace"
    (workspace / "good.txt").write_text("good")
    for link, place in ((workspace / "link-to-passwd", "/etc/passwd"), (office.session / "link", str(office.folder))):
        if not link.is_symlink():
            os.symlink(place, link)
    if not (workspace / "pipe").exists():
        os.mkfifo(workspace / "pipe")
    before = {path for path in office.folder.rglob("*") if "state" not in path.parts and path.suffix != ".log"}
    names = {"session": str(office.session), "workspace": str(workspace)}
    answer = office.ask({k: v.format(**names) if isinstance(v, str) else v for k, v in message.items()})
    assert answer["state"] == "failed", answer
    assert answer["reason"]
    assert answer["value"] is None
    after = {path for path in office.folder.rglob("*") if "state" not in path.parts and path.suffix != ".log"}
    assert after == before
    office.wait(
        lambda: any(letter["reason"] == answer["reason"] for letter in office.received["dead-letter"]), "its letter"
    )


@pytest.fixture
def own(tmp_path: Path, embedded_broker: EmbeddedBroker) -> Iterator[FileManagerStation]:
    """Start a file manager for one test."""
    name = f"b{uuid.uuid4().hex[:8]}"
    made = FileManagerStation(
        tmp_path, embedded_broker.bootstrap_servers, lambda topic, count: embedded_broker.create_topic(topic), name
    )
    made.start()
    yield made
    made.close()


def test_unmounted_folders_are_waited_for_in_order(own: FileManagerStation) -> None:
    root = own.folder / "proposals"
    root.rename(own.folder / "not mounted")
    root.mkdir()
    own.put([("bmm", {"mkdir": str(own.session / "maps")}), ("bmm", {"touch": str(own.session / "maps/first")})])
    own.wait(lambda: "proposals" in own.received["status"][-1]["waits_for"], "the wait to be told")
    assert not own.list_answers("mkdir")
    root.rmdir()
    (own.folder / "not mounted").rename(root)
    own.wait(lambda: bool(own.list_answers("touch")), "the files")
    assert [answer["state"] for answer in (*own.list_answers("mkdir"), *own.list_answers("touch"))] == ["done", "done"]
    assert (own.session / "maps/first").exists()


def test_an_awaited_run_delays_no_other_proposal_or_question(own: FileManagerStation) -> None:
    other = own.folder / "proposals/2026-3/pass-654321"
    other.mkdir()
    run = build_xafs_run()
    own.put(run[:-1])
    own.wait(lambda: own.received["status"][-1]["documents"] == len(run) - 1, "the run to be followed")
    own.put([("bmm", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "late.001"})])
    own.put([("bmm", {"touch": str(own.session / "after")})])
    assert own.ask({"touch": str(other / "mine")})["state"] == "done"
    assert own.ask({"next_index": True, "folder": str(own.session), "stub": "late"})["value"] == 2
    assert not own.list_answers("xasxdi")
    assert not (own.session / "after").exists()
    own.put(run[-1:])
    own.wait(lambda: bool(own.list_answers("touch")[1:]), "what came after")
    assert (own.session / "after").exists()
    assert own.list_answers("xasxdi")[0]["state"] == "done"


def test_a_data_file_is_verified_without_larch(
    own: FileManagerStation, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.terminate()
    hidden = tmp_path_factory.mktemp("hidden")
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['larch'] = None\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")]))
    own.start()
    run = build_xafs_run()
    own.put(run)
    assert own.ask({"xasxdi": True, "uid": run[0][1]["uid"], "filename": "plain.001"})["state"] == "done"
    assert read((own.session / "plain.001").read_bytes()).fields["Scan.uid"] == run[0][1]["uid"]
    assert "no_larch" in own.read_logs()
