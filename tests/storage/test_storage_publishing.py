"""Files are published whole, never over another content, with the folder's mode and group, and leave no rests."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import random
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.storage import exclusive_names, folder_edits, publishing
from xafs_workers.storage.confined import Root, Roots
from xafs_workers.storage.copy_source import CopySource
from xafs_workers.storage.errors import Conflict, Refused, Unavailable
from xafs_workers.storage.leftovers import is_temporary
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sweep_schedule import INTERVAL, SweepSchedule

Program = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


def unrecorded(path: str, sha256: str) -> None:
    """Record nothing."""


def names(path: Path) -> list[str]:
    return sorted(str(entry.relative_to(path)) for entry in path.rglob("*"))


def test_a_new_file_is_published_with_its_folders(folder: ProposalFolder, home: Path) -> None:
    told: list[tuple[str, str, list[str]]] = []
    published = folder.publish(
        "maps/deep/a.png", b"content", before_publish=lambda path, sha: told.append((path, sha, names(home)))
    )
    sha256 = hashlib.sha256(b"content").hexdigest()
    assert published == publishing.PublishedFile(f"{home}/maps/deep/a.png", sha256, "new")
    assert [(path, sha) for path, sha, _ in told] == [(published.path, sha256)]
    assert "maps/deep/a.png" not in told[0][2], "the ledger is written before the file has its name"
    assert (home / "maps/deep/a.png").read_bytes() == b"content"
    assert names(home) == ["maps", "maps/deep", "maps/deep/a.png"]


def test_an_absolute_path_and_an_alias_name_the_same_file(folder: ProposalFolder, home: Path) -> None:
    for path in (f"{home}/a", "/alias/of/proposals/2026-3/pass-1//./a", "a"):
        folder.publish(path, b"x", before_publish=unrecorded)
    assert names(home) == ["a"]


@pytest.mark.parametrize("parts", [b"one", [b"o", b"", b"ne"]])
def test_same_content_succeeds_and_other_content_is_kept(
    parts: bytes | list[bytes], folder: ProposalFolder, home: Path
) -> None:
    folder.publish("a", parts, before_publish=unrecorded)
    before = (home / "a").stat()
    assert folder.publish("a", parts, before_publish=unrecorded).state == "same"
    for other in (b"two", b"longer", [b"two"]):
        with pytest.raises(Conflict, match="exists with other content"):
            folder.publish("a", other, before_publish=unrecorded)
    now = (home / "a").stat()
    assert (now.st_ino, now.st_mtime_ns, now.st_nlink) == (before.st_ino, before.st_mtime_ns, 1)
    assert (home / "a").read_bytes() == b"one"
    assert names(home) == ["a"]


def test_overwrite_replaces_atomically(folder: ProposalFolder, home: Path) -> None:
    folder.publish("a", b"one", before_publish=unrecorded)
    with (home / "a").open("rb") as reader:
        assert folder.publish("a", b"two", overwrite=True, before_publish=unrecorded).state == "replaced"
        assert reader.read() == b"one", "who has it open still reads the old one whole"
    assert (home / "a").read_bytes() == b"two"
    assert folder.publish("b", b"new", overwrite=True, before_publish=unrecorded).state == "new"
    assert names(home) == ["a", "b"]


@pytest.mark.parametrize(("theirs", "state"), [(b"theirs", None), (b"ours", "same")])
@pytest.mark.parametrize("links", [True, False])
def test_a_file_created_meanwhile_is_not_overwritten(
    theirs: bytes, state: str | None, links: bool, folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is taken after it was seen free."""
    if not links:
        monkeypatch.setattr(publishing.os, "link", _fails(errno.EPERM))

    def faster(path: str, sha256: str) -> None:
        (home / "a").write_bytes(theirs)

    if state is None:
        with pytest.raises(Conflict, match="other content"):
            folder.publish("a", b"ours", before_publish=faster)
    else:
        assert folder.publish("a", b"ours", before_publish=faster).state == state
    assert (home / "a").read_bytes() == theirs
    assert names(home) == ["a"]


def _fails(number: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_rename_without_replace_is_used_without_links(
    number: int, folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing.os, "link", _fails(number))
    assert folder.publish("a", b"one", before_publish=unrecorded).state == "new"
    assert names(home) == ["a"]
    assert (home / "a").stat().st_nlink == 1


def test_a_replaced_temporary_file_is_detected(folder: ProposalFolder, home: Path) -> None:
    def exchange(path: str, sha256: str) -> None:
        [temporary] = [name for name in os.listdir(home) if is_temporary(name)]
        (home / "evil").write_bytes(b"evil")
        (home / "evil").rename(home / temporary)

    with pytest.raises(Conflict, match="another file"):
        folder.publish("a", b"ours", before_publish=exchange)


def test_a_long_name_is_published_by_a_short_temporary_one(folder: ProposalFolder, home: Path) -> None:
    name = "µ" * 125 + ".png"
    folder.publish(name, b"x", before_publish=unrecorded)
    assert names(home) == [name]


CALLS = {
    "write": [errno.ENOSPC, errno.EDQUOT, errno.EIO],
    "fsync": [errno.ENOSPC, errno.EDQUOT, errno.EIO],
    "link": [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ESTALE],
}


@pytest.mark.parametrize(("call", "number"), [(call, number) for call, numbers in CALLS.items() for number in numbers])
def test_an_os_error_is_transient_and_leaves_no_file(
    call: str, number: int, folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(publishing.os, call, _fails(number))
        with pytest.raises(Unavailable, match=errno.errorcode[number]) as trouble:
            folder.publish("a", b"x", before_publish=unrecorded)
    assert trouble.value.errno == number
    assert str(home / "a") in trouble.value.reason
    assert names(home) == []
    assert folder.publish("a", b"x", before_publish=unrecorded).state == "new"


def test_a_disk_filling_up_during_a_write_leaves_no_file(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces are taken until there is no room for one."""
    real, room = os.write, [10, 10, 0]

    def little(handle: int, content: memoryview) -> int:
        size = room.pop(0)
        return real(handle, content[:size]) if size else _fails(errno.ENOSPC)()

    with monkeypatch.context() as patch:
        patch.setattr(publishing.os, "write", little)
        with pytest.raises(Unavailable, match="ENOSPC"):
            folder.publish("a", b"x" * 100, before_publish=unrecorded)
    assert names(home) == []
    folder.append("dossier/MANIFEST", b"first\n")
    room[:] = [3, 0]
    with monkeypatch.context() as patch:
        patch.setattr(publishing.os, "write", little)
        with pytest.raises(Unavailable, match="ENOSPC"):
            folder.append("dossier/MANIFEST", b"second\n")
    assert (home / "dossier/MANIFEST").read_bytes() == b"first\n"


def test_a_failing_source_leaves_no_file(folder: ProposalFolder, home: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"first"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.publish("a", parts(), before_publish=unrecorded)
    assert names(home) == []


def test_a_failing_ledger_leaves_no_file(folder: ProposalFolder, home: Path) -> None:
    def fails(path: str, sha256: str) -> None:
        raise Unavailable("the ledger's disk is full", errno.ENOSPC)

    with pytest.raises(Unavailable, match="ledger"):
        folder.publish("a", b"x", before_publish=fails)
    assert names(home) == []


def test_a_file_over_the_size_limit_is_reported(run_program: Program, home: Path) -> None:
    """A limit of the kernel's, not a replaced function."""
    done = run_program("""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    folder.publish("a", b"x" * 200_000, before_publish=lambda *_: None)
except Unavailable as error:
    print(error.reason)
""")
    assert "EFBIG" in done.stdout, done.stderr
    assert names(home) == []


def test_an_unwritable_folder_is_reported(run_program: Program, home: Path) -> None:
    home.chmod(0o555)
    done = run_program("""
nobody()
for act in (lambda: folder.publish("a", b"x", before_publish=lambda *_: None), lambda: folder.mkdir("prj"),
            lambda: folder.touch(".introduction_made"), lambda: folder.append("file_manager.log", b"x")):
    try:
        act()
    except Unavailable as error:
        print(error.errno, error.reason)
""")
    told = done.stdout.splitlines()
    assert len(told) == 4, done.stderr
    assert all(line.startswith(f"{errno.EACCES} ") and "Permission denied" in line for line in told)
    assert names(home) == []


def test_a_question_about_a_closed_folder_raises(run_program: Program, home: Path) -> None:
    """A name whose state is unknown is not free."""
    (home / "fe.001").touch()
    home.chmod(0o700)
    done = run_program("""
nobody()
for act in (lambda: folder.exists("fe.001"), folder.list_names, lambda: folder.digest("fe.001")):
    try:
        print("answer", act())
    except Unavailable as error:
        print("unknown")
""")
    expected = ["unknown"] * 3 if os.geteuid() == 0 else ["answer"] * 3
    assert [line.split()[0] for line in done.stdout.splitlines()] == expected, done.stderr


@pytest.mark.parametrize("mode", [0o2770, 0o2775, 0o750])
def test_mode_and_group_follow_the_folder(mode: int, folder: ProposalFolder, home: Path) -> None:
    if os.geteuid() == 0:
        os.chown(home, -1, 12345)
    home.chmod(mode)
    old = os.umask(0o077)
    try:
        folder.publish("prj/a.prj", b"x", before_publish=unrecorded)
        folder.append("dossier/MANIFEST", b"x")
        folder.touch("prj/b")
    finally:
        os.umask(old)
    group = home.stat().st_gid
    for made in ("prj", "dossier"):
        assert stat.S_IMODE((home / made).stat().st_mode) == mode
        assert (home / made).stat().st_gid == group
    for made in ("prj/a.prj", "prj/b", "dossier/MANIFEST"):
        assert stat.S_IMODE((home / made).stat().st_mode) == mode & 0o666
        assert (home / made).stat().st_gid == group


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to a group nobody is in")
def test_setgid_is_inherited_outside_the_group(run_program: Program, home: Path) -> None:
    """Linux clears it when such a process changes the mode, and the next files would have the wrong group."""
    os.chown(home, -1, 12345)
    home.chmod(0o2777)
    done = run_program("""
nobody()
os.umask(0o027)
folder.publish("maps/deep/a", b"x", before_publish=lambda *_: None)
""")
    assert done.returncode == 0, done.stderr
    for made in ("maps", "maps/deep"):
        assert (home / made).stat().st_mode & stat.S_ISGID
    assert {(home / made).stat().st_gid for made in ("maps", "maps/deep", "maps/deep/a")} == {12345}


KILLED = """
from xafs_workers.storage.ledger import EffectKey, Ledger
ledger = Ledger.open(Path(sys.argv[2]))
call, when, number = sys.argv[3], sys.argv[4], int(sys.argv[5])
real = getattr(os, call)
def dying(*args, **kwargs):
    global number
    number -= 1
    if number:
        return real(*args, **kwargs)
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, call, dying)
key = EffectKey("cluster", "topic", 0, 7, 1000, "picture")
parts = [b"x" * 100_000] * 3
published = folder.publish("maps/a", iter(parts), before_publish=lambda *told: ledger.begin(key, *told))
"""

MOMENTS = [
    ("write", "before", 2),
    ("write", "after", 3),
    ("fchmod", "before", 2),
    ("fsync", "after", 2),
    ("link", "before", 1),
    ("link", "after", 1),
    ("unlink", "before", 1),
    ("unlink", "after", 1),
    ("fsync", "before", 3),
]


@pytest.mark.parametrize(("call", "when", "number"), MOMENTS)
def test_a_kill_at_each_step_leaves_a_whole_file(
    call: str, when: str, number: int, run_program: Program, folder: ProposalFolder, home: Path, tmp_path: Path
) -> None:
    from xafs_workers.storage.ledger import EffectKey, Ledger, is_already_published

    home.chmod(0o775)
    done = run_program("os.umask(0o077)" + KILLED, tmp_path / "ledger.sqlite", call, when, number)
    assert done.returncode == -9, done.stderr
    there = (home / "maps/a").exists()
    assert there == (call == "unlink" or (call, when) in {("link", "after")} or (call, number) == ("fsync", 3))
    if there:
        assert (home / "maps/a").read_bytes() == b"x" * 300_000
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        entry = ledger.find_entry(EffectKey("cluster", "topic", 0, 7, 1000, "picture"))
        assert (entry is not None) == (there or call == "link")
        assert is_already_published(entry, folder) == there
    again = folder.publish("maps/a", b"x" * 300_000, before_publish=unrecorded)
    assert again.state == ("same" if there else "new")
    assert names(home) == ["maps", "maps/a"]
    assert (home / "maps/a").stat().st_nlink == 1


LOOP = """
n = 0
while True:
    folder.publish(f"file-{n:05d}", (b"x" * 20_000 for _ in range(20)), before_publish=lambda *_: None)
    print(n, flush=True)
    n += 1
"""


def test_a_kill_at_random_times_leaves_a_whole_file(start_program: Start, folder: ProposalFolder, home: Path) -> None:
    chance = random.Random(1)
    for _ in range(10):
        for name in os.listdir(home):
            (home / name).unlink()
        process = start_program(LOOP)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 20)):
            process.stdout.readline()
        threading.Event().wait(chance.random() * 0.003)
        process.kill()
        process.wait()
        files = [name for name in os.listdir(home) if not is_temporary(name)]
        assert files
        assert {(home / name).stat().st_size for name in files} == {400_000}
        restarted = ProposalFolder(Roots(Root(str(home.parent.parent))), "2026-3", "pass-1")
        restarted.publish("next", b"x", before_publish=unrecorded)
        assert [name for name in os.listdir(home) if is_temporary(name)] == []


def test_the_temporary_file_of_another_worker_is_kept(start_program: Start, folder: ProposalFolder, home: Path) -> None:
    process = start_program("""
def parts():
    yield b"first, "
    print("half", flush=True)
    sys.stdin.readline()
    yield b"second"
folder.publish("theirs", parts(), before_publish=lambda *_: None)
print("published", flush=True)
""")
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "half\n"
    folder.publish("ours", b"x", before_publish=unrecorded)
    assert len([name for name in os.listdir(home) if is_temporary(name)]) == 1
    assert folder.list_names() == ["ours"]
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "published\n"
    assert (home / "theirs").read_text() == "first, second"


def test_only_abandoned_temporary_files_are_deleted(folder: ProposalFolder, home: Path) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    other = "0" * 8 if boot != "0" * 8 else "1" * 8
    left_here, left_there, young = (f".a.{b}-{n * 16}.tmp" for b, n in ((boot, "1"), (other, "2"), (other, "3")))
    foreign = [".a.swp", ".a.tmp", "a.tmp", f"a.{boot}-{'4' * 16}.tmp", f".a.{boot}-{'4' * 15}.tmp"]
    for name in (left_here, left_there, young, *foreign):
        (home / name).write_bytes(b"half")
    day_ago = (home / young).stat().st_mtime - 25 * 3600
    os.utime(home / left_there, (day_ago, day_ago))
    link = f".a.{boot}-{'5' * 16}.tmp"
    (home / link).symlink_to("a.tmp")
    folder.publish("a", b"x", before_publish=unrecorded)
    assert sorted(os.listdir(home)) == sorted([young, link, "a", *foreign])


def test_only_the_first_publication_lists_the_folder(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[object] = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda *given: listed.append(given) or real(*given))
    for number in range(5):
        folder.publish(f"a-{number}", b"x", before_publish=unrecorded)
        folder.publish("same", b"x", before_publish=unrecorded)
        folder.replace("dossier/00INDEX.html", str(number).encode())
        folder.reserve(f"fe-{number}", b"x")
    assert len(listed) == 3  # one folder each


def test_a_folder_is_searched_again_after_some_hours(home: Path) -> None:
    now = [0.0]
    schedule = SweepSchedule(clock=lambda: now[0])
    with open_listed(home) as one, open_listed(home.parent) as other:
        assert [schedule.is_due(one), schedule.is_due(one), schedule.is_due(other)] == [True, False, True]
        now[0] = INTERVAL
        assert [schedule.is_due(one), schedule.is_due(one)] == [True, False]


@contextmanager
def open_listed(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    yield handle
    os.close(handle)


def test_threads_can_publish_one_name(folder: ProposalFolder, home: Path) -> None:
    results: list[str] = []

    def publish(content: bytes) -> None:
        try:
            results.append(folder.publish("a", content, before_publish=unrecorded).state)
        except Conflict:
            results.append("conflict")

    threads = [threading.Thread(target=publish, args=(b"one" if n % 2 else b"two",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict"] * 6 + ["new"] + ["same"] * 5
    assert names(home) == ["a"]


def test_a_file_is_copied_from_a_source_root(folder: ProposalFolder, root: Path, home: Path) -> None:
    workspace = root.parent / "workspace"
    workspace.mkdir()
    (workspace / "fe.ini").write_bytes(b"x" * 3_000_000)
    (workspace / "link.ini").symlink_to("fe.ini")
    os.mkfifo(workspace / "pipe.ini")
    sources = Roots(Root(str(workspace)))
    folder.publish("fe.ini", CopySource(sources, f"{workspace}/fe.ini").read(), before_publish=unrecorded)
    assert (home / "fe.ini").read_bytes() == b"x" * 3_000_000
    for name in ("link.ini", "pipe.ini", "missing.ini", "../proposals/2026-3/pass-1/fe.ini", ""):
        with pytest.raises(Refused):
            folder.publish("b", CopySource(sources, f"{workspace}/{name}").read(), before_publish=unrecorded)
    assert names(home) == ["fe.ini"]


def test_an_old_file_is_archived(folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.archive_existing("fe.ini") is None
    expected = ["fe.ini.2026-11-23T04-00-00Z", "fe.ini.2026-11-23T04-00-00Z-2", "fe.ini.2026-11-23T04-00-00Z-3"]
    for number, name in enumerate(expected):
        folder.publish("fe.ini", f"edition {number}".encode(), before_publish=unrecorded)
        os.utime(home / "fe.ini", (0, 1795406400.7))
        if number == 2:
            monkeypatch.setattr(exclusive_names.ctypes, "CDLL", lambda *_, **__: object())
        assert folder.archive_existing("fe.ini") == f"{home}/{name}"
        assert (home / name).read_text() == f"edition {number}"
    assert names(home) == expected


def test_archiving_is_completed_after_a_kill(folder: ProposalFolder, home: Path) -> None:
    (home / "fe.ini").write_text("edition")
    os.utime(home / "fe.ini", (0, 1795406400))
    os.link(home / "fe.ini", home / "fe.ini.2026-11-23T04-00-00Z")
    assert folder.archive_existing("fe.ini") == f"{home}/fe.ini.2026-11-23T04-00-00Z"
    assert names(home) == ["fe.ini.2026-11-23T04-00-00Z"]


def test_questions_are_answered_from_the_folder(folder: ProposalFolder, home: Path) -> None:
    folder.publish("maps/a.png", b"abc", before_publish=unrecorded)
    (home / "link").symlink_to("nowhere")
    assert [folder.exists(name) for name in ("maps/a.png", "maps", "link", "maps/b", "x/y")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert folder.list_names() == ["link", "maps"]
    assert folder.list_names("maps") == ["a.png"]
    assert folder.list_names("x") == []
    assert folder.read("maps/a.png") == b"abc"
    assert folder.digest("maps/a.png") == hashlib.sha256(b"abc").hexdigest()
    assert folder.digest("maps/b") is None
    with pytest.raises(Refused, match="3 bytes: at most 2"):
        folder.read("maps/a.png", limit=2)
    with pytest.raises(Refused, match="does not exist"):
        folder.read("maps/b")


def test_touch_creates_a_file_or_leaves_it(folder: ProposalFolder, home: Path) -> None:
    folder.touch(".introduction_made")
    (home / "a").write_text("content")
    assert folder.touch("a") == f"{home}/a"
    assert (home / "a").read_text() == "content"
    assert (home / ".introduction_made").read_bytes() == b""


def test_a_locked_log_is_waited_for_but_not_forever(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.append("file_manager.log", b"one\n")
    monkeypatch.setattr(folder_edits, "LOCK_TIMEOUT", 0.1)
    with (home / "file_manager.log").open() as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="keeps it locked"):
            folder.append("file_manager.log", b"two\n")
        monkeypatch.setattr(folder_edits, "LOCK_TIMEOUT", 60.0)
        thread = threading.Thread(target=folder.append, args=("file_manager.log", b"three\n"))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(60)
    assert (home / "file_manager.log").read_bytes() == b"one\nthree\n"


def test_a_deletion_between_creation_and_lock_is_detected(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker sees the new file before its writer has locked it: once it is gone, once still held."""
    real, seen = publishing._try_lock, []

    def late(handle: int) -> bool:
        [name] = [name for name in os.listdir(home) if is_temporary(name)]
        seen.append(name)
        if len(seen) == 1:
            (home / name).unlink()
        if len(seen) == 2:
            with (home / name).open() as theirs:
                fcntl.flock(theirs, fcntl.LOCK_EX)
                return real(handle)
        return real(handle)

    monkeypatch.setattr(publishing, "_try_lock", late)
    assert folder.publish("a", b"x", before_publish=unrecorded).state == "new"
    assert len(set(seen)) == 3
    assert names(home) == ["a"]


def test_lines_of_two_processes_stay_whole(start_program: Start, home: Path) -> None:
    source = """
for n in range(60):
    folder.append("dossier/.rawlog", (sys.argv[2] * 500 + "\\n").encode())
"""
    for process in [start_program(source, letter) for letter in "ab"]:
        assert process.wait(timeout=PATIENCE) == 0
    lines = (home / "dossier/.rawlog").read_text().splitlines()
    assert sorted(lines) == ["a" * 500] * 60 + ["b" * 500] * 60
