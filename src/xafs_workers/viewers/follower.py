"""Loop of a viewer in a thread of its own: best-effort delivery, nothing stored, nothing acted on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.consumer.array_store import FolderArrayStore
from xafs_workers.consumer.frame_requests import FrameRequester
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.recovery import find_live_offsets
from xafs_workers.consumer.reduction_requests import ReductionRequester
from xafs_workers.consumer.region_file import load_regions
from xafs_workers.consumer.roles import Role
from xafs_workers.consumer.run_requests import RunRequester
from xafs_workers.consumer.source_interface import Source
from xafs_workers.frontends.status import Feed
from xafs_workers.logs import get_logger
from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.process import Reducer
from xafs_workers.reduction.router import AnalysisRouter
from xafs_workers.registry import discover_all
from xafs_workers.runtime.health import collect_health, serve_metrics
from xafs_workers.runtime.run_fetcher import RunFetcher, build_run_catalog
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import AwaitedMessages, ReceivedMessage
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.threads import SupervisedThread
from xafs_workers.viewers.history import History

log = get_logger("workers")

WAITING_FOR_TOPICS = "the broker and its topics"
WAITING_FOR_HISTORY = "what was measured before"
REDUCTION_INTERVAL = 0.3
"""Least time between two requests for reductions, seconds: no one can follow live chi(k) at many points a second."""
LAG_INTERVAL = 0.5
"""Interval between look-ups of the lag, seconds."""


class _NullHandler:
    """Message handler of a viewer, which acts on nothing."""

    def on_message(self, control: ReceivedMessage, board: Board) -> None:
        pass

    def poll(self, board: Board) -> None:
        pass

    def pending(self) -> Iterable[ReceivedMessage]:
        return ()

    awaited = AwaitedMessages()


class Follower:
    """Thread that follows both topics.

    Parameters
    ----------
    before_live
        Called in this thread once the topics exist and before a figure is shown; may take long.
    on_live
        Called in this thread when the worker has caught up.

    Attributes
    ----------
    failure
        Exception that ended the thread before it was asked to stop, None while it runs.
    last_turn
        Time of the last turn of the loop, on the monotonic clock, seconds; None before the first.
    collect_extra_status
        Returns the front end's part of the heartbeat; called in the follower's thread.
    on_board_changed
        Called in the follower's thread when there are new records to show.
    history
        Scans from before the worker's start.
    """

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        role: Role,
        *,
        before_live: Callable[[], object] = lambda: None,
        on_live: Callable[[], object] = lambda: None,
    ):
        discover_all()
        self._settings, self._connections, self._role = settings, connections, role
        self._before_live, self._on_live = before_live, on_live
        self._stop = threading.Event()
        self._thread = SupervisedThread(self._run, "follower", self._stop.is_set)
        store = FolderArrayStore(settings.find_state_folder())
        self._empty_board = Board(BoardConfig.from_settings(settings, fetching_enabled=True, array_store=store))
        self._loop: Loop | None = None
        self._publisher: Publisher | None = None
        self._fetcher = RunFetcher(build_run_catalog(settings, self._get_board), self._empty_board.config)
        self._frames = FrameReader.from_settings(settings)
        rules = settings.reduction
        self._reducer, live_reducer = (
            Reducer(timeout=rules.task_seconds, idle_seconds=rules.idle_seconds, starts_warm=False) for _ in range(2)
        )
        self._fitter = Fitter()
        self.history = History(settings, self._empty_board.config, lambda: connections.open_past(role.name))
        self._router = AnalysisRouter(self._reducer, self._fitter, live_reducer)
        self._lag, self._waits_for, self._lag_due = 0, "", 0.0
        self._is_live = False
        self.failure: BaseException | None = None
        self.last_turn: float | None = None
        self.collect_extra_status: Callable[[], Mapping[str, Any]] = dict
        self.on_board_changed: Callable[[], object] = lambda: None

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def stop(self, timeout: float = 4.0) -> None:
        """Stop following, after the published records are sent."""
        self._stop.set()
        self.history.close()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def build_feed(self) -> Feed:
        """Return the newest state, from any thread; the board is empty until the worker has caught up."""
        loop = self._loop
        if loop is None:
            missing = "nothing any more: it died, see the log" if self.failure else WAITING_FOR_TOPICS
            return Feed(self._empty_board, missing, is_reading_history=True)
        behind = self._lag + loop.backlog_size
        if not loop.caught_up:
            return Feed(self._empty_board, WAITING_FOR_HISTORY, loop.last_record_time, behind, is_reading_history=True)
        history = self.history
        return Feed(loop.board, self._waits_for, loop.last_record_time, behind, history.board, history.is_reading)

    def publish_click(self, click: Mapping[str, Any]) -> None:
        """Publish a picked position."""
        if self._publisher is not None:
            self._publisher.send_click(click)

    def _get_board(self) -> Board:
        loop = self._loop
        return self._empty_board if loop is None else loop.board

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:
            log.exception("follower_died")
            self.failure = error
            self._loop = None

    def _follow(self) -> None:
        settings = self._settings
        stack = ExitStack()
        source = self._connections.open_source(self._role.name, is_durable=False)
        try:
            if not source.metadata.wait_for_topics(self._stop):
                return
            self._publisher = publisher = self._connections.open_publisher(self._role.name)
            self._router.start()
            loop = self._build_loop(source)
            self._before_live()
            heartbeat = Heartbeat(
                self._role.name,
                publisher.send_status,
                lambda: self._collect_state(loop, source),
                settings.logging.heartbeat_seconds,
            )
            serve_metrics(settings, self._role.name, heartbeat, stack)
            self._loop = loop
            while not self._stop.is_set():
                self._turn(loop)
                self.last_turn = time.monotonic()
                self._update_lag(loop, source)
                heartbeat.send_if_due()
            heartbeat.send_final("stopped")
            publisher.flush(1.0)
        finally:
            stack.close()
            self._fetcher.close()
            self._frames.close()
            self._router.close()
            source.close()

    def _turn(self, loop: Loop) -> None:
        """Do one turn of the loop; notify the front end of new records, and when the worker has caught up.

        Results of the reduction come with the next record, or when the front end looks by itself.
        """
        version = loop.board.version
        count = loop.step()
        if loop.caught_up and not self._is_live:
            self._is_live = True
            self._lag_due = 0.0  # what was counted while history was read is not shown as a lag
            self._on_live()
            self.on_board_changed()
            self.history.start()
        elif loop.caught_up and (count or loop.board.version != version):
            self.on_board_changed()

    def _build_loop(self, source: Source) -> Loop:
        reader, rules = RecordParser(self._settings), self._empty_board.config
        since = time.time() - self._settings.recovery.look_back_hours * 3600
        positions = find_live_offsets(source, reader, rules, since)
        ends = {partition: high for partition, (_, high) in source.metadata.fetch_watermarks().items()}
        reductions, fetches = ReductionRequester(self._router, REDUCTION_INTERVAL), RunRequester(self._fetcher)
        ports = LoopCallbacks(
            _NullHandler(),
            lambda record, bad: None,
            reduction_requester=reductions,
            run_requester=fetches,
            frame_requester=FrameRequester(self._frames),
            load_regions=partial(load_regions, self._settings.detectors.regions_file),
            on_live_message=self._fitter.on_message,
            joiner=self._connections.build_joiner(),
            has_catalog=self._settings.catalog.configured,
        )
        loop = Loop(source, self._role, reader, Board(rules), ports)
        source.assign(positions)
        loop.begin(positions, ends)
        return loop

    def _update_lag(self, loop: Loop, source: Source) -> None:
        now = time.monotonic()
        if now >= self._lag_due:
            self._lag_due = now + LAG_INTERVAL
            self._lag = source.compute_lag()
            self._waits_for = "; ".join(part for part in (source.waits_for, loop.waits_for) if part)

    def _collect_state(self, loop: Loop, source: Source) -> dict[str, Any]:
        lost = self._publisher.lost_counts if self._publisher is not None else {}
        return {
            **collect_health(loop, source, lost, self._reducer.waits_for, self._fetcher.waits_for),
            **self.collect_extra_status(),
        }
