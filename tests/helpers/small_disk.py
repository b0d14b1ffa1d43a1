"""A small file system in memory that can be full or read-only, and a process that holds an SQLite file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.troubled_worker import FILLER, fill_folder

SIZE = "16m"

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement)
print("held", flush=True)
sys.stdin.read()
"""


class SmallDisk:
    """A tmpfs; skips where mounting is not permitted, but fails in CI."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        result = _run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=1777", "tmpfs", str(folder))
        if result:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no small disk: {result}")

    @property
    def filler(self) -> Path:
        return self.folder / FILLER

    def fill(self, pages: int) -> None:
        """Fill the disk until so many pages are free."""
        fill_folder(self.folder, pages)

    def make_room(self) -> None:
        self.filler.unlink()

    def remount(self, mode: str) -> None:
        """Mount again with `ro` or `rw`, once no file is open for writing."""
        wait_until(lambda: not _run("mount", "-o", f"remount,{mode}", str(self.folder)), f"remounted {mode}")

    def unmount(self) -> None:
        if _run("umount", str(self.folder)):
            assert not _run("umount", "--lazy", str(self.folder))


@contextmanager
def hold_file(path: Path, *statements: str) -> Iterator[None]:
    """Let another process hold an SQLite file after these statements."""
    command = [sys.executable, "-c", HOLDER, str(path), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield


def _run(*command: str) -> str:
    """Run a command as root; return what it complained of, '' for success."""
    prefix = () if os.geteuid() == 0 else ("sudo", "-n")
    try:
        done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
