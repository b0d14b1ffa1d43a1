"""The file manager, composed: KEPT delivery, every file action through storage, no plotting."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from xafs_workers.consumer.loop import Loop, LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.roles import FILE_MANAGER
from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.file_actions import FileActionCallbacks, FileActionHandler
from xafs_workers.logs import configure_logging, get_logger
from xafs_workers.reduction.process import Reducer
from xafs_workers.runtime.durable_context import DurableContext, open_durable_context
from xafs_workers.runtime.health import collect_health, serve_metrics
from xafs_workers.runtime.lifecycle import run_loop, stop_on_signals
from xafs_workers.runtime.run_fetcher import build_run_catalog
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Root, Roots

log = get_logger("workers")

REPLY_KEYS = {"next_index": "BMM:next_index", "file_exists": "BMM:file_exists"}
"""Keys of the key store in which today's plans look for an answer."""


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the file manager until a signal stops it; return the exit code."""
    configure_logging(settings.logging.level, settings.logging.style, worker=FILE_MANAGER.name)
    stop = stop_on_signals()
    with ExitStack() as stack:
        kept = open_durable_context(FILE_MANAGER, settings, stop, stack)
        return 0 if kept is None else _run(settings, kept, stop, stack, from_beginning)


def _run(
    settings: Settings, kept: DurableContext, stop: threading.Event, stack: ExitStack, from_beginning: bool
) -> int:
    newest: list[Board] = [Board(BoardConfig.from_settings(settings))]
    reducer = _start_reducer(settings, stack)
    tools = _build_context(settings, kept, lambda: newest[0], stop, reducer)
    mirror = _build_reply_writer(settings, stack)
    clerk = FileActionHandler(tools, FileActionCallbacks(kept.publisher.send_answer, kept.give_up_message, mirror))
    loop = Loop(
        kept.source,
        FILE_MANAGER,
        RecordParser(settings),
        newest[0],
        LoopCallbacks(_TrackingHandler(clerk, newest), kept.reject_record),
    )
    kept.begin_loop(loop, from_beginning=from_beginning)
    heartbeat = Heartbeat(
        FILE_MANAGER.name,
        kept.publisher.send_status,
        lambda: {
            **collect_health(loop, kept.source, clerk.waits_for, kept.posting.waits_for),
            "last_files": list(clerk.last_files),
            "posts_waiting": kept.posting.waiting_count,
        },
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, FILE_MANAGER.name, heartbeat, stack)
    heartbeat.send_if_due(force=True)
    return run_loop(loop, stop, heartbeat.send_if_due, lambda: _finish(loop, clerk, heartbeat, stop))


class _TrackingHandler:
    """The clerk, and the newest board for those who look for a run in other threads."""

    def __init__(self, clerk: FileActionHandler, newest: list[Board]):
        self._handler, self._newest_board = clerk, newest
        self.on_message, self.pending = clerk.on_message, clerk.pending

    def poll(self, board: Board) -> None:
        """Take note of the board, then hand over what is due."""
        self._newest_board[0] = board
        self._handler.poll(board)


def _start_reducer(settings: Settings, stack: ExitStack) -> Reducer | None:
    """Return the process in which Larch reads files back; None, told once, where Larch is not installed."""
    if importlib.util.find_spec("larch") is None:
        log.warning("no_larch", reason="files are read back by our own strict reader alone: xafs-workers[reduction]")
        return None
    reducer = Reducer(timeout=settings.reduction.task_seconds)
    stack.callback(reducer.close)
    reducer.start()
    return reducer


def _build_context(
    settings: Settings, kept: DurableContext, board: Callable[[], Board], stop: threading.Event, reducer: Reducer | None
) -> ActionContext:
    roots = Roots.from_settings(settings.storage)
    return ActionContext(
        settings=settings,
        config=BoardConfig.from_settings(settings),
        roots=roots,
        copy_roots=Roots(*roots.roots, *(Root(str(path)) for path in settings.storage.copy_sources)),
        catalog=build_run_catalog(settings, board),
        ledger=kept.ledger,
        get_board=board,
        stop=stop,
        read_xdi=reducer.read_xdi if reducer is not None else None,
        post=kept.posting,
        posting=kept.posting,
    )


def _build_reply_writer(settings: Settings, stack: ExitStack) -> Callable[[str, Any], None]:
    """Return what puts answers where today's plans look for them."""
    if settings.key_store.url is None:
        return lambda kind, value: None
    store = KeyStoreWriter(settings.key_store.url)
    stack.callback(store.close)

    def write_reply(kind: str, value: Any) -> None:
        store.write({REPLY_KEYS[kind]: str(value).lower() if isinstance(value, bool) else value})

    return write_reply


def _finish(loop: Loop, clerk: FileActionHandler, heartbeat: Heartbeat, stop: threading.Event) -> None:
    """Let what is in hand be finished, then store what is no longer needed."""
    clerk.close()
    loop.store_now()
    heartbeat.send_final("stopped" if stop.is_set() else "died")
