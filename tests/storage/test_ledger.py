"""The ledger: what is written is there after any kill, and a redelivered message finds what was done."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from xafs_workers.storage.errors import Unavailable
from xafs_workers.storage.ledger import (
    _COLUMNS,
    _KEY,
    _PRUNE,
    AlreadyFinished,
    EffectKey,
    Ledger,
    LedgerUnusable,
    is_already_published,
)
from xafs_workers.storage.proposals import ProposalFolder

Program = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]

KEY = EffectKey("cluster", "topic", 2, 2**62, 1_763_870_400_000, "picture")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/headless/ledger.sqlite"


def test_an_effect_is_recorded_as_pending_then_done(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.find_entry(KEY) is None
        ledger.begin(KEY, "/p/a.png", "ab")
        entry = ledger.find_entry(KEY)
        assert entry is not None
        assert (entry.key, entry.state, entry.path, entry.sha256) == (KEY, "pending", "/p/a.png", "ab")
        ledger.finish(KEY, "done", paths=["/p/a.png", "/p/a.pdf"])
    with Ledger.open(path) as ledger:
        entry = ledger.find_entry(KEY)
        assert entry is not None
        assert (entry.state, entry.path, entry.sha256, entry.reason) == ("done", "/p/a.png", "ab", "")
        assert entry.paths == ("/p/a.png", "/p/a.pdf")
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, cluster="other"),
        replace(KEY, topic="other"),
        replace(KEY, partition=3),
        replace(KEY, offset=0),
        replace(KEY, time_ms=0),
        replace(KEY, effect="answer"),
    ],
)
def test_each_part_of_the_key_distinguishes_entries(other: EffectKey, path: Path) -> None:
    """A topic made again starts at offset 0, with other times."""
    with Ledger.open(path) as ledger:
        ledger.begin(KEY, "/p", "ab")
        ledger.finish(KEY, "done")
        assert ledger.find_entry(other) is None
        ledger.begin(other)
        entry = ledger.find_entry(other)
        assert entry is not None
        assert entry.state == "pending"


def test_a_new_attempt_replaces_path_and_checksum(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin(KEY, "/p", "ab")
        ledger.begin(KEY, "/p", "cd")
        entry = ledger.find_entry(KEY)
        assert entry is not None
        assert entry.sha256 == "cd"


@pytest.mark.parametrize("state", ["done", "failed"])
def test_a_finished_entry_stays_finished(state: str, path: Path) -> None:
    other = "failed" if state == "done" else "done"
    with Ledger.open(path) as ledger:
        ledger.finish(KEY, state, "reason", ["/p"])  # type: ignore[arg-type]
        ledger.finish(KEY, state, "told again")  # type: ignore[arg-type]
        with pytest.raises(AlreadyFinished, match="begun again"):
            ledger.begin(KEY, "/q", "ef")
        with pytest.raises(AlreadyFinished, match=f"it is {state} already"):
            ledger.finish(KEY, other)  # type: ignore[arg-type]
        entry = ledger.find_entry(KEY)
        assert entry is not None
        assert (entry.state, entry.reason, entry.paths, entry.path) == (state, "reason", ("/p",), "")


def test_prune_deletes_only_old_finished_entries(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [replace(KEY, offset=n) for n in range(4)]
    with Ledger.open(path) as ledger:
        with monkeypatch.context() as patch:
            patch.setattr("xafs_workers.storage.ledger.time.time", lambda: 1000.0)
            ledger.finish(keys[0], "done")
            ledger.finish(keys[1], "failed", "why")
            ledger.begin(keys[2])
        ledger.finish(keys[3], "done")
        assert ledger.prune(90) == 2
        assert [ledger.find_entry(key) is not None for key in keys] == [False, False, True, True]
        assert ledger.prune(90) == 0


def test_prune_and_look_ups_read_no_other_entries(path: Path) -> None:
    with Ledger.open(path) as ledger:
        plans = [
            ledger._connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            for query, values in (
                (_PRUNE, (0.0,)),
                (f"SELECT {_COLUMNS} FROM effects WHERE {_KEY}", astuple(KEY)),
            )
        ]
    details = [row[-1] for plan in plans for row in plan]
    assert [detail.split(" USING ")[0] for detail in details] == ["SEARCH effects"] * 2


def test_several_threads_can_write(path: Path) -> None:
    with Ledger.open(path) as ledger:

        def work(partition: int) -> None:
            for offset in range(25):
                key = replace(KEY, partition=partition, offset=offset)
                ledger.begin(key, f"/{offset}", "ab")
                ledger.finish(key, "done")

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = [ledger.find_entry(replace(KEY, partition=p, offset=o)) for p in range(6) for o in range(25)]
        assert {entry.state if entry else None for entry in done} == {"done"}


def test_sqlite_is_set_to_durable_writes(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)


COUNTING = """
from xafs_workers.storage.ledger import EffectKey, Ledger
ledger = Ledger.open(Path(sys.argv[2]))
n = 0
while True:
    key = EffectKey("c", "t", 0, n, 0, "e")
    ledger.begin(key, f"/{n}", "ab")
    print("begun", n, flush=True)
    ledger.finish(key, "done", paths=[f"/{n}"])
    print("done", n, flush=True)
    n += 1
"""


def test_reported_states_survive_a_kill(start_program: Start, tmp_path: Path) -> None:
    for kill in range(6):
        path = tmp_path / f"ledger-{kill}.sqlite"
        process = start_program(COUNTING, path)
        assert process.stdout is not None
        told = [process.stdout.readline().split() for _ in range(1 + 7 * kill)]
        process.kill()
        told += [line.split() for line in process.stdout if line.endswith("\n")]
        states = {int(number): state for state, number in told}
        with Ledger.open(path) as ledger:
            for number, state in states.items():
                entry = ledger.find_entry(EffectKey("c", "t", 0, number, 0, "e"))
                assert entry is not None
                assert entry.state == "done" or (state == "begun" and entry.state == "pending")


def test_a_redelivered_message_finds_its_file(path: Path, folder: ProposalFolder, home: Path) -> None:
    with Ledger.open(path) as ledger:

        def begin(name: str, sha256: str) -> None:
            ledger.begin(KEY, name, sha256)

        published = folder.publish("maps/a.png", b"first drawing", before_publish=begin)
    with Ledger.open(path) as ledger:
        entry = ledger.find_entry(KEY)
        assert entry is not None
        assert is_already_published(entry, folder)
        assert entry.path == published.path
        for content in (b"edited later", b""):
            (home / "maps/a.png").write_bytes(content)
            assert not is_already_published(entry, folder)
        (home / "maps/a.png").unlink()
        assert not is_already_published(entry, folder)
        (home / "maps/a.png").symlink_to("b.png")
        assert not is_already_published(entry, folder)
        assert not is_already_published(replace(entry, path="/etc/passwd"), folder)
        assert not is_already_published(replace(entry, path="", sha256=""), folder)
        assert not is_already_published(replace(entry, state="done"), folder)
        assert not is_already_published(None, folder)


def test_unavailable_storage_raises_instead_of_answering(path: Path, folder: ProposalFolder, root: Path) -> None:
    with Ledger.open(path) as ledger:
        folder.publish("a", b"x", before_publish=lambda *told: ledger.begin(KEY, *told))
        root.rename(root.parent / "away")
        with pytest.raises(Unavailable, match="mounted"):
            is_already_published(ledger.find_entry(KEY), folder)


@pytest.mark.parametrize(
    "content", [b"this is no ledger, only a text file of some length " * 20, b"SQLite format 3\0" + b"x" * 200]
)
def test_a_file_that_is_no_ledger_is_reported(content: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(LedgerUnusable, match="expected a ledger"):
        Ledger.open(path)
    assert path.read_bytes() == content


def test_a_ledger_of_a_newer_version_is_refused(path: Path) -> None:
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(LedgerUnusable, match=r"version 9 \(expected 1"):
        Ledger.open(path)


def test_a_ledger_in_memory_is_refused() -> None:
    with pytest.raises(LedgerUnusable, match="local disk"):
        Ledger.open(Path(":memory:"))


def test_a_full_disk_is_a_transient_error(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger._connection.execute("PRAGMA max_page_count = 4")
        with pytest.raises(Unavailable, match="full") as trouble:
            ledger.finish(KEY, "failed", "why " * 10_000)
        assert trouble.value.errno == errno.ENOSPC
        ledger._connection.execute("PRAGMA max_page_count = 4000")
        ledger.finish(replace(KEY, offset=2000), "done")


def test_an_unwritable_state_directory_is_reported(run_program: Program, root: Path) -> None:
    closed = root.parent / "closed"
    closed.mkdir(mode=0o555)
    done = run_program(
        """
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.state_lock import StateLock
nobody()
for act in (lambda: Ledger.open(Path(sys.argv[2]) / "a/ledger"), lambda: Ledger.open(Path(sys.argv[2]) / "ledger"),
            lambda: StateLock(Path(sys.argv[2]))):
    try:
        act()
    except Unavailable as error:
        print("unavailable", error.reason)
""",
        closed,
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["unavailable"] * 3, done.stderr
    assert os.listdir(closed) == []
