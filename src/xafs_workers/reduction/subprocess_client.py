"""Client of the reduction's process: starts it, runs tasks with a deadline, kills it."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from xafs_workers.reduction.framing import LENGTH_PREFIX, MAX_FRAME_BYTES, decode_frame, encode_frame

COMMAND = (sys.executable, "-m", "xafs_workers.reduction.worker")

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""More threads make a reduction of some hundred points slower."""


class ProcessDied(RuntimeError):
    """The process ended or did not answer in time; the text gives the reason."""


class ReductionProcess:
    """Process that runs one task at a time."""

    def __init__(self, command: tuple[str, ...] = COMMAND):
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - as asked for
        self._stdin_fd, self._stdout_fd = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._stdin_fd, False)
        os.set_blocking(self._stdout_fd, False)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def run_task(self, task: str, asked: Mapping[str, Any], timeout: float) -> tuple[str, dict[str, Any]]:
        """Run a task and return its answer: ``done`` or ``failed``, and the values.

        Raises
        ------
        ProcessDied
            The process gave no usable answer. It is killed: a late answer would be taken for that of the next task.
        """
        try:
            return self._exchange(encode_frame(task, asked), time.monotonic() + timeout)
        except (OSError, ValueError, ProcessDied) as error:
            self.interrupt()
            raise ProcessDied(str(error)) from error

    def _exchange(self, frame: bytes, deadline: float) -> tuple[str, dict[str, Any]]:
        self._send(frame, deadline)
        (length,) = LENGTH_PREFIX.unpack(self._receive(LENGTH_PREFIX.size, deadline))
        if length > MAX_FRAME_BYTES:
            raise ProcessDied(f"an answer of {length} bytes")
        return decode_frame(self._receive(length, deadline))

    def end(self, timeout: float = 1.0) -> None:
        """Close the pipes and wait for the end of the process; kill it after the timeout."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def interrupt(self) -> None:
        """Kill the process; any thread may call it, and a running task ends with `ProcessDied`."""
        self._process.kill()

    def kill(self) -> None:
        """Kill the process and close the pipes."""
        self.interrupt()
        self.end()

    def _send(self, content: bytes, deadline: float) -> None:
        view = memoryview(content)
        while view:
            self._wait(self._stdin_fd, selectors.EVENT_WRITE, deadline)
            view = view[os.write(self._stdin_fd, view) :]

    def _receive(self, count: int, deadline: float) -> bytes:
        content = bytearray()
        while len(content) < count:
            self._wait(self._stdout_fd, selectors.EVENT_READ, deadline)
            piece = os.read(self._stdout_fd, count - len(content))
            if not piece:
                raise ProcessDied(f"the process ended (exit code {self._read_exit_code()})")
            content += piece
        return bytes(content)

    def _read_exit_code(self) -> int | None:
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return None

    def _wait(self, fd: int, what: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(fd, what)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise ProcessDied("no answer in time")


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return
