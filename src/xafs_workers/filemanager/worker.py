"""The file manager, composed: KEPT delivery, every file action through storage, no plotting."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from xafs_workers.consumer.loop import Loop, Ports
from xafs_workers.consumer.record_parser import Reader
from xafs_workers.consumer.roles import FILE_MANAGER
from xafs_workers.filemanager.actions.context import Tools
from xafs_workers.filemanager.file_actions import Clerk, ClerkPorts
from xafs_workers.logs import get_logger, set_up
from xafs_workers.reduction.process import Reducer
from xafs_workers.runtime.durable_context import Kept, open_kept
from xafs_workers.runtime.health import health_of, serve_metrics
from xafs_workers.runtime.lifecycle import live, stop_on_signals
from xafs_workers.runtime.run_fetcher import runs_of
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.key_store import KeyStore
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Root, Roots

log = get_logger("workers")

REPLIES = {"next_index": "BMM:next_index", "file_exists": "BMM:file_exists"}
"""Keys of the key store in which today's plans look for an answer."""


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the file manager until a signal stops it; return the exit code."""
    set_up(settings.logging.level, settings.logging.style, worker=FILE_MANAGER.name)
    stop = stop_on_signals()
    with ExitStack() as stack:
        kept = open_kept(FILE_MANAGER, settings, stop, stack)
        return 0 if kept is None else _run(settings, kept, stop, stack, from_beginning)


def _run(settings: Settings, kept: Kept, stop: threading.Event, stack: ExitStack, from_beginning: bool) -> int:
    newest: list[Board] = [Board(Rules.from_settings(settings))]
    reducer = _reducer(settings, stack)
    tools = _tools(settings, kept, lambda: newest[0], stop, reducer)
    mirror = _mirror(settings, stack)
    clerk = Clerk(tools, ClerkPorts(kept.publisher.answer, kept.give_up, mirror))
    loop = Loop(kept.source, FILE_MANAGER, Reader(settings), newest[0], Ports(_Keeping(clerk, newest), kept.refuse))
    kept.begin(loop, from_beginning=from_beginning)
    heartbeat = Heartbeat(
        FILE_MANAGER.name,
        kept.publisher.status,
        lambda: {
            **health_of(loop, kept.source, clerk.waits_for, kept.posting.waits_for),
            "last_files": list(clerk.last_files),
            "posts_waiting": kept.posting.waiting,
        },
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, FILE_MANAGER.name, heartbeat, stack)
    heartbeat.beat(force=True)
    return live(loop, stop, heartbeat.beat, lambda: _finish(loop, clerk, heartbeat, stop))


class _Keeping:
    """The clerk, and the newest board for those who look for a run in other threads."""

    def __init__(self, clerk: Clerk, newest: list[Board]):
        self._clerk, self._newest = clerk, newest
        self.consider, self.unfinished = clerk.consider, clerk.unfinished

    def advance(self, board: Board) -> None:
        """Take note of the board, then hand over what is due."""
        self._newest[0] = board
        self._clerk.advance(board)


def _reducer(settings: Settings, stack: ExitStack) -> Reducer | None:
    """Return the process in which Larch reads files back; None, told once, where Larch is not installed."""
    if importlib.util.find_spec("larch") is None:
        log.warning("no_larch", reason="files are read back by our own strict reader alone: xafs-workers[reduction]")
        return None
    reducer = Reducer(timeout=settings.reduction.task_seconds)
    stack.callback(reducer.close)
    reducer.start()
    return reducer


def _tools(
    settings: Settings, kept: Kept, board: Callable[[], Board], stop: threading.Event, reducer: Reducer | None
) -> Tools:
    roots = Roots.from_settings(settings.storage)
    return Tools(
        settings=settings,
        rules=Rules.from_settings(settings),
        roots=roots,
        sources=Roots(*roots.roots, *(Root(str(path)) for path in settings.storage.copy_sources)),
        runs=runs_of(settings, board),
        records=kept.records,
        board=board,
        stop=stop,
        read_xdi=reducer.read_xdi if reducer is not None else None,
        post=kept.posting,
        posting=kept.posting,
    )


def _mirror(settings: Settings, stack: ExitStack) -> Callable[[str, Any], None]:
    """Return what puts answers where today's plans look for them."""
    if settings.key_store.url is None:
        return lambda kind, value: None
    store = KeyStore(settings.key_store.url)
    stack.callback(store.close)

    def put(kind: str, value: Any) -> None:
        store.write({REPLIES[kind]: str(value).lower() if isinstance(value, bool) else value})

    return put


def _finish(loop: Loop, clerk: Clerk, heartbeat: Heartbeat, stop: threading.Event) -> None:
    """Let what is in hand be finished, then store what is no longer needed."""
    clerk.close()
    loop.store_now()
    heartbeat.last_words("stopped" if stop.is_set() else "died")
