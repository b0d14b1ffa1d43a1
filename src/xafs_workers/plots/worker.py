"""The headless plot manager, composed: KEPT delivery, pictures through storage, no window."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from xafs_workers.consumer.loop import Loop, LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.reduction_requests import ReductionRequester
from xafs_workers.consumer.roles import HEADLESS
from xafs_workers.consumer.run_requests import RunRequester
from xafs_workers.logs import configure_logging, get_logger
from xafs_workers.plots.athena_projects import AthenaProjects
from xafs_workers.plots.picture_handler import PictureCallbacks, PictureHandler
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.plots.posted_pictures import PicturePoster
from xafs_workers.reduction.process import Reducer
from xafs_workers.runtime.durable_context import DurableContext, open_durable_context
from xafs_workers.runtime.health import collect_health, serve_metrics
from xafs_workers.runtime.lifecycle import require_module, run_loop, stop_on_signals
from xafs_workers.runtime.run_fetcher import RunFetcher, build_run_catalog
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots

log = get_logger("workers")

LEDGER_RETENTION_DAYS = 90.0


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the headless plot manager until a signal stops it; return the exit code.

    Raises
    ------
    ModuleNotFoundError
        There is nothing to draw with.
    """
    require_module("matplotlib")
    configure_logging(settings.logging.level, settings.logging.style, worker=HEADLESS.name)
    stop = stop_on_signals()
    with ExitStack() as stack:
        kept = open_durable_context(HEADLESS, settings, stop, stack)
        return 0 if kept is None else _run(settings, kept, stop, stack, from_beginning)


def _run(
    settings: Settings, kept: DurableContext, stop: threading.Event, stack: ExitStack, from_beginning: bool
) -> int:
    reducer = Reducer(timeout=settings.reduction.task_seconds)
    stack.callback(reducer.close)
    desk = _build_handler(settings, kept, reducer)
    stack.callback(desk.close)
    rules = BoardConfig.from_settings(settings, fetching_enabled=True)
    fetcher = RunFetcher(build_run_catalog(settings, lambda: loop.board), rules)
    stack.callback(fetcher.close)
    ports = LoopCallbacks(
        desk,
        kept.reject_record,
        reduction_requester=ReductionRequester(reducer),
        run_requester=RunRequester(fetcher),
        on_live_message=kept.posting.on_message,
    )
    loop = Loop(kept.source, HEADLESS, RecordParser(settings), Board(rules), ports)
    kept.begin_loop(loop, from_beginning=from_beginning)
    heartbeat = Heartbeat(
        HEADLESS.name,
        kept.publisher.send_status,
        lambda: {
            **collect_health(
                loop, kept.source, desk.waits_for, reducer.waits_for, fetcher.waits_for, kept.posting.waits_for
            ),
            **_summarize_work(loop, desk),
            "posts_waiting": kept.posting.waiting_count,
        },
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, HEADLESS.name, heartbeat, stack)
    heartbeat.send_if_due(force=True)
    reducer.start()
    desk.start()
    return run_loop(loop, stop, heartbeat.send_if_due, lambda: _finish(loop, (desk, reducer), heartbeat, stop))


def _build_handler(settings: Settings, kept: DurableContext, reducer: Reducer) -> PictureHandler:
    records = kept.ledger
    shelf = PicturePublisher(
        settings, records, projects=AthenaProjects(reducer.request_project, settings.reduction.task_seconds)
    )
    return PictureHandler(
        PictureCallbacks(
            draw=PicturePoster(shelf.draw, kept.posting, records, Roots.from_settings(settings.storage)),
            find_outcome=records.find_outcome,
            record_outcome=records.record_outcome,
            answer=kept.publisher.send_answer,
            give_up=kept.give_up_message,
            warm_up=shelf.warm_up,
        ),
        reduction_enabled=True,
    )


def _summarize_work(loop: Loop, desk: PictureHandler) -> Mapping[str, Any]:
    return {
        "open_scans": sum(not loop.board.is_closed(scan) for scan in loop.board.scans),
        "last_files": list(desk.last_files),
    }


def _finish(loop: Loop, makers: tuple[PictureHandler, Reducer], heartbeat: Heartbeat, stop: threading.Event) -> None:
    """Let the picture in hand be finished, then store what is no longer needed.

    Nobody waits for a reduction that is still loading Larch: what needs it is done after the next start.
    """
    desk, reducer = makers
    if not reducer.is_warm:
        reducer.close()
    desk.close()
    loop.store_now()
    heartbeat.send_final("stopped" if stop.is_set() else "died")
