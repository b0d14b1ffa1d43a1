"""A demo that keeps running, and its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_running_demo_and_its_workers(
    number: signal.Signals, measured: Path, tmp_path: Path, larch: None
) -> None:
    recording = str(measured / "ni2o3.jsonl")
    command = [sys.executable, "-m", "xafs_workers", "demo", "--keep", "--data", recording, "--output", str(tmp_path)]
    said = tmp_path / "said.txt"
    with said.open("w") as stream:
        # As a shell starts what runs in the background.
        ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
        demo = subprocess.Popen(ignoring, stdout=stream, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: demo.poll() is not None or "keeps running" in said.read_text(), "the demo", 90)
        workers = [int(pid) for pid in re.findall(r"worker: process (\d+)", said.read_text())]
        assert len(workers) == 2
        demo.send_signal(number)
        assert demo.wait(PATIENCE) == 0, said.read_text()
    finally:
        demo.kill()
        demo.wait()
    assert not any(map(is_alive, workers)), said.read_text()
