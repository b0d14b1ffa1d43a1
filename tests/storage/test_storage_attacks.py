"""Hostile paths: each is refused with a reason, and nothing anywhere is touched."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.example_counts import scale_examples
from xafs_workers.storage.confined import Root, Roots, parse_path
from xafs_workers.storage.copy_source import CopySource
from xafs_workers.storage.errors import Refused, StorageError, Unavailable
from xafs_workers.storage.owned_names import OWNED_FILES
from xafs_workers.storage.proposals import ProposalFolder

PATHS = {
    "nothing": "",
    "only a dot": "./.",
    "the session itself": "{root}/2026-3/pass-1",
    "absolute outside": "/etc/xafs-workers-attack",
    "password file": "/etc/shadow",
    "climbing": "../pass-2/a",
    "climbing from inside": "maps/../../pass-2/a",
    "climbing absolutely": "{root}/2026-3/pass-1/../pass-2/a",
    "climbing by the alias": "/alias/of/proposals/2026-3/pass-1/../../../a",
    "another group": "{root}/2026-3/pass-2/a",
    "another group by the alias": "/alias/of/proposals/2026-3/pass-2/a",
    "a cycle": "{root}/2026-3/a",
    "the root": "{root}",
    "beginning like the root": "{root}-evil/2026-3/pass-1/a",
    "link to a file": "link-to-file",
    "link to nothing": "link-to-nothing",
    "link to a folder": "link-to-folder",
    "below a link": "link-to-folder/a",
    "deep below a link": "link-to-folder/deep/er/a",
    "link inside the folder": "link-inside/a",
    "named pipe": "pipe",
    "socket": "socket",
    "device": "device",
    "a folder": "maps",
    "below a file": "file/a",
    "newline": "a\nb",
    "carriage return": "a\rb",
    "NUL": "a\0b",
    "escape sequence": "a\x1b[2Jb",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "text direction": "a\u202egnp.exe",
    "zero width": "pass\u200b-2",
    "byte order mark": "\ufefffe.001",
    "full-width slash": "／etc／passwd",
    "full-width dots": "．．/pass-2/a",
    "full-width letters": "ｆｅ.001",
    "one-dot leaders": "\u2024\u2024",
    "ellipsis": "…/a",
    "fraction slash": "dossier⁄a",
    "division slash": "dossier∕a",
    "mathematical letters": "\U0001d41f\U0001d41e.001",
    "small full stops": "\ufe52\ufe52/a",
    "Cyrillic among Latin": "раss-1",
    "lone surrogate": "a\udc80b",
    "5000 characters": "a" * 5000,
    "256 bytes": "µ" * 128,
    "5000 characters in many folders": "abc/" * 1250 + "a",
    "hidden": ".bashrc",
    "below a hidden folder": ".ssh/authorized_keys",
    "a reservation": "dossier/.sequence/fe-07",
    "a temporary name": ".a.png.01234567-0123456789abcdef.tmp",
    "raw data": "assets/xspress3-1/a.h5",
    "raw data where case is ignored": "Assets/a.h5",
    "raw data where dots at the end are dropped": "assets./a.h5",
    "climbing where blanks at the end are dropped": ".. /pass-2/a",
    "only dots": ".../a",
}

WAYS: dict[str, Callable[[ProposalFolder, str], object]] = {
    "publish": lambda folder, path: folder.publish(path, b"attack", before_publish=_never),
    "overwrite": lambda folder, path: folder.publish(path, b"attack", overwrite=True, before_publish=_never),
    "append": lambda folder, path: folder.append(path, b"attack"),
    "replace": lambda folder, path: folder.replace(path, b"attack"),
    "touch": lambda folder, path: folder.touch(path),
}


def _never(path: str, sha256: str) -> None:
    pytest.fail(f"about to publish {path}")


def _tree(path: Path) -> dict[str, tuple[object, ...]]:
    seen: dict[str, tuple[object, ...]] = {}
    for entry in sorted(path.rglob("*")):
        info = entry.lstat()
        regular = stat.S_ISREG(info.st_mode)
        content = entry.read_bytes() if regular else os.readlink(entry) if entry.is_symlink() else None
        seen[str(entry)] = (info.st_mode, info.st_uid, info.st_gid, info.st_ino, info.st_mtime_ns, content)
    return seen


@pytest.fixture
def hostile(root: Path, home: Path) -> Path:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "victim").write_text("victim")
    (home / "link-to-file").symlink_to(outside / "victim")
    (home / "link-to-nothing").symlink_to(outside / "not-there")
    (home / "link-to-folder").symlink_to(outside)
    (home / "maps").mkdir()
    (home / "link-inside").symlink_to("maps")
    (home / "file").write_text("a file")
    os.mkfifo(home / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home / "socket"))
    try:
        os.mknod(home / "device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        (home / "device").symlink_to("/dev/null")
    return root.parent


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("attack", PATHS)
def test_a_hostile_path_is_refused_and_touches_no_file(
    attack: str, way: str, folder: ProposalFolder, root: Path, hostile: Path
) -> None:
    before = _tree(hostile)
    with pytest.raises(Refused) as refusal:
        WAYS[way](folder, PATHS[attack].format(root=root))
    assert len(refusal.value.reason) > 20
    assert refusal.value.reason.isprintable()
    assert len(refusal.value.reason) < 1000
    assert _tree(hostile) == before
    assert not Path("/etc/xafs-workers-attack").exists()


@pytest.mark.parametrize("attack", sorted(set(PATHS) - {"nothing", "only a dot", "the session itself"}))
def test_an_attack_creates_no_folder(attack: str, folder: ProposalFolder, root: Path, hostile: Path) -> None:
    path = PATHS[attack].format(root=root)
    before = _tree(hostile)
    if attack == "a folder":
        assert folder.mkdir(path) == f"{folder.path}/maps"
    else:
        with pytest.raises(Refused):
            folder.mkdir(path)
    assert _tree(hostile) == before


WITHOUT_DOTS = {"raw data where case is ignored", "raw data where dots at the end are dropped"}
READABLE = WITHOUT_DOTS | {
    "hidden",
    "below a hidden folder",
    "a reservation",
    "a temporary name",
    "raw data",
    "nothing",
}


@pytest.mark.parametrize("attack", sorted(set(PATHS) - READABLE))
def test_files_outside_are_not_read(attack: str, folder: ProposalFolder, root: Path, hostile: Path) -> None:
    path = PATHS[attack].format(root=root)
    with pytest.raises(Refused):
        folder.read(path)
    with pytest.raises(Refused):
        list(CopySource(Roots(Root(folder.path)), path).read())


def test_the_reason_names_the_value_and_what_is_allowed(folder: ProposalFolder, root: Path, hostile: Path) -> None:
    reasons = {
        f"{root}/2026-3/pass-2/a": ["pass-2", "in this proposal's folder", folder.path],
        "/etc/shadow": ["/etc/shadow", "below", str(root)],
        "pipe": ["a named pipe", "expected a regular file"],
        "link-to-folder/a": ["a symbolic link", "expected a folder"],
        "a\nb": ["U+000A"],
        "a" * 5000: ["5000", "4095"],
    }
    for path, words in reasons.items():
        with pytest.raises(Refused) as refusal:
            folder.publish(path, b"", before_publish=_never)
        assert [word for word in words if word not in refusal.value.reason] == []


@pytest.mark.parametrize("path", [None, 5, b"a", ["a"]])
def test_a_value_that_is_not_text_is_refused(path: object, folder: ProposalFolder) -> None:
    with pytest.raises(Refused, match="expected a path as text"):
        folder.publish(path, b"", before_publish=_never)  # type: ignore[arg-type]


@pytest.mark.parametrize("session", ["link", "linked-away"])
def test_a_session_that_is_a_link_is_refused(session: str, roots: Roots, root: Path) -> None:
    (root.parent / "outside").mkdir()
    (root / "2026-3/link").symlink_to("pass-2")
    (root / "2026-3/linked-away").symlink_to(root.parent / "outside")
    before = _tree(root.parent)
    for act in (
        lambda f: f.publish("a/b", b"x", before_publish=_never),
        lambda f: f.mkdir(),
        lambda f: f.mkdir("a"),
        lambda f: f.list_names(),
        lambda f: f.exists("a"),
    ):
        with pytest.raises(Refused, match="a symbolic link"):
            act(ProposalFolder(roots, "2026-3", session))
    assert _tree(root.parent) == before


def test_a_cycle_that_is_a_link_is_refused(roots: Roots, root: Path) -> None:
    (root / "2026-2").symlink_to("2026-3")
    with pytest.raises(Refused, match="a symbolic link"):
        ProposalFolder(roots, "2026-2", "pass-1").publish("a", b"", before_publish=_never)


@pytest.mark.parametrize("word", ["", ".", "..", "a/b", "/a", ".hidden", "a\n", "a b", "ä", "a" * 129, None, 3, ["a"]])
def test_cycle_and_session_must_be_plain_words(word: str, roots: Roots) -> None:
    for cycle, session in ((word, "pass-1"), ("2026-3", word)):
        with pytest.raises(Refused, match="expected one folder's name"):
            ProposalFolder(roots, cycle, session)


@pytest.mark.parametrize(
    "name",
    [
        "a\\b",
        "~root",
        "-rf",
        "...",
        "$(reboot)",
        "%n",
        "a b",
        "cm²",
        "½",
        "µm",
        "α-Fe₂O₃",
        "25 Å",
        "фольга",
        "Fe_фольга",
        "鉄箔",
        "Größe",
    ],
)
def test_unusual_names_are_accepted(name: str, folder: ProposalFolder, home: Path) -> None:
    if name == "...":
        with pytest.raises(Refused, match="dots and blanks alone"):
            folder.publish(name, b"x", before_publish=lambda *_: None)
        return
    assert folder.publish(name, b"x", before_publish=lambda *_: None).path == f"{home}/{name}"
    assert os.listdir(home) == [name]


def test_a_folder_replaced_by_a_link_is_not_followed(
    folder: ProposalFolder, root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange comes when the parent has been opened: the file goes where the folder went, not through the link."""
    outside = root.parent / "outside"
    outside.mkdir()
    (home / "maps").mkdir()

    def exchange(path: str, sha256: str) -> None:
        (home / "maps").rename(home / "moved")
        (home / "maps").symlink_to(outside)

    folder.publish("maps/a", b"x", before_publish=exchange)
    assert os.listdir(outside) == []
    assert os.listdir(home / "moved") == ["a"]


@pytest.mark.parametrize("name", ["device", "pipe", "link-to-file", "socket"])
def test_a_special_file_is_not_opened(
    name: str, folder: ProposalFolder, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a device may act: a tape rewinds, a watchdog starts."""
    real, opened = os.open, []

    def noted(path: str, *args: int, **more: int) -> int:
        opened.append(path)
        return real(path, *args, **more)

    monkeypatch.setattr("xafs_workers.storage.confined.os.open", noted)
    with pytest.raises(Refused):
        folder.read(name)
    assert "pass-1" in opened
    assert name not in opened


def test_a_log_with_a_hard_link_is_not_appended_to(folder: ProposalFolder, root: Path, home: Path) -> None:
    theirs = root / "2026-3/pass-2/data"
    theirs.write_text("theirs")
    (home / "dossier").mkdir()
    os.link(theirs, home / "dossier/MANIFEST")
    with pytest.raises(Refused, match="2 names"):
        folder.append("dossier/MANIFEST", b"ours")
    assert theirs.read_text() == "theirs"


def test_only_own_indexes_and_logs_are_replaced_or_extended(folder: ProposalFolder, home: Path) -> None:
    (home / "fe.001").write_text("data")
    for act in (folder.append, folder.replace):
        with pytest.raises(Refused, match=r"only .*MANIFEST"):
            act("fe.001", b"x")
    assert (home / "fe.001").read_text() == "data"
    for name in OWNED_FILES:
        folder.append(name, b"one\n")
        folder.append(name, b"two\n")
        assert (home / name).read_bytes() == b"one\ntwo\n"
        assert folder.replace(name, b"three").state == "replaced"
        assert (home / name).read_bytes() == b"three"


@settings(max_examples=scale_examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(st.sampled_from("a./\\~\n\0µ-2026pass1"), max_size=40))
def test_any_path_stays_in_the_folder_or_is_refused(path: str, folder: ProposalFolder, root: Path) -> None:
    theirs = root / "2026-3/pass-2"
    try:
        published = folder.publish(path, b"x", before_publish=lambda *_: None)
    except Refused:
        pass
    else:
        assert os.path.realpath(published.path).startswith(os.path.realpath(folder.path) + "/")
        assert ".." not in parse_path(published.path)
    assert sorted(os.listdir(root)) == ["2026-3"]
    assert sorted(os.listdir(root / "2026-3")) == ["pass-1", "pass-2"]
    assert os.listdir(theirs) == []


def test_a_missing_root_is_a_transient_error(roots: Roots, root: Path, folder: ProposalFolder) -> None:
    root.rename(root.parent / "away")
    acts = (lambda: folder.exists("a"), folder.list_names, folder.mkdir, lambda: folder.read("a"))
    for act in acts:
        with pytest.raises(Unavailable, match="is it mounted"):
            act()
    root.mkdir()
    for act in acts:
        with pytest.raises(Unavailable, match="is empty; is it mounted"):
            act()


def test_only_mkdir_creates_a_session_and_only_in_a_cycle(roots: Roots, root: Path) -> None:
    new = ProposalFolder(roots, "2026-3", "pass-9")
    for act in (lambda: new.touch("a"), lambda: new.mkdir("a"), lambda: new.publish("a", b"", before_publish=_never)):
        with pytest.raises(Refused, match="pass-9' does not exist"):
            act()
    assert new.list_names() == []
    assert not new.exists("a")
    assert new.mkdir() == f"{root}/2026-3/pass-9"
    assert new.mkdir("prj") == f"{root}/2026-3/pass-9/prj"
    with pytest.raises(Refused, match="2031-1' does not exist"):
        ProposalFolder(roots, "2031-1", "pass-9").mkdir()
    assert os.listdir(root) == ["2026-3"]


def test_storage_errors_are_marked_final_or_transient() -> None:
    assert issubclass(Refused, StorageError)
    assert not issubclass(Unavailable, Refused)
