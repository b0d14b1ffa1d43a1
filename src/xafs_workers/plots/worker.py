"""Headless plot manager: at-least-once delivery, pictures written through storage, no window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.consumer.array_store import FolderArrayStore
from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.reduction_requests import ReductionRequester
from xafs_workers.consumer.region_file import load_regions
from xafs_workers.consumer.roles import HEADLESS
from xafs_workers.consumer.run_requests import RunRequester
from xafs_workers.logs import configure_logging, get_logger
from xafs_workers.plots.answer_handler import AnswerHandler
from xafs_workers.plots.athena_projects import AthenaProjects
from xafs_workers.plots.picture_handler import PICTURE_QUEUE, build_picture_engine
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.plots.posted_pictures import PicturePoster
from xafs_workers.plots.run_pictures import build_picture_requester
from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.process import Reducer
from xafs_workers.reduction.router import AnalysisRouter
from xafs_workers.runtime.durable_context import DurableContext, run_durable_worker
from xafs_workers.runtime.health import collect_health, serve_metrics
from xafs_workers.runtime.implied_requests import RequestingHandler
from xafs_workers.runtime.lifecycle import require_module, run_loop
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.replies import ReplyWriter
from xafs_workers.runtime.run_fetcher import RunFetcher, build_run_catalog
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots

log = get_logger("workers")


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the headless plot manager until a signal stops it; return the exit code.

    Raises
    ------
    ModuleNotFoundError
        matplotlib is not installed.
    """
    require_module("matplotlib")
    configure_logging(settings.logging.level, settings.logging.style, worker=HEADLESS.name)
    return run_durable_worker(
        HEADLESS, settings, lambda context, stop, stack: _run(settings, context, stop, stack, from_beginning)
    )


def _run(
    settings: Settings, context: DurableContext, stop: threading.Event, stack: ExitStack, from_beginning: bool
) -> int:
    reducer, live_reducer = (_build_reducer(settings, starts_warm=is_warm) for is_warm in (True, False))
    fitter = Fitter()
    router = AnalysisRouter(reducer, fitter, live_reducer)
    stack.callback(router.close)
    publisher = PicturePublisher(
        settings,
        context.ledger,
        projects=AthenaProjects(reducer.request_project, settings.reduction.task_seconds),
        before_change=context.check_leadership,
    )
    engine = _build_engine(
        settings, context, publisher, _build_reply_writer(settings, context, stack, lambda: loop.board)
    )
    stack.callback(engine.close)
    store = FolderArrayStore(settings.find_state_folder())
    rules = BoardConfig.from_settings(settings, fetching_enabled=True, waits_for_documents=True, array_store=store)
    fetcher = RunFetcher(build_run_catalog(settings, lambda: loop.board, patient=True), rules)
    stack.callback(fetcher.close)
    frames = FrameReader.from_settings(settings)
    stack.callback(frames.close)
    ports = LoopCallbacks(
        RequestingHandler(engine, build_picture_requester(engine.on_message)) if _writes_pictures(settings) else engine,
        engine.on_rejected_record,
        reduction_requester=ReductionRequester(router),
        run_requester=RunRequester(fetcher),
        frame_requester=FrameRequester(frames),
        joiner=context.joiner,
        has_catalog=settings.catalog.configured,
        on_live_message=_call_each(context.posting.on_message, fitter.on_message),
        load_regions=partial(load_regions, settings.detectors.regions_file),
        has_room=engine.has_room,
    )
    loop = Loop(context.source, HEADLESS, RecordParser(settings), Board(rules), ports)
    context.begin_loop(loop, stop, from_beginning=from_beginning)
    heartbeat = Heartbeat(
        HEADLESS.name,
        context.publisher.send_status,
        lambda: {
            **collect_health(
                loop,
                context.source,
                context.publisher.lost_counts,
                engine.waits_for,
                reducer.waits_for,
                fetcher.waits_for,
                context.posting.waits_for,
                context.waits_for,
            ),
            **context.describe_failover(),
            **_summarize_work(loop, engine),
            "posts_waiting": context.posting.waiting_count,
        },
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, HEADLESS.name, heartbeat, stack)
    heartbeat.send_if_due(force=True)
    router.start()
    engine.warm_up(PICTURE_QUEUE, publisher.warm_up)
    return run_loop(
        loop,
        stop,
        heartbeat.send_if_due,
        lambda: _finish(loop, (engine, reducer), heartbeat, stop),
        context.supervisor,
    )


def _writes_pictures(settings: Settings) -> bool:
    """Check whether runs without a message get pictures or projects."""
    return not {"pictures", "project"}.isdisjoint(settings.scans.write)


def _build_reducer(settings: Settings, *, starts_warm: bool) -> Reducer:
    limits = settings.reduction
    warm = starts_warm and limits.starts_warm
    return Reducer(timeout=limits.task_seconds, idle_seconds=limits.idle_seconds, starts_warm=warm)


def _call_each(*callbacks: Callable[[ReceivedMessage], object]) -> Callable[[ReceivedMessage], None]:
    """Return a function that passes a message to several others."""

    def call(control: ReceivedMessage) -> None:
        for callback in callbacks:
            callback(control)

    return call


def _build_reply_writer(
    settings: Settings, context: DurableContext, stack: ExitStack, get_board: Callable[[], Board]
) -> ReplyWriter:
    store = None
    if settings.key_store.url is not None:
        store = KeyStoreWriter(settings.key_store, context.check_leadership)
        stack.callback(store.close)
    return ReplyWriter(store, get_board, settings.key_store.reply_seconds)


def _build_engine(
    settings: Settings, context: DurableContext, publisher: PicturePublisher, replies: ReplyWriter
) -> MessageEngine:
    roots = Roots.from_settings(settings.storage)
    draw = PicturePoster(publisher.draw, context.posting, context.ledger, roots)
    return build_picture_engine(
        draw, context.build_callbacks(), AnswerHandler(replies), reduction_enabled=True, draw_run=publisher.draw_run
    )


def _summarize_work(loop: Loop, engine: MessageEngine) -> Mapping[str, Any]:
    return {
        "open_scans": sum(not loop.board.is_closed(scan) for scan in loop.board.scans),
        "last_files": list(engine.last_files),
        "in_hand": engine.count_in_hand(),
        "waiting": engine.list_waiting(),
    }


def _finish(loop: Loop, makers: tuple[MessageEngine, Reducer], heartbeat: Heartbeat, stop: threading.Event) -> None:
    """Wait for the picture in hand, then store the offsets that are no longer needed.

    A reduction that is still loading Larch is not waited for: what needs it is done after the next start.
    """
    engine, reducer = makers
    if not reducer.is_warm:
        reducer.close()
    engine.close()
    loop.store_now()
    heartbeat.send_final("stopped" if stop.is_set() else "died")
