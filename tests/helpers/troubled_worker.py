"""Run a worker in trouble: the file name in a message decides what happens, and at which step.

With `<step>-<pages>` the state folder is filled, just before the step, until so many pages are free; with `<step>-die`
the thread that does the step ends. The pauses between attempts are short. Larch is not loaded: no file needs it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

FILLER = "filler"
PAGE = 4096
STEPS = ("arrival", "lookup", "task", "begin", "publish", "record")


def fill_folder(folder: Path, pages: int) -> None:
    """Fill a file system of its own until so many pages are free."""
    handle = os.open(folder / FILLER, os.O_WRONLY | os.O_CREAT)
    try:
        with suppress(OSError):  # it is full
            while True:
                os.write(handle, bytes(PAGE))
        os.ftruncate(handle, os.fstat(handle).st_size - pages * PAGE)
    finally:
        os.close(handle)


class Trouble:
    """What happens at the steps of messages, each once, also over a restart."""

    def __init__(self, folder: Path):
        self._folder = folder

    def wrap(self, owner: type, method: str, step: str) -> None:
        """Let the trouble of a step come before a method, whose first argument is or holds the message."""
        original: Callable[..., Any] = getattr(owner, method)

        def wrapped(this: Any, item: Any, *arguments: Any) -> Any:
            self._make(step, getattr(item, "control", item).message.model_dump())
            return original(this, item, *arguments)

        setattr(owner, method, wrapped)

    def _make(self, step: str, fields: dict[str, Any]) -> None:
        found = re.search(rf"{step}-(\d+|die)\b", str(fields))
        if found is None or (self._folder / found[0]).exists():
            return
        (self._folder / found[0]).touch()
        if found[1] == "die":
            raise SystemExit(f"the thread ends at {found[0]}")
        fill_folder(self._folder, int(found[1]))


def _shorten_waits() -> None:
    from xafs_workers.filemanager import worker
    from xafs_workers.reduction.process import Reducer
    from xafs_workers.runtime import message_engine, retry
    from xafs_workers.storage import ledger

    retry.BACKOFF = (0.05, 0.1)  # type: ignore[assignment] # other pauses
    message_engine.LOOKUP_RETRY_SECONDS = ledger.BUSY_SECONDS = 0.1
    worker._start_reducer = lambda settings, stack: None
    Reducer.start = lambda reducer: None  # type: ignore[method-assign] # starts nothing


def _make_trouble(folder: Path) -> None:
    from xafs_workers.runtime.effect_ledger import EffectLedger
    from xafs_workers.runtime.message_engine import MessageEngine

    trouble = Trouble(folder)
    places = (
        (MessageEngine, "on_message"),
        (EffectLedger, "find_outcome"),
        (MessageEngine, "_do_task"),
        (EffectLedger, "begin_publishing"),
        (EffectLedger, "finish_publishing"),
        (EffectLedger, "record_outcome"),
    )
    for step, (owner, method) in zip(STEPS, places, strict=True):
        trouble.wrap(owner, method, step)


if __name__ == "__main__":
    configuration = yaml.safe_load(Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
    _shorten_waits()
    _make_trouble(Path(configuration["state_directory"]))
    from xafs_workers.cli.main import run

    run()
