"""Control messages by ZMQ: over a socket of this account's own, or over tcp with keys."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from xafs_workers import wire
from xafs_workers.logs import get_logger
from xafs_workers.settings import ZmqControl
from xafs_workers.sources.control_inbox import ControlInbox, Refusal, is_final, read_wait
from xafs_workers.sources.zmq_documents import load_own_keys
from xafs_workers.threads import SupervisedThread

log = get_logger("sources")

IPC = "ipc://"
POLL_MILLISECONDS = 20
MAX_WAITING = 256
"""So many requests for answers may wait at once."""


@dataclass(slots=True)
class _WaitingRequest:
    """Request for answers that is held back."""

    route: list[bytes]
    body: dict[str, Any]
    deadline: float
    answers: list[dict[str, Any]]
    following: int


class ZmqControlServer:
    """Server of control messages; it starts when it is made.

    Raises
    ------
    OSError, ValueError
        The address is taken, or a key cannot be used.
    """

    def __init__(self, settings: ZmqControl, inbox: ControlInbox):
        self._settings, self._inbox = settings, inbox
        self._stop = threading.Event()
        self._context = zmq.Context()
        self._authenticator: ThreadAuthenticator | None = None
        self._waiting: list[_WaitingRequest] = []
        try:
            self._socket = self._bind()
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._thread = SupervisedThread(self._run, "control", self._stop.is_set)
        self._thread.start()
        log.info("control_listens", address=settings.address)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join(5.0)
        if self._authenticator is not None:
            self._authenticator.stop()
        self._socket.close(linger=0)
        self._context.term()
        if self._settings.address.startswith(IPC):
            Path(self._settings.address.removeprefix(IPC)).unlink(missing_ok=True)

    def _bind(self) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.ROUTER)
        socket.set(
            zmq.MAXMSGSIZE, 2 * self._inbox.limit
        )  # what is larger is never held in memory: its sender is cut off
        if self._settings.curve is not None:
            self._authenticator = ThreadAuthenticator(self._context)
            self._authenticator.start()
            self._authenticator.configure_curve(domain="*", location=str(self._settings.clients))
            socket.curve_publickey, socket.curve_secretkey = load_own_keys(self._settings.curve.secret)
            socket.curve_server = True
        try:
            if self._settings.address.startswith(IPC):
                _bind_private(socket, Path(self._settings.address.removeprefix(IPC)))
            else:
                socket.bind(self._settings.address)
        except zmq.ZMQError as error:
            raise OSError(error.errno, f"{self._settings.address}: {error.strerror}") from error
        return socket

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._socket.poll(POLL_MILLISECONDS if self._waiting else 5 * POLL_MILLISECONDS):
                self._handle(self._socket.recv_multipart())
            self._answer_waiting()

    def _handle(self, frames: list[bytes]) -> None:
        *route, payload = frames
        try:
            name, body = self._inbox.parse(payload)
            if name == "answers" and len(self._waiting) < MAX_WAITING:
                answers, following = self._inbox.find_answers(body)
                deadline = time.monotonic() + read_wait(body)
                self._waiting.append(_WaitingRequest(route, dict(body), deadline, answers, following))
                return
        except Refusal as refusal:
            self._reply(route, self._inbox.refuse(refusal))
            return
        self._reply(route, self._inbox.handle(payload))

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            more, request.following = self._inbox.find_answers(request.body, request.following)
            request.answers += more
            if is_final(request.answers) or time.monotonic() >= request.deadline:
                self._reply(request.route, wire.encode("answers", {"answers": request.answers}))
            else:
                self._waiting.append(request)

    def _reply(self, route: list[bytes], reply: bytes) -> None:
        try:
            self._socket.send_multipart([*route, reply], zmq.NOBLOCK)
        except zmq.ZMQError as error:  # its client has gone
            log.debug("control_reply_lost", reason=str(error))


def _bind_private(socket: zmq.Socket[bytes], path: Path) -> None:
    """Bind a socket file that only this account may use, from its first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = os.umask(0o177)
    try:
        socket.bind(f"{IPC}{path}")
    finally:
        os.umask(before)
    path.chmod(0o600)
