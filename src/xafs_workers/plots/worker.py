"""The headless plot manager, composed: KEPT delivery, pictures through storage, no window."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from xafs_workers.consumer.loop import Loop, Ports
from xafs_workers.consumer.record_parser import Reader
from xafs_workers.consumer.reduction_requests import Reductions
from xafs_workers.consumer.roles import HEADLESS
from xafs_workers.consumer.run_requests import Fetches
from xafs_workers.logs import get_logger, set_up
from xafs_workers.plots.athena_projects import Projects
from xafs_workers.plots.picture_handler import Desk, DeskPorts
from xafs_workers.plots.picture_publisher import Shelf
from xafs_workers.plots.posted_pictures import PostedPictures
from xafs_workers.reduction.process import Reducer
from xafs_workers.runtime.durable_context import Kept, open_kept
from xafs_workers.runtime.health import health_of, serve_metrics
from xafs_workers.runtime.lifecycle import live, need, stop_on_signals
from xafs_workers.runtime.run_fetcher import Fetcher, runs_of
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots

log = get_logger("workers")

KEEP_DAYS = 90.0


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the headless plot manager until a signal stops it; return the exit code.

    Raises
    ------
    ModuleNotFoundError
        There is nothing to draw with.
    """
    need("matplotlib")
    set_up(settings.logging.level, settings.logging.style, worker=HEADLESS.name)
    stop = stop_on_signals()
    with ExitStack() as stack:
        kept = open_kept(HEADLESS, settings, stop, stack)
        return 0 if kept is None else _run(settings, kept, stop, stack, from_beginning)


def _run(settings: Settings, kept: Kept, stop: threading.Event, stack: ExitStack, from_beginning: bool) -> int:
    reducer = Reducer(timeout=settings.reduction.task_seconds)
    stack.callback(reducer.close)
    desk = _desk(settings, kept, reducer)
    stack.callback(desk.close)
    rules = Rules.from_settings(settings, fetches=True)
    fetcher = Fetcher(runs_of(settings, lambda: loop.board), rules)
    stack.callback(fetcher.close)
    ports = Ports(desk, kept.refuse, reductions=Reductions(reducer), fetches=Fetches(fetcher), hears=kept.posting.hears)
    loop = Loop(kept.source, HEADLESS, Reader(settings), Board(rules), ports)
    kept.begin(loop, from_beginning=from_beginning)
    heartbeat = Heartbeat(
        HEADLESS.name,
        kept.publisher.status,
        lambda: {
            **health_of(
                loop, kept.source, desk.waits_for, reducer.waits_for, fetcher.waits_for, kept.posting.waits_for
            ),
            **_work(loop, desk),
            "posts_waiting": kept.posting.waiting,
        },
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, HEADLESS.name, heartbeat, stack)
    heartbeat.beat(force=True)
    reducer.start()
    desk.start()
    return live(loop, stop, heartbeat.beat, lambda: _finish(loop, (desk, reducer), heartbeat, stop))


def _desk(settings: Settings, kept: Kept, reducer: Reducer) -> Desk:
    records = kept.records
    shelf = Shelf(settings, records, projects=Projects(reducer.project, settings.reduction.task_seconds))
    return Desk(
        DeskPorts(
            draw=PostedPictures(shelf.draw, kept.posting, records, Roots.from_settings(settings.storage)),
            known=records.outcome,
            record=records.record,
            answer=kept.publisher.answer,
            give_up=kept.give_up,
            warm_up=shelf.warm_up,
        ),
        reduces=True,
    )


def _work(loop: Loop, desk: Desk) -> Mapping[str, Any]:
    return {
        "open_scans": sum(not loop.board.closed(scan) for scan in loop.board.scans),
        "last_files": list(desk.last_files),
    }


def _finish(loop: Loop, makers: tuple[Desk, Reducer], heartbeat: Heartbeat, stop: threading.Event) -> None:
    """Let the picture in hand be finished, then store what is no longer needed.

    Nobody waits for a reduction that is still loading Larch: what needs it is done after the next start.
    """
    desk, reducer = makers
    if not reducer.warm:
        reducer.close()
    desk.close()
    loop.store_now()
    heartbeat.last_words("stopped" if stop.is_set() else "died")
