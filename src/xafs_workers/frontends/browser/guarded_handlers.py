"""Request handlers with the headers that protect a page, and with a refusal for requests that cannot be valid."""

# pyright: reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false
from __future__ import annotations

import time
from html import escape
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from bokeh.server.views.autoload_js_handler import AutoloadJsHandler
from bokeh.server.views.doc_handler import DocHandler
from bokeh.server.views.ws import WSHandler
from bokeh.util.token import check_token_signature, get_token_payload
from tornado.web import Application, HTTPError, RequestHandler

NONCE_VARIABLE = "nonce"
"""Variable of the page's template: the nonce that its inline scripts bear."""

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

_PAGE = (
    f"{_NOTHING}; connect-src 'self'; font-src 'self' data:; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval'"
)
"""Policy of the page. Bokeh compiles the code of its callbacks and writes style elements: hence both 'unsafe'."""

PLAIN_POLICY = f"{_NOTHING}; style-src 'unsafe-inline'"
"""Policy of the pages for a token and of errors."""

_HEADERS = {
    "Content-Security-Policy": _NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}

_SESSION_FIELDS = ("bokeh-token", "bokeh-session-id")
"""Ways to name a session in a request. The pages use none of them."""

_MAX_PATH = 4096

_PLAIN_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>TITLE</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root{color-scheme:light dark}a{color:inherit}
body{font:1.1rem system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem}
input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin-top:.5rem}
</style></head><body><main><h1>TITLE</h1>CONTENT</main></body></html>"""


def build_plain_page(title: str, content: str) -> str:
    """Return a page without plots; the content is HTML."""
    return _PLAIN_PAGE.replace("TITLE", escape(title)).replace("CONTENT", content)


def guard_handlers(application: Application) -> None:
    """Replace the handlers of an application by guarded ones, and remove the script that embeds the page elsewhere."""
    rules = application.wildcard_router.rules
    rules[:] = [rule for rule in rules if not issubclass(rule.target, AutoloadJsHandler)]
    for rule in rules:
        guard = next((guard for kind, guard in _GUARDS.items() if issubclass(rule.target, kind)), _Guard)
        rule.target = type(f"Guarded{rule.target.__name__}", (guard, rule.target), {})


class _Guard(RequestHandler):
    """Part of a handler that sets the headers, also those of errors, and refuses what cannot be valid."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the page of an error."""
        self.set_header("Content-Security-Policy", PLAIN_POLICY)
        way = f'<p>{escape(self._reason)}. <a href="{escape(self._get_root())}">Open the plots</a></p>'
        self.finish(build_plain_page(f"Error {status_code}", way))

    def _get_root(self) -> str:
        return getattr(self.application, "prefix", "") + "/"

    async def prepare(self) -> None:
        """Refuse invalid requests.

        Raises
        ------
        HTTPError
            Path, origin or named session is not valid.
        """
        path = unquote_to_bytes(self.request.path)
        if b"\0" in path or len(path) > _MAX_PATH:
            raise HTTPError(404)
        if not _is_origin(self.request.headers.get("Origin", "")):
            raise HTTPError(403)
        if any(name in self.request.arguments or name in self.request.headers for name in _SESSION_FIELDS):
            raise HTTPError(403)
        prepared: Any = super().prepare()
        if prepared is not None:
            await prepared


class _PageGuard(_Guard):
    async def get_session(self) -> Any:
        """Open a session, and allow the inline scripts that bear its nonce."""
        session = await super().get_session()
        nonce = session.document.template_variables[NONCE_VARIABLE]
        self.set_header("Content-Security-Policy", f"{_PAGE} 'nonce-{nonce}'")
        return session


class _SocketGuard(_Guard):
    async def prepare(self) -> None:
        """Refuse a connection without a token of this server; Bokeh would fail only after accepting it."""
        await super().prepare()
        names = [name.strip() for name in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if self.request.method == "GET" and (
            len(names) != 2 or names[0] != "bokeh" or not self._is_valid_token(names[1])
        ):
            raise HTTPError(403)

    def _is_valid_token(self, token: str) -> bool:
        application: Any = self.application
        try:
            signed, key = application.sign_sessions, application.secret_key
            if not check_token_signature(token, signed=signed, secret_key=key):
                return False
            return time.time() < get_token_payload(token)["session_expiry"]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return False  # what Bokeh raises for texts that are no tokens


_GUARDS: dict[type[RequestHandler], type[_Guard]] = {WSHandler: _SocketGuard, DocHandler: _PageGuard}


class UnknownPathHandler(_Guard):
    """Reply to a path at which there is nothing."""

    async def prepare(self) -> None:
        """Refuse the request."""
        raise HTTPError(404)


def _is_origin(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True
