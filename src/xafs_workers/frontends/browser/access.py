"""Who may look: everybody who reaches the port, or those who know the token."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

COOKIE_NAME = "xafs-workers"
LOGIN_PATH = "/login"

_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>XAFS live plots</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>body{font:1.1rem system-ui,sans-serif;
max-width:24rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}input,button{font:inherit;padding:.5rem;
width:100%;box-sizing:border-box;margin-top:.5rem}</style></head><body><h1>XAFS live plots</h1>
<form method="post"><label for="token">Token of this beamline</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus>
<button>Look</button></form><p role="alert">PROBLEM</p></body></html>"""


class TokenAuthProvider(AuthProvider):
    """Lets those look who bring the token, once: a cookie that is made from it keeps it."""

    def __init__(self, token: str):
        self._token = token
        super().__init__()

    @property
    def get_user(self) -> Any:
        """Return the function that tells who asks: somebody who may look, or None."""
        return lambda handler: "viewer" if self.is_valid_cookie(handler.get_cookie(COOKIE_NAME)) else None

    @property
    def login_url(self) -> str:
        """Where the token is asked for."""
        return LOGIN_PATH

    @property
    def login_handler(self) -> Any:
        """Return the handler that asks for it."""
        return type("Login", (_LoginHandler,), {"access": self})

    def is_valid_cookie(self, cookie: str | None) -> bool:
        """Tell whether a cookie was made from the token."""
        return cookie is not None and hmac.compare_digest(cookie, self.cookie)

    def is_valid_token(self, token: str) -> bool:
        """Tell whether this is the token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    @property
    def cookie(self) -> str:
        """What the browser keeps: the token cannot be read from it."""
        return hmac.new(self._token.encode(), b"may look", hashlib.sha256).hexdigest()


class _LoginHandler(RequestHandler):
    """Asks for the token; takes it from the address too, as `login?token=...`."""

    access: TokenAuthProvider

    def get(self) -> None:
        """Show the form, or take the token of the address."""
        given = self.get_query_argument("token", None)
        self._authenticate(given) if given is not None else self.write(_PAGE.replace("PROBLEM", ""))

    def post(self) -> None:
        """Take the token of the form."""
        self._authenticate(self.get_body_argument("token", ""))

    def _authenticate(self, token: str) -> None:
        root: str = self.application.prefix + "/"  # type: ignore[attr-defined]
        if self.access.is_valid_token(token.strip()):
            secure = self.request.protocol == "https"
            self.set_cookie(COOKIE_NAME, self.access.cookie, path=root, httponly=True, samesite="Strict", secure=secure)
            self.redirect(root)
            return
        self.set_status(403)
        self.write(_PAGE.replace("PROBLEM", "That is not the token."))
