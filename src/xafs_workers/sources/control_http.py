"""Control messages by HTTP on a loopback address, with a token."""

from __future__ import annotations

import hmac
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from xafs_workers import wire
from xafs_workers.logs import get_logger
from xafs_workers.producer.control_requests import ANSWERS_PATH, MESSAGES_PATH, MSGPACK
from xafs_workers.settings import HttpControl
from xafs_workers.sources.control_inbox import ENVELOPE_BYTES, ControlInbox, Refusal
from xafs_workers.threads import SupervisedThread

log = get_logger("sources")

REQUEST_SECONDS = 10.0
"""How long a client may take to send its request, seconds."""
MAX_CONNECTIONS = 64
STATUSES = {"unauthorised": 401, "too_large": 413, "malformed": 400, "unavailable": 503}


class HttpControlServer:
    """Server of control messages; it starts when it is made.

    Parameters
    ----------
    token
        Word that each request must carry.

    Raises
    ------
    OSError
        The port is taken.
    """

    def __init__(self, settings: HttpControl, token: str, inbox: ControlInbox):
        self._stop = threading.Event()
        self._server = _Server(settings, token, inbox, self._stop)
        self._thread = SupervisedThread(lambda: self._server.serve_forever(0.2), "control", self._stop.is_set)
        self._thread.start()
        log.info("control_listens", address=f"http://{settings.host}:{self.port}")

    @property
    def port(self) -> int:
        """Port on which it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, settings: HttpControl, token: str, inbox: ControlInbox, stop: threading.Event):
        self.inbox, self.stop, self.token = inbox, stop, token.encode()
        self.free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        if ":" in settings.host:
            self.address_family = socket.AF_INET6
        super().__init__((settings.host, settings.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own; one too many is closed at once."""
        if not self.free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and make its place free again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an error of one connection as a detail: a client that leaves early is no fault."""
        log.debug("control_connection_ended", client=str(client_address))


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version = "xafs-workers"
    sys_version = ""
    timeout = REQUEST_SECONDS

    def do_POST(self) -> None:
        """Carry out a request."""
        self.close_connection = True
        try:
            payload = self._read_payload()
        except Refusal as refusal:
            self._send(self.server.inbox.refuse(refusal), STATUSES[refusal.kind])
            return
        inbox = self.server.inbox
        if self.path == ANSWERS_PATH:
            try:
                _, body = inbox.parse(payload)
            except Refusal as refusal:
                self._send(inbox.refuse(refusal), STATUSES[refusal.kind])
                return
            self._send_reply(inbox.wait_for_answers(body, self.server.stop))
        else:
            self._send_reply(inbox.handle(payload))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: refusals are logged by the inbox."""

    def _read_payload(self) -> bytes:
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, b"Bearer " + self.server.token):
            raise Refusal("unauthorised", "the token is missing or wrong (expected the header Authorization: Bearer)")
        if self.path not in (MESSAGES_PATH, ANSWERS_PATH):
            raise Refusal("malformed", f"unknown path {self.path!r:.60} (expected {MESSAGES_PATH} or {ANSWERS_PATH})")
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            raise Refusal("malformed", "no Content-Length")
        limit = self.server.inbox.limit + ENVELOPE_BYTES
        if len(length) > len(str(limit)) or int(length) > limit:
            raise Refusal("too_large", f"{length[:20]} bytes: the limit is {self.server.inbox.limit}")
        payload = self.rfile.read(int(length))
        return payload if self.headers.get_content_type() == MSGPACK else self._wrap_json(payload)

    def _wrap_json(self, payload: bytes) -> bytes:
        """Return a request in JSON, as `curl` sends it, as the same request in msgpack."""
        try:
            body = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise Refusal("malformed", f"neither msgpack nor JSON: {error!s:.200}") from error
        if not isinstance(body, dict):
            raise Refusal("malformed", f"a {type(body).__name__} (expected an object)")
        try:
            if self.path == ANSWERS_PATH:
                return wire.encode("answers", body)
            return wire.encode("send", {"message": wire.encode("", body)})
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Refusal("malformed", f"cannot be encoded: {error!s:.200}") from error

    def _send_reply(self, reply: bytes) -> None:
        name, body = wire.decode(reply)
        status = STATUSES.get(str(body.get("kind")), 400) if name == "refused" else 202 if name == "accepted" else 200
        self._send(reply, status)

    def _send(self, reply: bytes, status: int) -> None:
        wants_msgpack = self.headers.get_content_type() == MSGPACK
        content = reply if wants_msgpack else json.dumps(wire.decode(reply)[1], default=str).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", MSGPACK if wants_msgpack else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
