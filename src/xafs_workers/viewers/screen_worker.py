"""The on-screen plot manager, composed: LIVE delivery, a window, no way to write into a proposal folder."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from xafs_workers.consumer.roles import SCREEN
from xafs_workers.logs import get_logger, set_up
from xafs_workers.producer.kafka_config import KafkaConfigError, read_kafka_config
from xafs_workers.settings import Settings
from xafs_workers.viewers.click_dispatcher import Clicks, takers
from xafs_workers.viewers.display_check import what_is_missing
from xafs_workers.viewers.follower import Follower

log = get_logger("workers")

MISSING_PART = 2
"""Exit code: no display, no Qt, or nobody told where the broker is."""
DIED = 1
TABLES_SECONDS = 30.0
"""How long the first figure waits for the tables of the elements."""


def run(settings: Settings, *, large: bool = False) -> int:
    """Run the on-screen plot manager until its window is told to quit or a signal comes; return the exit code."""
    set_up(settings.logging.level, settings.logging.style, worker=SCREEN.name)
    missing = what_is_missing()
    if missing:
        log.error("cannot_show", missing=missing)
        return MISSING_PART
    try:
        config = read_kafka_config(settings.kafka)
    except KafkaConfigError as error:
        log.error("cannot_start", reason=str(error))
        return MISSING_PART
    from PySide6.QtWidgets import QApplication

    from xafs_workers.frontends.edge_energies import Edges
    from xafs_workers.frontends.screen.window import Window, WindowPorts

    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    edges = Edges()
    follower = Follower(settings, config, SCREEN, before_live=lambda: edges.wait(TABLES_SECONDS))
    clicks = Clicks(*takers(settings, follower.click))
    window = Window(
        WindowPorts(
            follower.feed,
            clicks.put,
            edges.energy,
            settings.state_folder() / SCREEN.name / "place.json",
            large or settings.screen.large,
            settings.screen.stale_seconds,
        )
    )
    follower.tells = lambda: {"frame_seconds": window.frame_seconds}
    for part in (edges, follower, clicks):
        part.start()
    window.start()
    code = _until_told(application.exec, application.exit, follower)
    window.remember_place()
    window.hide()
    clicks.close()
    follower.stop()
    log.info("stopped", exit_code=code)
    return code


def _until_told(execute: Callable[[], int], leave: Callable[[int], object], follower: Follower) -> int:
    """Run Qt's loop until somebody quits, a signal comes, or the follower dies.

    Python's signal handlers run when Qt lets Python run (the window's timer does), amid whatever is being done: so
    the end is only asked for. `exit`, unlike `quit`, does not ask the windows, which would refuse.
    """
    from PySide6.QtCore import QTimer

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: QTimer.singleShot(0, lambda: leave(0)))
    watch = QTimer(interval=500)
    watch.timeout.connect(lambda: leave(DIED) if follower.died else None)
    watch.start()
    return execute()
