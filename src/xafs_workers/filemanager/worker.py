"""The file manager, a durable worker: at-least-once delivery, all file actions through storage, no plotting."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.consumer.array_store import FolderArrayStore
from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.roles import FILE_MANAGER
from xafs_workers.filemanager.actions.context import ActionContext, reply_keys
from xafs_workers.filemanager.data_requests import build_data_requester
from xafs_workers.filemanager.file_actions import build_file_engine
from xafs_workers.logs import configure_logging, get_logger
from xafs_workers.reduction.process import Reducer
from xafs_workers.runtime.durable_context import DurableContext, run_durable_worker
from xafs_workers.runtime.health import collect_health, serve_metrics
from xafs_workers.runtime.implied_requests import RequestingHandler
from xafs_workers.runtime.lifecycle import run_loop
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.run_fetcher import build_run_catalog
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import AwaitedMessages
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Root, Roots

log = get_logger("workers")


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the file manager until a signal stops it; return the exit code."""
    configure_logging(settings.logging.level, settings.logging.style, worker=FILE_MANAGER.name)
    return run_durable_worker(
        FILE_MANAGER, settings, lambda context, stop, stack: _run(settings, context, stop, stack, from_beginning)
    )


def _run(
    settings: Settings, context: DurableContext, stop: threading.Event, stack: ExitStack, from_beginning: bool
) -> int:
    store = FolderArrayStore(settings.find_state_folder())
    newest: list[Board] = [Board(BoardConfig.from_settings(settings, waits_for_documents=True, array_store=store))]
    reducer = _start_reducer(settings, stack)
    actions = _build_context(settings, context, lambda: newest[0], stop, reducer)
    if settings.key_store.url is not None:
        store = KeyStoreWriter(settings.key_store, context.check_leadership)
        stack.callback(store.close)
        actions = replace(actions, key_store=store)
    engine = build_file_engine(actions, context.build_callbacks(partial(write_reply, actions.key_store)))
    requester = build_data_requester(engine.on_message) if "data" in settings.scans.write else None
    handler = engine if requester is None else RequestingHandler(engine, requester)
    frames = FrameReader.from_settings(settings)
    stack.callback(frames.close)
    loop = Loop(
        context.source,
        FILE_MANAGER,
        RecordParser(settings),
        newest[0],
        LoopCallbacks(
            _TrackingHandler(handler, newest),
            engine.on_rejected_record,
            frame_requester=FrameRequester(frames),
            joiner=context.joiner,
            has_catalog=settings.catalog.configured,
            has_room=engine.has_room,
        ),
    )
    context.begin_loop(loop, stop, from_beginning=from_beginning)
    heartbeat = Heartbeat(
        FILE_MANAGER.name,
        context.publisher.send_status,
        lambda: {
            **collect_health(
                loop,
                context.source,
                context.publisher.lost_counts,
                engine.waits_for,
                context.posting.waits_for,
                context.waits_for,
            ),
            **context.describe_failover(),
            **context.describe_control(),
            "last_files": list(engine.last_files),
            "in_hand": engine.count_in_hand(),
            "waiting": engine.list_waiting(),
            "posts_waiting": context.posting.waiting_count,
        },
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, FILE_MANAGER.name, heartbeat, stack)
    heartbeat.send_if_due(force=True)
    return run_loop(
        loop, stop, heartbeat.send_if_due, lambda: _finish(loop, engine, heartbeat, stop), context.supervisor
    )


class _TrackingHandler:
    """A handler that also stores the newest board, for work queues that look for a run."""

    def __init__(self, handler: MessageEngine | RequestingHandler, newest: list[Board]):
        self._handler, self._newest_board = handler, newest
        self.on_message, self.pending = handler.on_message, handler.pending

    @property
    def awaited(self) -> AwaitedMessages:
        """What the messages in hand need."""
        return self._handler.awaited

    def poll(self, board: Board) -> None:
        """Store the newest board, and queue the messages that are ready."""
        self._newest_board[0] = board
        self._handler.poll(board)


def _start_reducer(settings: Settings, stack: ExitStack) -> Reducer | None:
    """Start the process in which Larch reads files back; None, logged once, where Larch is not installed."""
    if importlib.util.find_spec("larch") is None:
        log.warning(
            "no_larch", reason="files are checked by our own strict reader alone (expected xafs-workers[reduction])"
        )
        return None
    limits = settings.reduction
    reducer = Reducer(timeout=limits.task_seconds, idle_seconds=limits.idle_seconds, starts_warm=limits.starts_warm)
    stack.callback(reducer.close)
    reducer.start()
    return reducer


def _build_context(
    settings: Settings,
    context: DurableContext,
    board: Callable[[], Board],
    stop: threading.Event,
    reducer: Reducer | None,
) -> ActionContext:
    roots = Roots.from_settings(settings.storage, context.check_leadership)
    return ActionContext(
        settings=settings,
        config=BoardConfig.from_settings(settings, waits_for_documents=True),
        roots=roots,
        copy_roots=Roots(*roots.roots, *(Root(str(path)) for path in settings.storage.copy_sources)),
        catalog=build_run_catalog(settings, board, patient=True),
        ledger=context.ledger,
        get_board=board,
        stop=stop,
        read_xdi=reducer.read_xdi if reducer is not None else None,
        post=context.posting,
        posting=context.posting,
        is_dropped=context.is_dropped,
    )


def write_reply(store: KeyStoreWriter | None, kind: str, value: Any) -> None:
    """Write the answer to a question into the key store, where today's plans look for it."""
    if store is not None and kind in reply_keys:
        store.write({reply_keys[kind]: str(value).lower() if isinstance(value, bool) else value})


def _finish(loop: Loop, engine: MessageEngine, heartbeat: Heartbeat, stop: threading.Event) -> None:
    """Wait for the running tasks, then store the offsets of the finished messages."""
    engine.close()
    loop.store_now()
    heartbeat.send_final("stopped" if stop.is_set() else "died")
