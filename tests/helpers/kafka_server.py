"""A real Apache Kafka for tests: started by tools/kafka/run.py, stopped and started again at will."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers import patience

RUN = Path(__file__).parents[2] / "tools" / "kafka" / "run.py"
PROGRAM_MISSING = 3


class KafkaNotInstalledError(RuntimeError):
    """Java or Maven is not installed."""


class KafkaServer:
    """One node; port and data folder stay the same over stops and starts.

    It ends with the process that started it, even if that is killed.
    """

    def __init__(self, data: Path, *options: str):
        self.data = data
        self.bootstrap_servers = ""
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the node and wait until it answers."""
        assert self._process is None, "runs already"
        port = ["--port", self.bootstrap_servers.rpartition(":")[2]] if self.bootstrap_servers else []
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(RUN), "--data", str(self.data), "--follow-parent", *port, *self._options]
        command += ["--start-seconds", str(patience.SECONDS)]
        with (self.data / "stderr.txt").open("a") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self._process.stdout is not None
        answers, _, _ = select.select([self._process.stdout], [], [], patience.SECONDS)
        line = self._process.stdout.readline() if answers else ""
        if not line:
            code = self.stop()
            reason = (self.data / "stderr.txt").read_text()[-3000:]
            raise (KafkaNotInstalledError if code == PROGRAM_MISSING else RuntimeError)(
                reason.strip() or "no answer in time"
            )
        self.bootstrap_servers = line.strip()

    def stop(self) -> int | None:
        """Stop the node in order; it may be started again."""
        return self._end_process(signal.SIGTERM)

    def kill(self) -> int | None:
        """Let the node die at once, as in a power cut; it may be started again."""
        nodes = self._list_nodes()
        code = self._end_process(signal.SIGKILL)
        deadline = time.monotonic() + patience.SECONDS
        while any(_is_alive(node) for node in nodes):  # it dies with its parent, but keeps the port a moment longer
            assert time.monotonic() < deadline, "the node outlives its parent"
            time.sleep(0.01)
        return code

    @contextmanager
    def freeze(self) -> Iterator[None]:
        """Let the node hang: it keeps its connections and answers nothing."""
        children = self._list_nodes()
        for child in children:
            os.kill(int(child), signal.SIGSTOP)
        try:
            _wait_until_stopped(children)
            yield
        finally:
            for child in children:
                os.kill(int(child), signal.SIGCONT)

    def _list_nodes(self) -> list[str]:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()

    def _end_process(self, number: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(number)
        with process:  # closes the pipe
            return process.wait(patience.SECONDS)


def _is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_until_stopped(processes: list[str]) -> None:
    """Wait until every thread is stopped: a signal reaches each of them in its own time."""
    deadline = time.monotonic() + patience.SECONDS
    threads = [path for process in processes for path in Path(f"/proc/{process}/task").glob("*/stat")]
    while any(path.exists() and path.read_text().rpartition(")")[2].split()[0] != "T" for path in threads):
        assert time.monotonic() < deadline, "the node's threads do not stop"
