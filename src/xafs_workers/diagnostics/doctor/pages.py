"""What the browser view needs: Bokeh, a port, a token that can be read, names under which it is seen."""

from __future__ import annotations

import http.client
import importlib.util
import socket
from collections.abc import Iterator

from xafs_workers.diagnostics.doctor.finding import Case, Finding, fault, ok, warning
from xafs_workers.settings import Web
from xafs_workers.viewers.access_token import NoToken, token_of

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ALIVE = b"alive"
ANSWER_SECONDS = 3.0


def browser_view(case: Case) -> Iterator[Finding]:
    """Find out whether pages can be served, and to whom; only for that role."""
    if case.role != "web":
        return
    web = case.settings.web
    if importlib.util.find_spec("bokeh") is None:
        yield fault("pages", "Bokeh is not installed", "install xafs-workers[web]")
        return
    try:
        token = token_of(web.token_file)
    except NoToken as problem:
        yield fault("pages", str(problem), "write a token into that file, readable for this account, or take it out")
        return
    yield _port(web)
    yield from _seen_from_elsewhere(web, token is not None)


def _port(web: Web) -> Finding:
    where = f"{web.host}:{web.port}"
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web.host, web.port))
        except OSError as error:
            if _answers(web):
                return ok("pages", f"{where}: the browser view answers there, below {web.prefix or '/'}")
            text = f"{where}: {error.strerror}"
            return warning("pages", text, "somebody else is there: choose another web.port or web.host")
    return ok("pages", f"{where} is free, below {web.prefix or '/'}")


def _answers(web: Web) -> bool:
    """Tell whether it is our own server that has the port."""
    below = web.prefix.strip("/")
    connection = http.client.HTTPConnection(web.host, web.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", f"/{below}/alive" if below else "/alive")
        return connection.getresponse().read(len(ALIVE) + 1) == ALIVE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _seen_from_elsewhere(web: Web, token: bool) -> Iterator[Finding]:
    if web.host in LOOPBACK:
        return
    if not web.origins:
        text = f"listens on {web.host}, but web.origins is empty: pages opened on other computers cannot connect"
        yield warning("pages", text, "name there the host, as browsers show it")
    if not token:
        yield warning("pages", "whoever reaches the port may look", "set web.token_file, unless that is meant")
