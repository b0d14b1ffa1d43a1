"""Access to the browser view: open to all clients, or only to those with the token."""

from __future__ import annotations

import hashlib
import hmac
import math
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

from xafs_workers.frontends.browser.guarded_handlers import PLAIN_POLICY, build_plain_page
from xafs_workers.frontends.browser.guess_limit import GuessLimit
from xafs_workers.logs import get_logger

log = get_logger("browser")

COOKIE_NAME = "xafs-workers"
LOGIN_PATH = "/login"

_FORM = """<form method="post"><label for="token">Token of this beamline</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus>
<button>Open the plots</button></form><p role="alert">PROBLEM</p>"""


class TokenAuthProvider(AuthProvider):
    """Authentication by a token, which a user enters once; a cookie derived from it grants access afterwards.

    Wrong tokens are logged, and make further attempts from the same address wait.
    """

    def __init__(self, token: str):
        self._token = token
        self.limit = GuessLimit()
        super().__init__()

    @property
    def get_user(self) -> Any:
        """Return the function that names the user of a request, None if access is denied."""
        return lambda handler: "viewer" if self.is_valid_cookie(handler.get_cookie(COOKIE_NAME)) else None

    @property
    def login_url(self) -> str:
        """Path of the login page."""
        return LOGIN_PATH

    @property
    def login_handler(self) -> Any:
        """Return the request handler of the login page."""
        return type("Login", (_LoginHandler,), {"access": self})

    def is_valid_cookie(self, cookie: str | None) -> bool:
        """Check whether a cookie was derived from the token."""
        return cookie is not None and hmac.compare_digest(cookie.encode(), self.cookie.encode())

    def is_valid_token(self, token: str) -> bool:
        """Check whether a user entered the right token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    @property
    def cookie(self) -> str:
        """Value of the cookie; the token cannot be computed from it."""
        return hmac.new(self._token.encode(), b"may look", hashlib.sha256).hexdigest()


class _LoginHandler(RequestHandler):
    """Login page; the token can also be given in the address, as `login?token=...`."""

    access: TokenAuthProvider

    def get(self) -> None:
        """Show the form, or check the token in the address."""
        given = self.get_query_argument("token", None)
        self._authenticate(given) if given is not None else self._write_form()

    def post(self) -> None:
        """Check the token in the form."""
        self._authenticate(self.get_body_argument("token", ""))

    def _authenticate(self, token: str) -> None:
        root: str = self.application.prefix + "/"  # type: ignore[attr-defined]
        address = str(self.request.remote_ip)
        wait = math.ceil(self.access.limit.compute_wait(address))
        if wait:
            self.set_status(429)
            self.set_header("Retry-After", str(wait))
            self._write_form(f"Too many wrong tokens from this address. Try again in {wait} s.")
        elif self.access.is_valid_token(token.strip()):
            secure = self.request.protocol == "https"
            self.set_cookie(COOKIE_NAME, self.access.cookie, path=root, httponly=True, samesite="Strict", secure=secure)
            self.redirect(root)
        else:
            log.warning("wrong_token", address=address, wrong_tokens=self.access.limit.record_wrong_token(address))
            self.set_status(403)
            self._write_form("This token is wrong.")

    def _write_form(self, problem: str = "") -> None:
        self.set_header("Content-Security-Policy", PLAIN_POLICY)
        self.write(build_plain_page("XAFS live plots", _FORM.replace("PROBLEM", problem)))
