"""One worker a state directory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from xafs_workers.storage.state_lock import AlreadyRunning, StateLock

Start = Callable[..., "subprocess.Popen[str]"]

HOLDING = """
from xafs_workers.storage.state_lock import StateLock
lock = StateLock(Path(sys.argv[2]))
print("held", flush=True)
sys.stdin.readline()
"""

# A child made by fork (a reduction's process) that outlives the worker.
FORKING = """
from xafs_workers.storage.state_lock import StateLock
lock = StateLock(Path(sys.argv[2]))
if os.fork() == 0:
    print("child", os.getpid(), flush=True)
    signal.pause()
signal.pause()
"""


def test_a_second_worker_is_refused_with_the_process_id(tmp_path: Path) -> None:
    with StateLock(tmp_path / "headless"):
        with pytest.raises(AlreadyRunning, match=f"headless is in use by another worker, process {os.getpid()}"):
            StateLock(tmp_path / "headless")
        with StateLock(tmp_path / "file-manager") as other:
            assert other.path.parent.name == "file-manager"
    with StateLock(tmp_path / "headless") as again:
        again.close()
        again.close()


def test_a_killed_process_releases_the_lock(start_program: Start, tmp_path: Path) -> None:
    process = start_program(HOLDING, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(AlreadyRunning, match=f"process {process.pid}:"):
        StateLock(tmp_path)
    process.kill()
    process.wait()
    with StateLock(tmp_path):
        pass


def test_a_forked_child_does_not_hold_the_lock(start_program: Start, tmp_path: Path) -> None:
    process = start_program(FORKING, tmp_path)
    assert process.stdout is not None
    word, child = process.stdout.readline().split()
    assert word == "child"
    with pytest.raises(AlreadyRunning):
        StateLock(tmp_path)
    process.kill()
    process.wait()
    try:
        with StateLock(tmp_path):
            os.kill(int(child), 0)
    finally:
        os.kill(int(child), 9)


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    from xafs_workers.storage.errors import Unavailable

    (tmp_path / "worker.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(Unavailable):
        StateLock(tmp_path)
    assert not (tmp_path / "victim").exists()
