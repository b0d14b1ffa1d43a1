"""Main program of the reduction's process: reads tasks from stdin, runs them with Larch, writes results to stdout.

It stores only results that it can compute again, so it may be killed at any time. It ends when its input ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import BinaryIO

from xafs_workers.reduction.framing import PipeClosed, encode_frame, read_frame
from xafs_workers.reduction.tasks import TASKS

PR_SET_PDEATHSIG = 1
"""Option of Linux's prctl: signal that the process gets when its parent dies."""


def main() -> int:
    """Run tasks until the input ends."""
    # The terminal's ctrl-c and systemd's SIGTERM reach all processes; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    source, sink = _open_pipes()
    try:
        while True:
            name, asked = read_frame(source)
            try:
                answer = encode_frame("done", TASKS[name](asked))
            except Exception as error:  # noqa: BLE001 - whatever Larch raises costs this one task
                answer = encode_frame("failed", {"problem": f"{type(error).__name__}: {error}"})
            sink.write(answer)
            sink.flush()
    except (PipeClosed, BrokenPipeError):
        return 0


def _end_with_parent() -> None:
    """Make Linux kill this process when its parent dies, so that it does not go on loading Larch for seconds."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _open_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Open stdin and stdout as binary streams; redirect what libraries print to stderr."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, sink


if __name__ == "__main__":
    sys.exit(main())
