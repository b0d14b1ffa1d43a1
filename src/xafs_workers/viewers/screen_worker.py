"""On-screen plot manager: best-effort delivery, a window, no code that writes into a proposal folder."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable

from xafs_workers.consumer.roles import SCREEN
from xafs_workers.frontends.edge_energies import EdgeEnergies
from xafs_workers.logs import configure_logging, get_logger
from xafs_workers.producer.kafka_config import KafkaConfigError
from xafs_workers.runtime.supervisor import ThreadSupervisor
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.viewers.click_dispatcher import ClickDispatcher, build_subscribers
from xafs_workers.viewers.display_check import find_missing_part
from xafs_workers.viewers.follower import Follower

log = get_logger("workers")

EXIT_CANNOT_START = 2
"""Exit code: no display, no Qt, or no broker configured."""
EXIT_DIED = 1


def run(settings: Settings, *, large: bool = False) -> int:
    """Run the on-screen plot manager until the user quits or a signal arrives; return the exit code."""
    configure_logging(settings.logging.level, settings.logging.style, worker=SCREEN.name)
    supervisor = ThreadSupervisor.install()
    missing = find_missing_part()
    if missing:
        log.error("cannot_show", missing=missing)
        return EXIT_CANNOT_START
    try:
        connections = Connections.from_settings(settings)
    except KafkaConfigError as error:
        log.error("cannot_start", reason=str(error))
        return EXIT_CANNOT_START
    early_stop = _catch_signals()
    edges = EdgeEnergies()
    follower = Follower(settings, connections, SCREEN, on_live=edges.start)  # the tables take a second: first, be live
    follower.start()
    from PySide6.QtWidgets import QApplication

    from xafs_workers.frontends.screen.window import Window, WindowCallbacks

    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    clicks = ClickDispatcher(*build_subscribers(settings, follower.publish_click))
    window = Window(
        WindowCallbacks(
            follower.build_feed,
            clicks.put,
            edges.find_energy,
            settings.find_state_folder() / SCREEN.name / "place.json",
            large or settings.screen.large,
            settings.screen.stale_seconds,
            dark=settings.screen.dark,
            request_results=follower.history.request_results,
        )
    )
    follower.on_board_changed = window.board_changed.emit
    follower.collect_extra_status = lambda: {"frame_seconds": window.frame_seconds}
    clicks.start()
    window.start()
    code = _run_until_quit(
        application.exec, application.exit, lambda: bool(follower.failure or supervisor.failure), early_stop
    )
    window.placement.save()
    window.hide()
    clicks.close()
    follower.stop()
    log.info("stopped", exit_code=code)
    return code


def _catch_signals() -> threading.Event:
    """Take note of signals that come before Qt's loop runs."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _run_until_quit(
    execute: Callable[[], int],
    leave: Callable[[int], object],
    has_failed: Callable[[], bool],
    early_stop: threading.Event,
) -> int:
    """Run Qt's loop until the user quits, a signal comes, or a thread dies.

    Python's signal handlers run when Qt lets Python run (the window's timer does), in the middle of other
    work, so they only request the end. `exit`, unlike `quit`, does not ask the windows, which would refuse.
    """
    from PySide6.QtCore import QTimer

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: QTimer.singleShot(0, lambda: leave(0)))
    if early_stop.is_set():
        QTimer.singleShot(0, lambda: leave(0))
    watch = QTimer(interval=500)
    watch.timeout.connect(lambda: leave(EXIT_DIED) if has_failed() else None)
    watch.start()
    return execute()
