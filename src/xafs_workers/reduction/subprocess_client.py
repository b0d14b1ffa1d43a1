"""The reduction's process seen from outside: started, spoken to with a deadline, killed."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from xafs_workers.reduction.framing import LARGEST, LENGTH, framed, unframed

COMMAND = (sys.executable, "-m", "xafs_workers.reduction.worker")

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""More threads make a reduction of some hundred points slower."""


class Died(RuntimeError):
    """The process is gone, or did not answer in time and was killed; the text says which."""


class Child:
    """One process, in which one task is done at a time."""

    def __init__(self, command: tuple[str, ...] = COMMAND):
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - as asked for
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def exchange(self, task: str, asked: Mapping[str, Any], timeout: float) -> tuple[str, dict[str, Any]]:
        """Send a task and return the answer: ``done`` or ``failed``, and its values.

        Raises
        ------
        Died
            There was none.
        """
        deadline = time.monotonic() + timeout
        try:
            self._send(framed(task, asked), deadline)
            (length,) = LENGTH.unpack(self._receive(LENGTH.size, deadline))
            if length > LARGEST:
                raise Died(f"an answer of {length} bytes")
            return unframed(self._receive(length, deadline))
        except (OSError, ValueError) as error:
            raise Died(str(error)) from error

    def end(self, timeout: float = 1.0) -> None:
        """Let the process end, or kill it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def interrupt(self) -> None:
        """Kill the process from another thread; an exchange going on ends with `Died`."""
        self._process.kill()

    def kill(self) -> None:
        """Kill the process and let go of the pipes."""
        self.interrupt()
        self.end()

    def _send(self, content: bytes, deadline: float) -> None:
        view = memoryview(content)
        while view:
            self._wait(self._to, selectors.EVENT_WRITE, deadline)
            view = view[os.write(self._to, view) :]

    def _receive(self, count: int, deadline: float) -> bytes:
        content = bytearray()
        while len(content) < count:
            self._wait(self._from, selectors.EVENT_READ, deadline)
            piece = os.read(self._from, count - len(content))
            if not piece:
                raise Died(f"the process ended (exit code {self._exit_code()})")
            content += piece
        return bytes(content)

    def _exit_code(self) -> int | None:
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return None

    def _wait(self, fd: int, what: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(fd, what)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise Died("no answer in time")


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return
