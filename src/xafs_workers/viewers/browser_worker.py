"""The browser view, composed: LIVE delivery, a server of pages, no way to write into a proposal folder."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from xafs_workers.consumer.roles import WEB
from xafs_workers.logs import get_logger, hear_libraries, set_up
from xafs_workers.producer.kafka_config import KafkaConfigError, read_kafka_config
from xafs_workers.runtime.lifecycle import need
from xafs_workers.services.systemd_notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.viewers.access_token import NoToken, token_of
from xafs_workers.viewers.click_dispatcher import Clicks, takers
from xafs_workers.viewers.follower import Follower

log = get_logger("workers")

MISSING_PART = 2
"""Exit code: no Bokeh, a token that cannot be read, nobody told where the broker is, or the port is taken."""
DIED = 1
TABLES_SECONDS = 30.0
"""How long the first figure waits for the tables of the elements."""
HANGS_SECONDS = 30.0
"""A follower that has not turned for so long hangs."""
LIBRARIES = {"bokeh": "warning", "bokeh.server.views.ws": "error", "tornado": "warning", "tornado.access": "error"}
"""From which level on a library's own lines are logged: what a page may do at any time is no news."""


def run(settings: Settings) -> int:
    """Serve the browser view until a signal comes; return the exit code."""
    set_up(settings.logging.level, settings.logging.style, worker=WEB.name)
    need("bokeh")
    hear_libraries(LIBRARIES)
    try:
        config = read_kafka_config(settings.kafka)
        token = token_of(settings.web.token_file)
    except (KafkaConfigError, NoToken) as error:
        log.error("cannot_start", reason=str(error))
        return MISSING_PART
    from xafs_workers.frontends.browser.gallery import Gallery
    from xafs_workers.frontends.browser.server import Address, BrowserServer
    from xafs_workers.frontends.browser.viewer import ViewerPorts
    from xafs_workers.frontends.edge_energies import Edges

    edges, notifier = Edges(), Notifier.of_environment()
    follower = Follower(settings, config, WEB, before_live=lambda: edges.wait(TABLES_SECONDS))
    clicks = Clicks(*takers(settings, follower.click))
    web = settings.web
    gallery = Gallery(follower.feed, stale_after=web.stale_seconds)
    address = Address(web.host, web.port, web.prefix, web.origins, web.proxied, token)
    ports = ViewerPorts(clicks.put if web.pluck else None, edges.energy)
    try:
        server = BrowserServer(gallery, ports, address)
    except OSError as error:
        log.error("cannot_start", reason=f"{web.host}:{web.port}: {error.strerror}: expected a free port (web.port)")
        return MISSING_PART
    server.each_tick = lambda: _watch(follower, notifier, server.stop)
    follower.tells = lambda: {
        "frame_seconds": server.frame_seconds,
        "viewers": len(server.viewers),
        "late_seconds": round(server.lateness(), 4),
    }
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    for part in (edges, follower, clicks):
        part.start()
    log.info("serving", address=server.address, token=token is not None)
    notifier.ready()
    server.run()
    notifier.stopping()
    clicks.close()
    follower.stop()
    code = DIED if follower.died else 0
    log.info("stopped", exit_code=code)
    return code


def _watch(follower: Follower, notifier: Notifier, stop: Callable[[], None]) -> None:
    """Give a sign of life while the loop of both threads turns, and end when the follower died."""
    if follower.died:
        stop()
    elif follower.turned is None or time.monotonic() - follower.turned < HANGS_SECONDS:
        notifier.alive()
