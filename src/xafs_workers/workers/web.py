"""The browser view, composed: LIVE delivery, a server of pages, no way to write into a proposal folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from xafs_workers.consumer.roles import WEB
from xafs_workers.logs import get_logger, hear_libraries, set_up
from xafs_workers.producer.kafka_config import KafkaConfigError, read_kafka_config
from xafs_workers.services.notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.workers.clicks import Clicks, takers
from xafs_workers.workers.follower import Follower
from xafs_workers.workers.life import need

log = get_logger("workers")

MISSING_PART = 2
"""Exit code: no Bokeh, a token that cannot be read, nobody told where the broker is, or the port is taken."""
DIED = 1
TABLES_SECONDS = 30.0
"""How long the first figure waits for the tables of the elements."""
LIBRARIES = {"bokeh": "warning", "bokeh.server.views.ws": "error", "tornado": "warning", "tornado.access": "error"}
"""From which level on a library's own lines are logged: what a page may do at any time is no news."""


TOKEN_VARIABLE = "XAFS_WORKERS_WEB_TOKEN"  # noqa: S105 - a name
SHORTEST = 8
"""No token has fewer characters: it could be guessed."""


class NoToken(ValueError):
    """The file with the token cannot be used."""


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
    from xafs_workers.frontends.edges import Edges

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


def token_of(path: Path | None) -> str | None:
    """Return what viewers must know, from a file or else the environment; None where nobody set it.

    Raises
    ------
    NoToken
        The file cannot be read, or holds nothing that could be guessed at.
    """
    where = f"web.token_file {path}" if path is not None else TOKEN_VARIABLE
    try:
        token = os.environ.get(TOKEN_VARIABLE, "") if path is None else path.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise NoToken(f"{where}: {error}: expected a file with one line") from error
    token = token.strip()
    if not token and path is None:
        return None
    if len(token) < SHORTEST:
        raise NoToken(f"{where}: {len(token)} characters: expected at least {SHORTEST}")
    return token


def _watch(follower: Follower, notifier: Notifier, stop: Callable[[], None]) -> None:
    """Give a sign of life, and end when the follower died."""
    if follower.died:
        stop()
        return
    notifier.alive()
