"""Files are published whole, without replacing, and nowhere but in the proposal folder."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xafs_workers.settings import Storage
from xafs_workers.storage import folder as folder_module
from xafs_workers.storage import noreplace
from xafs_workers.storage.confined import Root
from xafs_workers.storage.errors import Conflict, Refused, Unavailable
from xafs_workers.storage.folder import ProposalFolder, proposal_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for session in ("pass-1", "pass-2"):
        (tmp_path / "root/2026-3" / session).mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    return tmp_path / "root"


@pytest.fixture
def proposal(root: Path) -> ProposalFolder:
    return ProposalFolder(Root(root, {"/alias": str(root)}), "2026-3", "pass-1")


def tree(path: Path) -> dict[str, str]:
    """Return everything below a folder: links as links, files by their content."""
    return {
        str(entry): os.readlink(entry) if entry.is_symlink() else (entry.read_text() if entry.is_file() else "")
        for entry in sorted(path.rglob("*"))
        if not stat.S_ISFIFO(entry.lstat().st_mode)
    }


def test_a_file_appears_whole_with_its_folders(proposal: ProposalFolder, root: Path) -> None:
    told: list[tuple[str, str]] = []
    published = proposal.publish("maps/deep/a.png", b"content", before_publish=lambda *args: told.append(args))
    assert published.state == "new"
    assert (root / "2026-3/pass-1/maps/deep/a.png").read_bytes() == b"content"
    assert told == [(published.path, hashlib.sha256(b"content").hexdigest())]
    assert os.listdir(root / "2026-3/pass-1/maps/deep") == ["a.png"]


def test_the_same_content_is_a_success_and_other_content_is_left_alone(proposal: ProposalFolder) -> None:
    proposal.publish("a.txt", b"one")
    assert proposal.publish("a.txt", b"one").state == "same"
    with pytest.raises(Conflict, match="other content"):
        proposal.publish("a.txt", b"two")
    assert proposal.read("a.txt") == b"one"
    assert proposal.publish("a.txt", b"two", overwrite=True).state == "replaced"
    assert proposal.read("a.txt") == b"two"


def test_somebody_faster_is_not_overwritten(proposal: ProposalFolder, root: Path) -> None:
    """The name is taken between the look and the publishing."""
    with pytest.raises(Conflict):
        proposal.publish(
            "a.txt", b"ours", before_publish=lambda *_: (root / "2026-3/pass-1/a.txt").write_bytes(b"x") and None
        )
    assert proposal.read("a.txt") == b"x"
    assert proposal.names() == ["a.txt"]


def test_a_file_system_without_links_does_not_replace_either(
    proposal: ProposalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(noreplace.os, "link", no_links)
    assert proposal.publish("a.txt", b"one").state == "new"
    monkeypatch.setattr(folder_module, "_digest", lambda *_: None)
    with pytest.raises(Conflict):
        proposal.publish("a.txt", b"two")
    assert proposal.read("a.txt") == b"one"


ATTACKS = {
    "absolute outside": "/etc/xafs-workers-attack",
    "shadow": "/etc/shadow",
    "climbing": "../pass-2/a",
    "climbing inside": "maps/../../pass-2/a",
    "another group by its absolute path": "{root}/2026-3/pass-2/a",
    "the root itself": "{root}",
    "the session itself": "{root}/2026-3/pass-1",
    "root's look-alike": "{root}-evil/2026-3/pass-1/a",
    "climbing absolutely": "{root}/2026-3/pass-1/../pass-2/a",
    "symbolic link to a file": "link-to-file",
    "symbolic link to a folder": "link-to-folder/a",
    "parent linked away": "linked-parent/deep/a",
    "pipe": "pipe",
    "a folder": "folder",
    "through a file": "file/a",
    "newline": "a\nb",
    "NUL": "a\0b",
    "escape": "a\x1b[2Jb",
    "5,000 characters": "a" * 5000,
    "long name": "a" * 250,
    "many levels": "a/" * 3000 + "b",
    "nothing": "",
    "only dots": "./.",
    "surrogate": "a\udc80",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused_with_a_reason_and_touch_nothing(
    attack: str, proposal: ProposalFolder, root: Path, tmp_path: Path
) -> None:
    home, outside = root / "2026-3/pass-1", tmp_path / "outside"
    (outside / "victim").write_text("victim")
    (home / "link-to-file").symlink_to(outside / "victim")
    (home / "link-to-folder").symlink_to(outside)
    (home / "linked-parent").symlink_to(outside)
    (home / "folder").mkdir()
    (home / "file").write_text("a file")
    os.mkfifo(home / "pipe")
    before = tree(tmp_path)
    for overwrite in (False, True):
        with pytest.raises(Refused) as refusal:
            proposal.publish(ATTACKS[attack].format(root=root), b"attack", overwrite=overwrite)
        assert str(refusal.value)
    assert tree(tmp_path) == before
    assert not Path("/etc/xafs-workers-attack").exists()


def test_look_alike_letters_are_other_letters(proposal: ProposalFolder, root: Path) -> None:
    published = proposal.publish("／etc／passwd‮", b"x")
    assert Path(published.path).parent == root / "2026-3/pass-1"


@pytest.mark.parametrize(
    ("cycle", "session"), [("..", "pass-1"), ("2026-3", ".."), ("2026-3", "a/b"), ("", "x"), (".x", "y")]
)
def test_a_proposal_is_a_plain_name(cycle: str, session: str, root: Path) -> None:
    with pytest.raises(Refused):
        ProposalFolder(Root(root), cycle, session)


def test_a_session_that_does_not_exist_is_not_made(root: Path) -> None:
    with pytest.raises(Refused, match="no such folder"):
        ProposalFolder(Root(root), "2026-3", "pass-9").publish("a", b"x")
    assert not (root / "2026-3/pass-9").exists()


def test_a_session_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "2026-3/pass-3").symlink_to(tmp_path / "outside")
    with pytest.raises(Refused, match="links are not followed"):
        ProposalFolder(Root(root), "2026-3", "pass-3").publish("a", b"x")
    assert os.listdir(tmp_path / "outside") == []


def test_an_alias_is_the_same_root(proposal: ProposalFolder, root: Path) -> None:
    proposal.publish("/alias/2026-3/pass-1/snapshots/a.png", b"x")
    assert (root / "2026-3/pass-1/snapshots/a.png").exists()


def test_mode_and_group_follow_the_folder(proposal: ProposalFolder, root: Path) -> None:
    home = root / "2026-3/pass-1"
    home.chmod(0o2770)
    if os.geteuid() == 0:
        os.chown(home, -1, 12345)
    proposal.publish("prj/a.prj", b"x")
    made = home / "prj"
    assert stat.S_IMODE(made.stat().st_mode) == 0o2770
    assert stat.S_IMODE((made / "a.prj").stat().st_mode) == 0o660
    assert made.stat().st_gid == (made / "a.prj").stat().st_gid == home.stat().st_gid


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_told_and_leaves_nothing(
    number: int, call: str, proposal: ProposalFolder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder_module.os, call, full)
    with pytest.raises(Unavailable, match=errno.errorcode[number]):
        proposal.publish("a.txt", b"x")
    monkeypatch.undo()
    assert os.listdir(root / "2026-3/pass-1") == []


def test_a_root_that_is_not_mounted_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="ENOENT"):
        ProposalFolder(Root(tmp_path / "away"), "2026-3", "pass-1").publish("a", b"x")


PUBLISH = """
import sys
from pathlib import Path
from xafs_workers.storage.confined import Root
from xafs_workers.storage.folder import ProposalFolder
folder = ProposalFolder(Root(Path(sys.argv[1])), "2026-3", "pass-1")
print("ready", flush=True)
for n in range(10**6):
    folder.publish(f"file-{n}", b"x" * 200_000)
"""


@pytest.fixture
def publisher(root: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", PUBLISH, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_worker_leaves_whole_files_and_its_rests_are_swept(
    publisher: subprocess.Popen[str], proposal: ProposalFolder, root: Path
) -> None:
    home = root / "2026-3/pass-1"
    while len(os.listdir(home)) < 20:
        pass
    publisher.send_signal(signal.SIGKILL)
    publisher.wait()
    files = [path for path in home.iterdir() if path.name.startswith("file-")]
    assert all(path.stat().st_size == 200_000 for path in files)
    (home / ".xafs-workers-0123456789abcdef.tmp").write_bytes(b"half")
    proposal.publish("next", b"x")
    assert not [name for name in os.listdir(home) if name.endswith(".tmp")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_folder_without_permission_is_told(proposal: ProposalFolder, root: Path) -> None:
    for path in (root, *root.parents[:3]):
        path.chmod(0o755)
    # In a child: becoming another user interrupts the system calls of all threads, and the embedded broker's
    # thread, which other tests use, does not survive that.
    child = os.fork()
    if child == 0:
        os._exit(_refused_to_a_stranger(proposal))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert proposal.names() == []


def _refused_to_a_stranger(proposal: ProposalFolder) -> int:
    try:
        os.setuid(65534)
        proposal.publish("a", b"x")
    except Unavailable as error:
        return 7 if "EACCES" in str(error) else 1
    except BaseException:
        return 2
    return 0


START = {"uid": "u", "data_session": "pass-1"}


@pytest.mark.parametrize(
    ("start", "configured", "cycle"),
    [
        ({**START, "cycle": "2026-1", "XDI": {"Facility": {"cycle": "2026-2"}}}, "2026-3", "2026-1"),
        ({**START, "XDI": {"Facility": {"cycle": "2026-2"}}}, "2026-3", "2026-2"),
        ({**START, "XDI": {"Facility": "?"}}, "2026-3", "2026-3"),
    ],
)
def test_the_cycle_comes_from_the_run_before_the_configuration(
    start: dict[str, object], configured: str, cycle: str
) -> None:
    """F3, F4."""
    assert proposal_of(start, Storage(cycle=configured)) == (cycle, "pass-1")


@pytest.mark.parametrize("start", [{"uid": "u"}, {"uid": "u", "data_session": 5}, START])
def test_without_cycle_or_session_there_is_a_reason(start: dict[str, object]) -> None:
    with pytest.raises(Refused, match="u"):
        proposal_of(start, Storage())
