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
from xafs_workers.demo.supervisor import SIGNALS, build_interrupt_handler


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_only_the_first_signal_interrupts_a_demo() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handler = build_interrupt_handler()
    try:
        for number in SIGNALS:
            signal.signal(number, handler)
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    finally:
        for number, known in before.items():
            signal.signal(number, known)


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
        demo.send_signal(signal.SIGINT)  # of an impatient user, while the workers are being stopped
        assert demo.wait(PATIENCE) == 0, said.read_text()
    finally:
        demo.kill()
        demo.wait()
    assert not any(map(is_alive, workers)), said.read_text()
    assert "Traceback" not in said.read_text()
