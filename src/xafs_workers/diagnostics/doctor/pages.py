"""What the browser view needs: Bokeh, a port, a token that can be read, names under which it is seen."""

from __future__ import annotations

import http.client
import importlib.util
import socket
from collections.abc import Iterator

from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_fault, report_ok, report_warning
from xafs_workers.settings import Web
from xafs_workers.viewers.access_token import TokenFileError, read_access_token

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ALIVE_ANSWER = b"alive"
ANSWER_TIMEOUT = 3.0


def check_browser_view(case: Case) -> Iterator[Finding]:
    """Find out whether pages can be served, and to whom; only for that role."""
    if case.role != "web":
        return
    web = case.settings.web
    if importlib.util.find_spec("bokeh") is None:
        yield report_fault("pages", "Bokeh is not installed", "install xafs-workers[web]")
        return
    try:
        token = read_access_token(web.token_file)
    except TokenFileError as problem:
        yield report_fault(
            "pages", str(problem), "write a token into that file, readable for this account, or take it out"
        )
        return
    yield _check_port(web)
    yield from _check_remote_access(web, token is not None)


def _check_port(web: Web) -> Finding:
    where = f"{web.host}:{web.port}"
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web.host, web.port))
        except OSError as error:
            if _is_own_server(web):
                return report_ok("pages", f"{where}: the browser view answers there, below {web.prefix or '/'}")
            text = f"{where}: {error.strerror}"
            return report_warning("pages", text, "somebody else is there: choose another web.port or web.host")
    return report_ok("pages", f"{where} is free, below {web.prefix or '/'}")


def _is_own_server(web: Web) -> bool:
    """Check whether our own server has the port."""
    below = web.prefix.strip("/")
    connection = http.client.HTTPConnection(web.host, web.port, timeout=ANSWER_TIMEOUT)
    try:
        connection.request("GET", f"/{below}/alive" if below else "/alive")
        return connection.getresponse().read(len(ALIVE_ANSWER) + 1) == ALIVE_ANSWER
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _check_remote_access(web: Web, token: bool) -> Iterator[Finding]:
    if web.host in LOOPBACK:
        return
    if not web.origins:
        text = f"listens on {web.host}, but web.origins is empty: pages opened on other computers cannot connect"
        yield report_warning("pages", text, "name there the host, as browsers show it")
    if not token:
        yield report_warning("pages", "whoever reaches the port may look", "set web.token_file, unless that is meant")
