"""The reduction's own process: the only one that loads Larch. Reads tasks from its input, writes results to its output.

It keeps nothing between two tasks, so that it may be killed at any time; it ends when its input does.
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
"""Of Linux's prctl."""


def main() -> int:
    """Work until the input ends."""
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
    """Have Linux end this process when its parent is killed: loading Larch for nobody costs seconds."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _open_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return input and output as binary streams; what libraries print goes to the error output instead."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, sink


if __name__ == "__main__":
    sys.exit(main())
