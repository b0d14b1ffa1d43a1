"""File systems without links, without modes, without fsync: files are published with the same promise."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from xafs_workers.storage import exclusive_names
from xafs_workers.storage.errors import Conflict, Refused, Unavailable
from xafs_workers.storage.exclusive_names import CLAIM_SUFFIX
from xafs_workers.storage.file_attributes import ENOTSUPP
from xafs_workers.storage.leftovers import is_temporary
from xafs_workers.storage.names import compute_next_index
from xafs_workers.storage.owned_names import fold_name
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number

REFUSALS = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, ENOTSUPP)


def unrecorded(path: str, sha256: str) -> None:
    """Record nothing."""


def fail_with(number: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def names(path: Path) -> list[str]:
    return sorted(str(entry.relative_to(path)) for entry in path.rglob("*"))


def remove_ways(monkeypatch: pytest.MonkeyPatch, number: int = errno.EOPNOTSUPP) -> None:
    """Take away links and renames that do not replace."""
    monkeypatch.setattr(os, "link", fail_with(number))
    monkeypatch.setattr(exclusive_names, "rename_without_replacing", lambda *_: False)


@pytest.fixture
def linkless(monkeypatch: pytest.MonkeyPatch) -> None:
    remove_ways(monkeypatch)


@pytest.mark.parametrize("number", [*REFUSALS, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EMLINK])
@pytest.mark.parametrize("has_rename", [True, False])
def test_a_refused_link_is_replaced_by_another_way(
    number: int, has_rename: bool, folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_ways(monkeypatch, number)
    if has_rename:
        monkeypatch.undo()
        monkeypatch.setattr(os, "link", fail_with(number))
    assert folder.publish("maps/a", [b"o", b"ne"], before_publish=unrecorded).state == "new"
    assert folder.publish("maps/a", b"one", before_publish=unrecorded).state == "same"
    with pytest.raises(Conflict):
        folder.publish("maps/a", b"two", before_publish=unrecorded)
    assert folder.publish("maps/a", b"two", overwrite=True, before_publish=unrecorded).state == "replaced"
    assert reserve_sequence_number(folder, "fe", "uid-1") == 1
    assert reserve_sequence_number(folder, "fe", "uid-2") == 2
    assert reserve_sequence_number(folder, "fe", "uid-1") == 1
    assert (home / "maps/a").read_bytes() == b"two"
    assert not [name for name in names(home) if name.endswith(".tmp")]
    assert stat.S_IMODE((home / "maps/a").stat().st_mode) == stat.S_IMODE(home.stat().st_mode) & 0o666


@pytest.mark.usefixtures("linkless")
@pytest.mark.parametrize("theirs", [b"theirs", b""])
def test_a_claim_does_not_replace_a_new_file(theirs: bytes, folder: ProposalFolder, home: Path) -> None:
    """The name is taken after it was seen free."""
    with pytest.raises(Conflict):
        folder.publish("a", b"ours", before_publish=lambda *_: (home / "a").write_bytes(theirs) and None)
    assert (home / "a").read_bytes() == theirs
    assert names(home) == ["a"]


@pytest.mark.usefixtures("linkless")
def test_content_written_into_a_claim_is_kept(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = exclusive_names._create_claim

    def late(handle: int, name: str) -> os.stat_result:
        claimed = real(handle, name)
        (home / name).write_bytes(b"theirs")
        return claimed

    monkeypatch.setattr(exclusive_names, "_create_claim", late)
    with pytest.raises(Conflict):
        folder.publish("a", b"ours", before_publish=unrecorded)
    assert (home / "a").read_bytes() == b"theirs"
    assert names(home) == ["a"]


@pytest.mark.usefixtures("linkless")
def test_a_file_system_without_any_way_is_refused(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.rename

    def rename(old: str, new: str, **where: int) -> None:
        if old.endswith(CLAIM_SUFFIX) and not is_temporary(new):
            raise FileExistsError(errno.EEXIST, "exists", new)
        real(old, new, **where)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(Refused, match="neither link"):
        folder.publish("a", b"x", before_publish=unrecorded)
    assert names(home) == []


@pytest.mark.usefixtures("linkless")
def test_too_long_a_name_for_a_claim_is_refused(folder: ProposalFolder, home: Path) -> None:
    with pytest.raises(Refused, match="expected a shorter one"):
        folder.publish("a" * 230, b"x", before_publish=unrecorded)
    assert folder.publish("a" * 217, b"x", before_publish=unrecorded).state == "new"
    assert names(home) == ["a" * 217]


@pytest.mark.usefixtures("linkless")
def test_a_live_claim_is_waited_for(folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = exclusive_names._create_claim, []

    def interrupted(handle: int, name: str) -> os.stat_result:
        claimed = real(handle, name)
        if not seen:
            seen.append(name)
            with pytest.raises(Unavailable, match="another worker"):
                folder.publish("a", b"x", before_publish=unrecorded)
        return claimed

    monkeypatch.setattr(exclusive_names, "_create_claim", interrupted)
    assert folder.publish("a", b"x", before_publish=unrecorded).state == "new"
    assert folder.publish("a", b"x", before_publish=unrecorded).state == "same"
    assert names(home) == ["a"]


@pytest.mark.usefixtures("linkless")
def test_threads_claim_one_name_once(folder: ProposalFolder, home: Path) -> None:
    states: list[str] = []

    def publish(content: bytes) -> None:
        while True:
            try:
                states.append(folder.publish("a", content, before_publish=unrecorded).state)
            except Unavailable:
                continue
            except Conflict:
                states.append("conflict")
            return

    threads = [threading.Thread(target=publish, args=(b"one" if n % 2 else b"two",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["conflict"] * 6 + ["new"] + ["same"] * 5
    assert names(home) == ["a"]


@pytest.mark.usefixtures("linkless")
def test_an_old_file_is_archived_without_links(folder: ProposalFolder, home: Path) -> None:
    for number, name in enumerate(("fe.ini.2026-11-23T04-00-00Z", "fe.ini.2026-11-23T04-00-00Z-2")):
        (home / "fe.ini").write_text(f"edition {number}")
        os.utime(home / "fe.ini", (0, 1795406400))
        assert folder.archive_existing("fe.ini") == f"{home}/{name}"
        assert (home / name).read_text() == f"edition {number}"


KILLED = """
from xafs_workers.storage import exclusive_names
def no_link(*_, **__):
    raise OSError(95, "no links")
os.link, exclusive_names.rename_without_replacing = no_link, lambda *_: False
call, when, number = sys.argv[2], sys.argv[3], int(sys.argv[4])
owner = exclusive_names if call == "_create_claim" else os
real = getattr(owner, call)
def dying(*args, **kwargs):
    global number
    number -= 1
    if number:
        return real(*args, **kwargs)
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, call, dying)
folder.publish("a", b"x" * 100_000, before_publish=lambda *_: None)
"""

MOMENTS = [
    (call, when, number)
    for call, numbers in (("rename", (1, 2)), ("_create_claim", (1,)), ("fsync", (1, 2, 3)))
    for number in numbers
    for when in ("before", "after")
]


@pytest.mark.parametrize(("call", "when", "number"), MOMENTS)
def test_a_kill_during_a_claim_is_mended(
    call: str, when: str, number: int, run_program: Callable[..., object], folder: ProposalFolder, home: Path
) -> None:
    run_program(KILLED, call, when, number)
    left = (home / "a").stat().st_size if (home / "a").exists() else None
    assert left in (None, 0, 100_000)
    assert (left == 0) == ((call, when, number) in {("rename", "before", 2), ("_create_claim", "after", 1)})
    assert folder.publish("other", b"x", before_publish=unrecorded).state == "new"
    assert names(home) == (["a", "other"] if left else ["other"])
    assert folder.publish("a", b"x" * 100_000, before_publish=unrecorded).state == ("same" if left else "new")


@pytest.mark.parametrize("call", ["fchown", "fchmod", "fsync"])
@pytest.mark.parametrize("number", REFUSALS)
def test_a_missing_attribute_operation_is_no_error(
    call: str, number: int, folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, call, fail_with(number))
    if os.geteuid() == 0:
        os.chown(home, -1, 12345)
    assert folder.publish("maps/a", b"x", before_publish=unrecorded).state == "new"
    folder.touch("maps/b")
    folder.append("dossier/MANIFEST", b"x\n")
    assert folder.mkdir("prj") == str(home / "prj")
    assert names(home) == ["dossier", "dossier/MANIFEST", "maps", "maps/a", "maps/b", "prj"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EBADF, errno.EISDIR])
def test_a_refused_fsync_of_a_folder_is_no_error(
    number: int, folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        fail_with(number)() if stat.S_ISDIR(os.fstat(handle).st_mode) else real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert folder.publish("maps/a", b"x", before_publish=unrecorded).state == "new"


COMPOSED, DECOMPOSED = "Größe", "Gro\u0308ße"


class FoldingFileSystem:
    """File system that takes names for one that differ in case, composition, or in dots and blanks at the end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        for call in ("open", "stat", "mkdir", "unlink"):
            monkeypatch.setattr(os, call, self._wrap(getattr(os, call)))
        real_link, real_rename = os.link, os.rename
        monkeypatch.setattr(os, "link", lambda a, b, **w: real_link(a, self._find(b, w["dst_dir_fd"]), **w))
        monkeypatch.setattr(os, "rename", lambda a, b, **w: real_rename(a, self._find(b, w["dst_dir_fd"]), **w))

    def _wrap(self, call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(path: object, *arguments: object, dir_fd: int | None = None, **more: object) -> object:
            if isinstance(path, str) and dir_fd is not None:
                path = self._find(path, dir_fd)
            return call(path, *arguments, **({} if dir_fd is None else {"dir_fd": dir_fd}), **more)

        return wrapped

    def _find(self, name: str, folder: int) -> str:
        if name == ".":
            return name
        listed = os.listdir(f"/proc/self/fd/{folder}")
        return next((one for one in listed if fold_name(one) == fold_name(name)), name)


@pytest.fixture
def folding(folder: ProposalFolder, monkeypatch: pytest.MonkeyPatch) -> FoldingFileSystem:
    return FoldingFileSystem(monkeypatch)


@pytest.mark.usefixtures("folding")
def test_names_that_are_one_are_not_overwritten(folder: ProposalFolder, home: Path) -> None:
    folder.publish("Fe.001", b"one", before_publish=unrecorded)
    for other in ("fe.001", "FE.001", "Fe.001.", "Fe.001 "):
        with pytest.raises(Conflict):
            folder.publish(other, b"two", before_publish=unrecorded)
        assert folder.publish(other, b"one", before_publish=unrecorded).state == "same"
    assert names(home) == ["Fe.001"]


@pytest.mark.usefixtures("folding")
def test_a_series_is_found_in_other_letters(folder: ProposalFolder) -> None:
    for name in ("Fe.001", "Fe.007"):
        folder.publish(name, b"x", before_publish=unrecorded)
    assert folder.list_names_of("FE") == ["FE.001", "FE.007"]
    assert compute_next_index(folder.list_names_of("fe"), "fe") == 8
    assert reserve_sequence_number(folder, "fe", "uid-1") == 1
    assert reserve_sequence_number(folder, "FE", "uid-2") == 2


def test_letters_are_distinct_where_the_disk_says_so(folder: ProposalFolder) -> None:
    folder.publish("Fe.001", b"x", before_publish=unrecorded)
    assert folder.list_names_of("fe") == []
    assert folder.publish("fe.001", b"y", before_publish=unrecorded).state == "new"


@pytest.mark.usefixtures("folding")
def test_own_names_are_protected_in_other_letters(folder: ProposalFolder, home: Path) -> None:
    folder.append("dossier/MANIFEST", b"one\n")
    for name in ("dossier/manifest", "DOSSIER/Manifest", "dossier./MANIFEST ", "Dossier", "ASSETS/x"):
        with pytest.raises(Refused):
            folder.publish(name, b"x", overwrite=True, before_publish=unrecorded)
    assert (home / "dossier/MANIFEST").read_bytes() == b"one\n"


def test_a_new_name_is_composed(folder: ProposalFolder, home: Path) -> None:
    for name in (COMPOSED, DECOMPOSED):
        folder.publish(f"{name}/{name}.001", b"x", before_publish=unrecorded)
        folder.touch(f"{name}/b")
    assert names(home) == [COMPOSED, f"{COMPOSED}/{COMPOSED}.001", f"{COMPOSED}/b"]
    assert folder.list_names_of(DECOMPOSED, DECOMPOSED) == [f"{COMPOSED}.001"]


def test_a_decomposed_file_is_not_doubled(folder: ProposalFolder, home: Path) -> None:
    (home / DECOMPOSED).mkdir()
    (home / DECOMPOSED / f"{DECOMPOSED}.001").write_text("theirs")
    for name in (COMPOSED, DECOMPOSED):
        assert folder.exists(f"{name}/{name}.001")
        assert folder.read(f"{name}/{name}.001") == b"theirs"
        assert folder.list_names_of(name, name) == [f"{COMPOSED}.001"]
        with pytest.raises(Conflict):
            folder.publish(f"{name}/{name}.001", b"ours", before_publish=unrecorded)
    assert names(home) == [DECOMPOSED, f"{DECOMPOSED}/{DECOMPOSED}.001"]


def test_two_existing_spellings_are_both_reached(folder: ProposalFolder, home: Path) -> None:
    for name in (COMPOSED, DECOMPOSED):
        (home / name).write_text(name)
    assert [folder.read(name).decode() for name in (COMPOSED, DECOMPOSED)] == [COMPOSED, DECOMPOSED]
