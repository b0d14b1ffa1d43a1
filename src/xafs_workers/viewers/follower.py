"""The loop of a worker that only shows, in a thread of its own: LIVE delivery, nothing stored, nothing acted on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from xafs_workers.consumer.loop import Loop, Ports
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.record_parser import Reader
from xafs_workers.consumer.recovery import live_positions
from xafs_workers.consumer.reduction_requests import Reductions
from xafs_workers.consumer.roles import Role
from xafs_workers.consumer.run_requests import Fetches
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.frontends.status import Feed
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.reduction.process import Reducer
from xafs_workers.runtime.health import health_of, serve_metrics
from xafs_workers.runtime.run_fetcher import Fetcher, runs_of
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.settings import Settings

log = get_logger("workers")

TOPICS = "the broker and its topics"
PAST = "what was measured before"
LAG_EVERY = 0.5
"""How often the lag is looked up, seconds."""


class _NoDuty:
    """Who shows acts on nothing."""

    def consider(self, control: Control, board: Board) -> None:
        pass

    def advance(self, board: Board) -> None:
        pass

    def unfinished(self) -> Iterable[Control]:
        return ()


class Follower:
    """Follows both topics.

    Parameters
    ----------
    before_live
        Called in this thread when the topics are there, before anything is on show; may take its time.

    Attributes
    ----------
    died
        What ended the thread before it was told to stop, None as long as nothing did.
    turned
        When the loop turned last, on the monotonic clock; None as long as there is none.
    tells
        Returns what the front end adds to the heartbeat; called in the follower's thread.
    """

    def __init__(
        self,
        settings: Settings,
        config: KafkaConfig,
        role: Role,
        *,
        before_live: Callable[[], object] = lambda: None,
    ):
        self._settings, self._config, self._role, self._before_live = settings, config, role, before_live
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._empty = Board(Rules.from_settings(settings, fetches=True))
        self._loop: Loop | None = None
        self._publisher: Publisher | None = None
        self._fetcher = Fetcher(runs_of(settings, self._newest), self._empty.rules)
        self._reducer = Reducer(timeout=settings.reduction.task_seconds)
        self._unread, self._away, self._lag_due = 0, False, 0.0
        self.died: BaseException | None = None
        self.turned: float | None = None
        self.tells: Callable[[], Mapping[str, Any]] = dict

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def stop(self, timeout: float = 4.0) -> None:
        """Stop following; what was published is sent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def feed(self) -> Feed:
        """Return the newest state, from any thread; nothing is on show before all that was missed is folded."""
        loop = self._loop
        if loop is None:
            return Feed(self._empty, "nothing any more: it died, see the log" if self.died else TOPICS)
        behind = self._unread + loop.behind
        if not loop.caught_up:
            return Feed(self._empty, PAST, loop.last_record, behind)
        return Feed(loop.board, "the broker" if self._away else "", loop.last_record, behind)

    def click(self, click: Mapping[str, Any]) -> None:
        """Publish a picked position."""
        if self._publisher is not None:
            self._publisher.click(click)

    def _newest(self) -> Board:
        loop = self._loop
        return self._empty if loop is None else loop.board

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:
            log.exception("follower_died")
            self.died = error
            self._loop = None

    def _follow(self) -> None:
        settings = self._settings
        topics = (settings.topic("control"), settings.topic("documents"))
        stack = ExitStack()
        source = KafkaSource(self._config, topics, f"{settings.beamline}.{self._role.name}")
        try:
            if not source.wait_for_topics(self._stop):
                return
            self._publisher = publisher = Publisher(self._config, settings, self._role.name)
            self._reducer.start()
            loop = self._loop_at_its_beginning(source)
            self._before_live()
            heartbeat = Heartbeat(
                self._role.name, publisher.status, lambda: self._state(loop, source), settings.logging.heartbeat_seconds
            )
            serve_metrics(settings, self._role.name, heartbeat, stack)
            self._loop = loop
            while not self._stop.is_set():
                loop.step()
                self.turned = time.monotonic()
                self._look_at(source)
                heartbeat.beat()
            heartbeat.last_words("stopped")
            publisher.flush(1.0)
        finally:
            stack.close()
            self._fetcher.close()
            self._reducer.close()
            source.close()

    def _loop_at_its_beginning(self, source: KafkaSource) -> Loop:
        reader, rules = Reader(self._settings), self._empty.rules
        since = time.time() - self._settings.recovery.look_back_hours * 3600
        positions = live_positions(source, reader, rules, since)
        ends = {partition: high for partition, (_, high) in source.watermarks().items()}
        reductions, fetches = Reductions(self._reducer), Fetches(self._fetcher)
        ports = Ports(_NoDuty(), lambda record, bad: None, reductions=reductions, fetches=fetches)
        loop = Loop(source, self._role, reader, Board(rules), ports)
        source.assign(positions)
        loop.begin(positions, ends)
        return loop

    def _look_at(self, source: KafkaSource) -> None:
        now = time.monotonic()
        if now >= self._lag_due:
            self._lag_due = now + LAG_EVERY
            self._unread, self._away = source.lag(), source.brokers_away

    def _state(self, loop: Loop, source: KafkaSource) -> dict[str, Any]:
        return {**health_of(loop, source, self._reducer.waits_for, self._fetcher.waits_for), **self.tells()}
