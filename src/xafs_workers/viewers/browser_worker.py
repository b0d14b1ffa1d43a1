"""Browser view: best-effort delivery, a server of pages, no code that writes into a proposal folder."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from xafs_workers.consumer.roles import WEB
from xafs_workers.logs import configure_library_logs, configure_logging, get_logger
from xafs_workers.producer.kafka_config import KafkaConfigError
from xafs_workers.runtime.lifecycle import require_module
from xafs_workers.runtime.supervisor import ThreadSupervisor
from xafs_workers.services.systemd_notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.viewers.access_token import TokenFileError, read_access_token
from xafs_workers.viewers.click_dispatcher import ClickDispatcher, build_subscribers
from xafs_workers.viewers.follower import Follower

log = get_logger("workers")

EXIT_CANNOT_START = 2
"""Exit code: no Bokeh, a token that cannot be read, no broker configured, or the port is taken."""
EXIT_DIED = 1
EDGE_TABLES_TIMEOUT = 30.0
"""How long the first figure waits for the tables of the elements, seconds."""
STALL_SECONDS = 30.0
"""A follower whose loop has not turned for so long is taken as hung, seconds."""
LIBRARY_LOG_LEVELS = {
    "bokeh": "warning",
    "bokeh.server.views.ws": "error",
    "tornado": "warning",
    "tornado.access": "error",
    "tornado.general": "error",
}
"""Level from which a library's own lines are logged, so that events that any page may cause are not."""


def run(settings: Settings) -> int:
    """Serve the browser view until a signal comes; return the exit code."""
    configure_logging(settings.logging.level, settings.logging.style, worker=WEB.name)
    supervisor = ThreadSupervisor.install()
    require_module("bokeh")
    configure_library_logs(LIBRARY_LOG_LEVELS)
    try:
        connections = Connections.from_settings(settings)
        token = read_access_token(settings.web.token_file)
    except (KafkaConfigError, TokenFileError) as error:
        log.error("cannot_start", reason=str(error))
        return EXIT_CANNOT_START
    from xafs_workers.frontends.browser.gallery import Gallery
    from xafs_workers.frontends.browser.server import BrowserServer, ListenAddress
    from xafs_workers.frontends.browser.viewer import ViewerCallbacks
    from xafs_workers.frontends.edge_energies import EdgeEnergies

    edges, notifier = EdgeEnergies(), Notifier.from_environment()
    follower = Follower(settings, connections, WEB, before_live=lambda: edges.wait(EDGE_TABLES_TIMEOUT))
    clicks = ClickDispatcher(*build_subscribers(settings, follower.publish_click))
    web = settings.web
    gallery = Gallery(
        follower.build_feed, stale_after=web.stale_seconds, request_results=follower.history.request_results
    )
    address = ListenAddress(web.host, web.port, web.prefix, web.origins, web.proxied, token)
    ports = ViewerCallbacks(clicks.put if web.pluck else None, edges.find_energy)
    try:
        server = BrowserServer(gallery, ports, address)
    except OSError as error:
        log.error("cannot_start", reason=f"{web.host}:{web.port}: {error.strerror} (expected a free port in web.port)")
        return EXIT_CANNOT_START
    server.on_tick = lambda: _watch(follower, supervisor, notifier, server.stop)
    follower.collect_extra_status = lambda: {
        "frame_seconds": server.frame_seconds,
        "viewers": len(server.viewers),
        "late_seconds": round(server.take_lateness(), 4),
    }
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    for part in (edges, follower, clicks):
        part.start()
    log.info("serving", address=server.url, token=token is not None)
    notifier.send_ready()
    server.run()
    notifier.send_stopping()
    clicks.close()
    follower.stop()
    code = EXIT_DIED if follower.failure or supervisor.failure else 0
    log.info("stopped", exit_code=code)
    return code


def _watch(follower: Follower, supervisor: ThreadSupervisor, notifier: Notifier, stop: Callable[[], None]) -> None:
    """Report to systemd while the loops of both threads turn, and end when a thread died."""
    if follower.failure or supervisor.failure:
        stop()
    elif follower.last_turn is None or time.monotonic() - follower.last_turn < STALL_SECONDS:
        notifier.send_watchdog()
