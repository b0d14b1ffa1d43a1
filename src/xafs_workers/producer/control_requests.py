"""Requests of a session to the file manager where there is no Kafka: messages and answers, by HTTP or ZMQ.

A request is a record as on Kafka: ``send`` with a control message, ``answers`` with the id of one. So is the reply:
``accepted`` with the message's position, ``answers`` with a list, or ``refused`` with the reason.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from xafs_workers import wire
from xafs_workers.settings import Control, HttpControl, ZmqControl

if TYPE_CHECKING:
    import zmq

MESSAGES_PATH, ANSWERS_PATH = "/messages", "/answers"
MSGPACK = "application/msgpack"
MIN_TOKEN_LENGTH = 16
REPLY_SECONDS = 5.0
"""How long a reply may take beyond the time for which it was asked to wait, seconds."""


class RequestError(RuntimeError):
    """A request that the file manager refused, or that did not reach it; the text gives the reason."""


class ControlChannel(Protocol):
    """Connection to the file manager, for one thread at a time."""

    def request(self, name: str, body: Mapping[str, Any], wait: float = 0.0) -> Mapping[str, Any]:
        """Send a request and return the body of the reply; RequestError where there is none, or it was refused."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def open_channel(control: Control) -> ControlChannel:
    """Open the connection that the settings name.

    Raises
    ------
    RequestError
        They name none, or a file with a token or key that cannot be used.
    """
    if control.http is not None:
        return HttpChannel(control.http)
    if control.zmq is not None:
        return ZmqChannel(control.zmq)
    raise RequestError("there is no Kafka, and no way for control messages (expected control.http or control.zmq)")


def read_token(path: Path) -> str:
    """Return the token of a file.

    Raises
    ------
    RequestError
        The file cannot be read, others than its owner may read it, or the token is short.
    """
    try:
        mode, token = path.stat().st_mode, path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"control.http.token_file: {path}: {type(error).__name__}") from None
    if mode & 0o077:
        raise RequestError(f"control.http.token_file: {path}: mode {mode & 0o777:o} (expected 600: others can read it)")
    if len(token) < MIN_TOKEN_LENGTH or not token.isascii() or not token.isprintable() or " " in token:
        raise RequestError(
            f"control.http.token_file: {path} (expected one word of at least {MIN_TOKEN_LENGTH} letters and digits)"
        )
    return token


def check_reply(reply: bytes, wait: float = 0.0) -> Mapping[str, Any]:
    """Return the body of a reply; RequestError where it is a refusal, or unreadable."""
    try:
        name, body = wire.decode(reply)
    except wire.DecodeError as error:
        raise RequestError(f"the file manager's reply cannot be read: {error}") from error
    if name == "refused":
        raise RequestError(f"refused: {body.get('reason')}")
    return body


class HttpChannel:
    """Requests by HTTP, with the token of the settings."""

    def __init__(self, settings: HttpControl):
        self._settings, self._token = settings, read_token(settings.token_file)

    def request(self, name: str, body: Mapping[str, Any], wait: float = 0.0) -> Mapping[str, Any]:
        """Send a request; see `ControlChannel`."""
        path = MESSAGES_PATH if name == "send" else ANSWERS_PATH
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": MSGPACK}
        connection = http.client.HTTPConnection(self._settings.host, self._settings.port, timeout=wait + REPLY_SECONDS)
        try:
            connection.request("POST", path, wire.encode(name, body), headers)
            return check_reply(connection.getresponse().read())
        except (OSError, http.client.HTTPException) as error:
            address = f"{self._settings.host}:{self._settings.port}"
            raise RequestError(f"the file manager at {address}: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Return at once: each request has a connection of its own."""


class ZmqChannel:
    """Requests by ZMQ."""

    def __init__(self, settings: ZmqControl):
        self._settings = settings
        self._socket: zmq.Socket[bytes] | None = None

    def request(self, name: str, body: Mapping[str, Any], wait: float = 0.0) -> Mapping[str, Any]:
        """Send a request; see `ControlChannel`."""
        import zmq

        socket = self._socket = self._socket or self._connect()
        try:
            socket.send(wire.encode(name, body))
            if not socket.poll(round(1000 * (wait + REPLY_SECONDS))):
                raise RequestError(f"the file manager at {self._settings.address}: no reply")
            return check_reply(socket.recv())
        except zmq.ZMQError as error:
            raise RequestError(f"the file manager at {self._settings.address}: {error}") from error
        except RequestError:
            self._drop_socket()  # a late reply must not be taken for the next one
            raise

    def close(self) -> None:
        """Close the connection."""
        self._drop_socket()

    def _connect(self) -> zmq.Socket[bytes]:
        import zmq

        # The context of the process: one of our own would wait for ever at its end for a socket that is still open.
        socket = zmq.Context.instance().socket(zmq.REQ)
        socket.set(zmq.LINGER, 0)
        if self._settings.curve is not None:
            _set_client_keys(socket, self._settings.curve.secret, self._settings.curve.server)
        socket.connect(self._settings.address)
        return socket

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None


def _set_client_keys(socket: zmq.Socket[bytes], secret_file: Path, server_file: Path) -> None:
    import zmq.auth

    try:
        public, secret = zmq.auth.load_certificate(secret_file)
        server, _ = zmq.auth.load_certificate(server_file)
    except (OSError, ValueError) as error:
        raise RequestError(f"control.zmq.curve: {error}") from error
    if secret is None:
        raise RequestError(f"control.zmq.curve: {secret_file} has no secret key (expected the file key_secret)")
    socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = public, secret, server
