"""A proposals root with two groups, and Python programs run beside the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.storage.confined import Root, Roots
from xafs_workers.storage.proposals import ProposalFolder

Program = Callable[..., "subprocess.CompletedProcess[str]"]

PREPARED = """
import os, signal, sys
from pathlib import Path
from xafs_workers.storage.confined import Root, Roots
from xafs_workers.storage.errors import Absent, Conflict, Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder
folder = ProposalFolder(Roots(Root(sys.argv[1])), "2026-3", "pass-1")
def nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """Make a root that other users may enter, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory(prefix="proposals-") as name:
        os.chmod(name, 0o755)
        path = Path(name).resolve() / "proposals"
        for session in ("pass-1", "pass-2"):
            (path / "2026-3" / session).mkdir(parents=True)
        yield path


@pytest.fixture
def roots(root: Path) -> Roots:
    return Roots(Root(str(root), {"/alias/of": str(root.parent)}))


@pytest.fixture
def folder(roots: Roots) -> ProposalFolder:
    return ProposalFolder(roots, "2026-3", "pass-1")


@pytest.fixture
def home(root: Path) -> Path:
    return root / "2026-3/pass-1"


@pytest.fixture
def start_program(root: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a program that has `folder` and `nobody` at hand; all are ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(source: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PREPARED + source, str(root), *map(str, arguments)]
        pipe = subprocess.PIPE
        running.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def run_program(start_program: Callable[..., subprocess.Popen[str]]) -> Program:
    def run(source: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        process = start_program(source, *arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run
