"""Processes of workers that begin with everything imported: a thousand starts of Python would take an hour.

`python -m benchmarks.outages.forks` reads one request a line, forks, and lets the child run the command as
`xafs-workers` does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

GONE_WITHIN = 60.0
"""How long a killed process may still exist, seconds."""


class ForkServer:
    """Starts workers as children of a process that has imported their code."""

    def __init__(self, log: Path):
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.outages.forks"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                env=kept,
            )

    def start(self, arguments: tuple[str, ...], log: Path) -> WorkerProcess:
        """Start `xafs-workers` with these arguments."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([arguments, str(log)]) + "\n")
        self._process.stdin.flush()
        return WorkerProcess(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End the server; the workers go on."""
        self._process.communicate()


class WorkerProcess:
    """A worker that was forked."""

    def __init__(self, pid: int):
        self.pid = pid

    def is_alive(self) -> bool:
        """Check whether the process runs."""
        return Path(f"/proc/{self.pid}").exists()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process with SIGKILL and wait until it is gone."""
        if self.is_alive():
            self.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + GONE_WITHIN
        while self.is_alive():
            assert time.monotonic() < deadline, f"process {self.pid} does not end"
            time.sleep(0.005)


def main() -> None:
    """Serve requests until the input ends."""
    import xafs_workers.filemanager.worker
    import xafs_workers.plots.worker  # noqa: F401 - imported for the children
    from xafs_workers.cli.main import run

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no child that ended stays as a zombie
    for line in sys.stdin:
        arguments, log = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _redirect(log)
            sys.argv = ["xafs-workers", *arguments]
            run()
            os._exit(0)
        print(pid, flush=True)


def _redirect(log: str) -> None:
    """Give the child its own streams."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(stream, 1)
    os.dup2(stream, 2)


if __name__ == "__main__":
    main()
