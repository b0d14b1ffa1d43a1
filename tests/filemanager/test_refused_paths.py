"""A path that alone is refused steps aside and fails after a bounded time; a file system is waited for."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.file_actions import FileManagerHarness
from helpers.processes import wait_until
from helpers.streams import CONTROL, Entry, stamp_entries
from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.actions.write_data_files import write_files
from xafs_workers.filemanager.file_actions import build_file_engine
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime import retry
from xafs_workers.runtime.attempts import DROPPED
from xafs_workers.runtime.drop_requests import DropRequests
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import PartRefused
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.storage.errors import PathUnavailable, Unavailable
from xafs_workers.storage.proposals import ProposalFolder


class RefusingFileSystem:
    """Lets every open of a name fail with an error, until it is allowed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.errors: dict[str, int] = {}
        real = os.open

        def open_(path: Any, *arguments: Any, **more: Any) -> int:
            number = next((number for name, number in self.errors.items() if str(path).strip(".").startswith(name)), 0)
            if number:
                raise OSError(number, os.strerror(number), path)
            return real(path, *arguments, **more)

        monkeypatch.setattr(os, "open", open_)


class EngineHarness:
    """The file manager's engine over a real folder, with a bounded wait that a test sets."""

    def __init__(self, manager: FileManagerHarness, state: Path, refused_seconds: float):
        self.manager, self.drops = manager, DropRequests(state)
        self.answers: dict[str, tuple[str, str]] = {}
        self.context: ActionContext = manager.build_context()
        object.__setattr__(self.context, "is_dropped", self.is_dropped)
        self.engine: MessageEngine = build_file_engine(
            self.context,
            EngineCallbacks(
                find_outcome=lambda control: None,
                record_outcome=lambda control, outcome: None,
                answer=lambda one: self.answers.update({one.message_id: (one.state, one.reason)}),
                give_up=lambda control, reason: None,
                is_dropped=self.is_dropped,
                on_dropped=lambda control: self.drops.remove(control.id),
                refused_seconds=refused_seconds,
            ),
        )
        self.count = 0

    def is_dropped(self, control: ReceivedMessage) -> bool:
        return self.drops.is_requested(control.id)

    def put(self, name: str, body: dict[str, Any]) -> None:
        self.count += 1
        control = ReceivedMessage(parse({**body, "message_id": name}), 1e9, RecordPosition(CONTROL, 0, self.count))
        self.engine.on_message(control, self.manager.board)
        self.engine.poll(self.manager.board)

    def get_state(self, name: str) -> str:
        return self.answers.get(name, ("", ""))[0]

    def wait(self, name: str, state: str) -> None:
        wait_until(lambda: self.get_state(name) == state, f"{name}: {state}")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> RefusingFileSystem:
    monkeypatch.setattr(retry, "BACKOFF", (0.02,))
    return RefusingFileSystem(monkeypatch)


@pytest.fixture
def build(manager: FileManagerHarness, tmp_path: Path) -> Iterator[Callable[[float], EngineHarness]]:
    made: list[EngineHarness] = []

    def build(seconds: float) -> EngineHarness:
        (tmp_path / "state").mkdir()
        made.append(EngineHarness(manager, tmp_path / "state", seconds))
        return made[-1]

    yield build
    for one in made:
        one.engine.close()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_refused_path_delays_no_other(
    number: int, build: Callable[[float], EngineHarness], refusing: RefusingFileSystem, manager: FileManagerHarness
) -> None:
    harness = build(0.3)
    refusing.errors["prj"] = number
    (manager.folder / "prj").mkdir()
    harness.put("refused", {"touch": str(manager.folder / "prj/a")})
    harness.put("other", {"touch": str(manager.folder / "b")})
    harness.wait("other", "done")
    assert harness.get_state("refused") == "accepted"
    harness.wait("refused", "failed")
    assert errno.errorcode[number] in harness.answers["refused"][1]
    assert "waited" in harness.answers["refused"][1]


def test_a_refused_path_is_done_once_allowed(
    build: Callable[[float], EngineHarness], refusing: RefusingFileSystem, manager: FileManagerHarness
) -> None:
    harness = build(3600.0)
    refusing.errors["prj"] = errno.EACCES
    harness.put("refused", {"mkdir": str(manager.folder / "prj")})
    wait_until(lambda: "EACCES" in harness.engine.waits_for, "the wait")
    [entry] = harness.engine.list_waiting()
    assert entry["queue"].endswith("(refused paths)")
    refusing.errors.clear()
    harness.wait("refused", "done")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.ESTALE, errno.EIO, errno.EROFS, errno.ENODEV])
def test_a_file_system_is_waited_for_in_order(
    number: int, build: Callable[[float], EngineHarness], refusing: RefusingFileSystem, manager: FileManagerHarness
) -> None:
    harness = build(0.0)
    refusing.errors["a"] = number
    harness.put("first", {"touch": str(manager.folder / "a")})
    harness.put("second", {"touch": str(manager.folder / "b")})
    wait_until(lambda: errno.errorcode[number] in harness.engine.waits_for, "the wait")
    entries = harness.engine.list_waiting()
    assert [entry["message"] for entry in entries] == ["first", "second"]
    assert errno.errorcode[number] in entries[0]["reason"]
    assert harness.get_state("second") == "accepted"
    refusing.errors.clear()
    harness.wait("second", "done")
    assert list(harness.answers) == ["first", "second"]


def test_a_refused_proposal_is_waited_for(manager: FileManagerHarness, refusing: RefusingFileSystem) -> None:
    folder = ProposalFolder(manager.build_context().roots, "2025-1", "pass-333333")
    refusing.errors["pass-333333"] = errno.EACCES
    with pytest.raises(Unavailable) as waits:
        folder.touch("prj/a")
    assert not isinstance(waits.value, PathUnavailable)
    refusing.errors = {"prj": errno.EACCES}
    with pytest.raises(PathUnavailable):
        folder.touch("prj/a")


def test_the_staff_drop_the_message_that_is_in_the_way(
    build: Callable[[float], EngineHarness], refusing: RefusingFileSystem, manager: FileManagerHarness
) -> None:
    harness = build(0.0)
    refusing.errors["a"] = errno.EIO
    harness.put("first", {"touch": str(manager.folder / "a")})
    harness.put("second", {"touch": str(manager.folder / "b")})
    wait_until(lambda: "EIO" in harness.engine.waits_for, "the wait")
    request = harness.drops.add("first")
    harness.wait("first", "failed")
    harness.wait("second", "done")
    assert harness.answers["first"] == ("failed", DROPPED)
    assert not request.exists()
    harness.put("first", {"touch": str(manager.folder / "b")})
    harness.wait("first", "done")


def test_refused_logs_do_not_fail_a_data_file(
    manager: FileManagerHarness, entries: list[Entry], refusing: RefusingFileSystem
) -> None:
    items = stamp_entries(entries)
    manager.fold(items)
    control = next(i for i in items if isinstance(i, ReceivedMessage) and i.message.kind == "xasxdi")
    refusing.errors["dossier"] = errno.EACCES
    with pytest.raises(PartRefused) as refused:
        write_files(control, manager.board, manager.build_context())
    assert refused.value.outcome.state == "done"
    assert Path(refused.value.outcome.paths[0]).is_file()
    assert len(manager.posts) == 1
    refusing.errors.clear()
    assert write_files(control, manager.board, manager.build_context()) == refused.value.outcome


def copy_message(manager: FileManagerHarness, source: Path, name: str) -> dict[str, Any]:
    return {"copy": True, "file": str(source), "target": str(manager.folder / name)}


@pytest.fixture
def large(manager: FileManagerHarness, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source that is large for the test."""
    from xafs_workers.filemanager.actions import copy
    from xafs_workers.storage import confined

    monkeypatch.setattr(copy, "SHORT_BYTES", 1000)
    monkeypatch.setattr(confined, "CHUNK_SIZE", 1000)
    source = manager.folder / "large"
    source.write_bytes(os.urandom(5000))
    return source


def test_a_copy_above_the_limit_is_refused(
    build: Callable[[float], EngineHarness], manager: FileManagerHarness
) -> None:
    harness = build(0.0)
    sparse = manager.folder / "sparse"
    with sparse.open("wb") as stream:
        stream.truncate(30_000_000_000)
    harness.put("sparse", copy_message(manager, sparse, "copy"))
    harness.wait("sparse", "failed")
    assert "at most 20000000000 are copied" in harness.answers["sparse"][1]
    assert sorted(os.listdir(manager.folder)) == ["sparse"]


def test_a_large_copy_has_a_queue_of_its_own(
    build: Callable[[float], EngineHarness], manager: FileManagerHarness, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, room = build(0.0), [False]
    monkeypatch.setattr(ProposalFolder, "has_room", lambda folder, size: size < 1000 or room[0])
    harness.put("large", copy_message(manager, large, "copy"))
    harness.put("file", {"touch": str(manager.folder / "b")})
    harness.wait("file", "done")
    wait_until(lambda: "no room for a copy of 5000 bytes" in harness.engine.waits_for, "the wait")
    assert harness.engine.list_waiting()[0]["queue"] == f"copies {manager.folder}"
    room[0] = True
    harness.wait("large", "done")
    assert (manager.folder / "copy").read_bytes() == large.read_bytes()


def test_a_growing_source_fails_after_a_while(
    build: Callable[[float], EngineHarness],
    manager: FileManagerHarness,
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
    refusing: RefusingFileSystem,
) -> None:
    harness, real = build(0.1), os.read

    def read(handle: int, size: int) -> bytes:
        with large.open("ab") as stream:
            stream.write(b"more")
        return real(handle, size)

    monkeypatch.setattr(os, "read", read)
    harness.put("growing", copy_message(manager, large, "copy"))
    harness.wait("growing", "failed")
    assert "changes while it is copied" in harness.answers["growing"][1]
    assert not (manager.folder / "copy").exists()
    assert not list(manager.folder.glob(".*"))


def test_a_copy_in_progress_is_listed_and_dropped(
    build: Callable[[float], EngineHarness], manager: FileManagerHarness, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, real, seen = build(0.0), os.read, list[Any]()

    def read(handle: int, size: int) -> bytes:
        if size == 1000 and not seen:
            harness.drops.add("large")
            harness.drops._look_due = 0.0
        if size == 1000:
            seen.append(harness.engine.list_waiting())
        return real(handle, size)

    monkeypatch.setattr(os, "read", read)
    harness.put("large", copy_message(manager, large, "copy"))
    harness.wait("large", "failed")
    assert harness.answers["large"][1] == DROPPED
    assert seen[0][0]["progress"] == "0 of 0 MB copied"
    assert not (manager.folder / "copy").exists()


def test_a_source_that_may_not_be_read_delays_no_other(
    build: Callable[[float], EngineHarness], manager: FileManagerHarness, refusing: RefusingFileSystem
) -> None:
    harness = build(0.1)
    (manager.folder / "secret").write_text("x")
    refusing.errors["secret"] = errno.EACCES
    harness.put("secret", copy_message(manager, manager.folder / "secret", "copy"))
    harness.put("file", {"touch": str(manager.folder / "b")})
    harness.wait("file", "done")
    harness.wait("secret", "failed")
