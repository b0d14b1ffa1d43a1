"""The on-screen plot manager, composed: LIVE delivery, a window, no way to write into a proposal folder."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from xafs_workers.consumer.loop import Loop, Ports
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.reading import Reader
from xafs_workers.consumer.recovery import live_positions
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.logs import get_logger, set_up
from xafs_workers.producer.kafka_config import read_kafka_config
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.rules import Rules
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.settings import Settings

if TYPE_CHECKING:
    from xafs_workers.frontends.screen.status import Feed

log = get_logger("workers")

MISSING_PART = 2
"""Exit code: no display, or no Qt."""
BROKER = "the broker and its topics"


class _NoDuty:
    """A screen acts on nothing and answers nothing but clicks."""

    def consider(self, control: Control, board: Board) -> None:
        pass

    def advance(self, board: Board) -> None:
        pass

    def unfinished(self) -> Iterable[Control]:
        return ()


class Follower:
    """Follows both topics in a thread of its own.

    Attributes
    ----------
    died
        What ended the thread before it was told to stop, None as long as nothing did.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._loop: Loop | None = None
        self._publisher: Publisher | None = None
        self._empty = Board(Rules.from_settings(settings))
        self.died: BaseException | None = None

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def stop(self, timeout: float = 4.0) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join(timeout)

    def feed(self) -> Feed:
        """Return the newest state; nothing is on show before everything missed is folded."""
        from xafs_workers.frontends.screen.status import Feed

        loop = self._loop
        if loop is None:
            return Feed(self._empty, "the worker's thread, which died" if self.died else BROKER)
        if not loop.caught_up:
            return Feed(self._empty, "what happened before", loop.last_record, loop.behind)
        return Feed(loop.board, "", loop.last_record, loop.behind)

    def click(self, click: dict[str, Any]) -> None:
        """Publish a picked position."""
        if self._publisher is not None:
            self._publisher.click(click)

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:
            log.exception("follower_died")
            self.died = error
            self._loop = None

    def _follow(self) -> None:
        settings = self._settings
        config = read_kafka_config(settings.kafka)
        source = KafkaSource(
            config, (settings.topic("control"), settings.topic("documents")), f"{settings.beamline}.screen"
        )
        try:
            if not source.wait_for_topics(self._stop):
                return
            self._publisher = Publisher(config, settings, SCREEN.name)
            loop = self._loop_at_its_beginning(source)
            heartbeat = Heartbeat(
                SCREEN.name, self._publisher.status, lambda: _state(loop), settings.logging.heartbeat_seconds
            )
            self._loop = loop
            while not self._stop.is_set():
                loop.step()
                heartbeat.beat()
            self._publisher.flush(1.0)
        finally:
            source.close()

    def _loop_at_its_beginning(self, source: KafkaSource) -> Loop:
        reader, rules = Reader(self._settings), Rules.from_settings(self._settings)
        since = time.time() - self._settings.recovery.look_back_hours * 3600
        positions = live_positions(source, reader, rules, since)
        ends = {partition: high for partition, (_, high) in source.watermarks().items()}
        loop = Loop(source, SCREEN, reader, Board(rules), Ports(_NoDuty(), lambda record, bad: None))
        source.assign(positions)
        loop.begin(positions, ends)
        return loop


def run(settings: Settings, *, large: bool = False) -> int:
    """Run the on-screen plot manager until its window is told to quit or a signal comes; return the exit code."""
    set_up(settings.logging.level, settings.logging.style, worker=SCREEN.name)
    missing = what_is_missing()
    if missing:
        log.error("cannot_show", missing=missing)
        return MISSING_PART
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from xafs_workers.frontends.screen.window import Window, WindowPorts

    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)  # type: ignore[attr-defined]
    follower = Follower(settings)
    place = settings.state_folder() / SCREEN.name / "place.json"
    window = Window(WindowPorts(follower.feed, _clicks(settings, follower), place, large or settings.screen.large))
    # Python's signal handlers run when Qt lets Python run (the window's timer does), and amid whatever is being
    # done: so the end is only asked for. `exit`, unlike `quit`, does not ask the windows, which would refuse.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: QTimer.singleShot(0, lambda: application.exit(0)))
    watch = QTimer(interval=500)
    watch.timeout.connect(lambda: application.exit(1) if follower.died else None)
    watch.start()
    follower.start()
    window.start()
    code = application.exec()
    window.remember_place()
    follower.stop()
    log.info("stopped", exit_code=code)
    return code


def what_is_missing() -> str:
    """Return what there is not of the parts a window needs, '' where all are there."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt ({error}): install xafs-workers[screen]"
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform in ("offscreen", "minimal", "vnc"):
        return ""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "a display: neither DISPLAY nor WAYLAND_DISPLAY is set (QT_QPA_PLATFORM=offscreen runs without)"
    return ""


def _clicks(settings: Settings, follower: Follower) -> Callable[[dict[str, Any]], None]:
    if settings.key_store.url is None:
        return follower.click
    from xafs_workers.services.key_store import KeyStore

    store = KeyStore(settings.key_store.url)

    def both(click: dict[str, Any]) -> None:
        follower.click(click)
        store.click(click)

    return both


def _state(loop: Loop) -> dict[str, Any]:
    return {
        "state": "running" if loop.caught_up else "recovering",
        "waits_for": "",
        "last_record": loop.last_record,
        **loop.counters.as_dict(),
    }
