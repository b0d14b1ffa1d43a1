"""The attack list: control messages as a hostile sender would publish them, each refused, and nothing touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.dossiers import ParsedPage, find_broken_links
from helpers.file_manager import FileManagerStation, build_xafs_run
from xafs_workers.simulation.broker import EmbeddedBroker

Tree = dict[str, tuple[object, ...]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, embedded_broker: EmbeddedBroker) -> Iterator[FileManagerStation]:
    """Start one file manager for all attacks, and make their targets."""
    folder = tmp_path_factory.mktemp("attacked")
    workspace, outside = folder / "workspace", folder / "outside"
    for made in (workspace, outside):
        made.mkdir()
    office = FileManagerStation(
        folder,
        embedded_broker.bootstrap_servers,
        lambda name, count: embedded_broker.create_topic(name),
        "attacked",
        storage={"copy_sources": [str(workspace)]},
    )
    create_targets(office, workspace, outside)
    office.start()
    office.put(OURS)
    yield office
    office.close()


OURS = build_xafs_run()
UID = OURS[0][1]["uid"]


def create_targets(office: FileManagerStation, workspace: Path, outside: Path) -> None:
    other = office.session.parent / "pass-222222"
    other.mkdir()
    (other / "secret.001").write_text("theirs")
    (outside / "victim").write_text("victim")
    (workspace / "good.txt").write_text("good")
    (workspace / "inner").mkdir()
    (workspace / "link").symlink_to("/etc/passwd")
    (workspace / "linked").symlink_to(outside)
    os.mkfifo(workspace / "pipe")
    create_device(workspace / "device")
    (office.session / "planted").symlink_to(outside / "victim")
    (office.session / "parent").symlink_to(outside)
    (office.session.parent / "pass-333333").symlink_to("pass-222222")
    os.mkfifo(office.session / "pipe")


def create_device(path: Path) -> None:
    """Make a device that reads as zeros; who may not, has the one that is there."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        path.symlink_to("/dev/zero")


NAMES = {
    "absolute outside": "/etc/xafs-workers-attack",
    "shadow": "/etc/shadow",
    "climbing": "{session}/../pass-222222/a",
    "climbing out": "{session}/../../../outside/victim",
    "another group by a link": "{cycle}/pass-333333/a",
    "planted link": "{session}/planted",
    "below a planted link": "{session}/parent/victim",
    "deep below a planted link": "{session}/parent/a/b",
    "pipe": "{session}/pipe",
    "newline": "{session}/a\nb",
    "NUL": "{session}/a\0b",
    "5000 characters": "{session}/" + "a" * 5000,
    "300 characters": "{session}/" + "a" * 300,
    "full-width slash": "{session}/a／b",
    "full-width dots": "{session}/．．/pass-222222/a",
    "direction of text": "{session}/a\u202egnp.exe",
    "zero width": "{session}/fe\u200b.001",
    "Cyrillic among Latin": "{session}/sеcret.001",
    "hidden": "{session}/.ssh/authorized_keys",
    "raw data": "{session}/assets/a.h5",
    "escape sequence": "{session}/\x1b]0;mine\x07",
}
WAYS: dict[str, dict[str, Any]] = {
    "mkdir": {"mkdir": "{name}"},
    "touch": {"touch": "{name}"},
    "copy to": {"copy": True, "file": "{workspace}/good.txt", "target": "{name}"},
    "copy from": {"copy": True, "file": "{name}", "target": "{session}/copied"},
    "data file": {"xasxdi": True, "uid": UID, "filename": "{name}"},
}
HARMLESS = {("copy from", "hidden"), ("copy from", "raw data")}  # there is no such file; were there, it is the group's
MORE: dict[str, dict[str, Any]] = {
    "a pipe copied": {"copy": True, "file": "{workspace}/pipe", "target": "{session}/x"},
    "a device copied": {"copy": True, "file": "{workspace}/device", "target": "{session}/x"},
    "the machine's device copied": {"copy": True, "file": "/dev/zero", "target": "{session}/x"},
    "a link copied": {"copy": True, "file": "{workspace}/link", "target": "{session}/x"},
    "below a link copied": {"copy": True, "file": "{workspace}/linked/victim", "target": "{session}/x"},
    "a folder copied": {"copy": True, "file": "{workspace}/inner", "target": "{session}/x"},
    "another group's file copied": {"copy": True, "file": "{cycle}/pass-222222/secret.001", "target": "{session}/x"},
    "a run's file for another group": {"copy": True, "uuid": UID, "target": "{cycle}/pass-222222/x"},
    "our data for another group": {"xasxdi": True, "uid": UID, "filename": "{cycle}/pass-222222/a.001"},
    "our map for another group": {"raster": True, "uid": UID, "filename": "{cycle}/pass-222222/a"},
    "looked for outside": {"file_exists": True, "folder": "/etc", "filename": "passwd"},
    "looked for by climbing": {"file_exists": True, "folder": "{session}", "filename": "../pass-222222/secret.001"},
    "counted outside": {"next_index": True, "folder": "/etc", "stub": "passwd"},
    "counted below a link": {"next_index": True, "folder": "{session}/parent", "stub": "victim"},
    "a log outside": {"logger": "start", "folder": "/etc"},
    "a picture outside": {"echoslack": True, "text": "look", "img": "/etc/shadow"},
    "a picture by a link": {"echoslack": True, "text": "look", "img": "{session}/planted"},
    "pages for a folder outside": {"dossier": "set", "folder": "/etc", "uid": "nobody's"},
}
ATTACKS = {
    f"{way}: {name}": {key: path if value == "{name}" else value for key, value in message.items()}
    for way, message in WAYS.items()
    for name, path in NAMES.items()
    if (way, name) not in HARMLESS
} | MORE


def snapshot_tree(office: FileManagerStation) -> Tree:
    seen: Tree = {}
    for folder in ("proposals", "workspace", "outside"):
        for entry in sorted((office.folder / folder).rglob("*")):
            info = entry.lstat()
            content = entry.read_bytes() if stat.S_ISREG(info.st_mode) else None
            seen[str(entry)] = (info.st_mode, info.st_uid, info.st_gid, info.st_ino, info.st_mtime_ns, content)
    return seen


def fill_paths(office: FileManagerStation, message: dict[str, Any]) -> dict[str, Any]:
    names = {
        "session": str(office.session),
        "cycle": str(office.session.parent),
        "workspace": str(office.folder / "workspace"),
    }
    return {k: v.format(**names) if isinstance(v, str) else v for k, v in message.items()}


def send_and_get_refusal(office: FileManagerStation, message: dict[str, Any], name: str) -> str:
    """Send a message and return the reason in its dead letter; what was answered before agrees with it."""
    office.put([("bmm", {**message, "message_id": name})])
    found: list[dict[str, Any]] = []

    def refused() -> bool:
        done = [a for a in office.received["answer"] if a["message_id"] == name and a["state"] in ("done", "value")]
        assert not done, done
        found[:] = [letter for letter in office.received["dead-letter"] if name in str(letter)]
        return bool(found)

    office.wait(refused, f"the dead letter of {name}")
    return found[0]["reason"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_touches_no_file(attack: str, office: FileManagerStation) -> None:
    before = snapshot_tree(office)
    reason = send_and_get_refusal(
        office, fill_paths(office, ATTACKS[attack]), f"attack {list(ATTACKS).index(attack):03d}."
    )
    assert len(reason) > 20
    assert reason.isprintable()
    assert len(reason) < 2000
    assert snapshot_tree(office) == before
    assert not Path("/etc/xafs-workers-attack").exists()
    assert not Path("/etc/file_manager.log").exists()


SCRIPT = "<script>alert(1)</script>"
FRAGMENT = f'<p onclick="alert(1)">stage{SCRIPT}<img src=x onerror=alert(1)><iframe src="/etc/passwd"></iframe></p>'


def test_markup_in_a_sample_is_escaped_in_dossier_and_log(office: FileManagerStation) -> None:
    """Names, comments and fragments are the group's own text: they are kept, and nothing in them acts."""
    user = {"sample": SCRIPT, "comment": SCRIPT, "instrument": FRAGMENT, "initext": SCRIPT}
    run = build_xafs_run(scan_id=2)
    run[0][1]["XDI"] = {**run[0][1]["XDI"], "Sample": {"name": SCRIPT}, "_comment": [SCRIPT], "_user": user}
    office.put(run)
    uid = run[0][1]["uid"]
    assert office.ask({"xasxdi": True, "uid": uid, "filename": "marked.001"})["state"] == "done"
    assert office.ask({"echoslack": True, "text": SCRIPT, "icon": "message"})["state"] == "done"
    office.ask({"dossier": "start", "stub": "marked"})
    told = {"uidlist": [uid], "instrument": FRAGMENT, "ini": SCRIPT, "rid": SCRIPT, "folder": str(office.session)}
    assert office.ask({"dossier": "set", "force_seqnumber": 7, **told})["state"] == "done"
    answer = office.ask({"dossier": "write"})
    assert (answer["reason"], answer["state"]) == ("", "done")
    for name in ("marked-07.html", "00INDEX.html", "messagelog.html"):
        page = ParsedPage((office.session / "dossier" / name).read_bytes())
        assert page.problems == []
        assert find_broken_links(office.session / "dossier" / name) == []
    assert SCRIPT in ParsedPage((office.session / "dossier/marked-07.html").read_bytes()).text
    assert SCRIPT in ParsedPage((office.session / "dossier/messagelog.html").read_bytes()).text


def test_python_attributes_are_refused_as_dossier_fields(office: FileManagerStation) -> None:
    """Today's worker sets whatever a message names; here only declared fields are known, and the rest does nothing."""
    office.put(run := build_xafs_run(scan_id=3))
    uid = run[0][1]["uid"]
    office.ask({"dossier": "start", "stub": "attributes"})
    evil = {
        "__class__": "x",
        "__dict__": {"folder": "/etc"},
        "uids": ["x"],
        "stub": "../x",
        "write": "x",
        "_folder": "/etc",
    }
    office.ask({"dossier": "set", "force_seqnumber": 8, "uid": uid, "folder": str(office.session), **evil})
    answer = office.ask({"dossier": "write"})
    assert answer["paths"] == [str(office.session / "dossier/attributes-08.html")]
    assert office.process is not None
    assert office.process.poll() is None
    assert not office.read_logged_errors()
