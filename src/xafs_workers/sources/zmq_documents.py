"""Documents from a ZMQ proxy of Bluesky, without pickle."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import zmq
import zmq.auth
from zmq.utils.monitor import recv_monitor_message

from xafs_workers import wire
from xafs_workers.logs import get_logger
from xafs_workers.settings import CurveKeys, ZmqDocuments
from xafs_workers.sources.queued import QueuedSource

log = get_logger("sources")

POLL_MILLISECONDS = 100
HEARTBEAT_MILLISECONDS = 5000
"""ZMQ's own heartbeats: a connection that is lost without a word is noticed after two of them."""
RECONNECT_MILLISECONDS = (100, 2000)
"""First and longest pause before a new attempt to connect."""
PICKLE_MARKS = tuple(bytes((0x80, version)) for version in range(2, 6))
"""First bytes of pickles; msgpack writes 80 only for an empty map."""
SERIALIZER = "functools.partial(msgpack.packb, default=msgpack_numpy.encode)"
WATCHED_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


class ZmqSource(QueuedSource):
    """Reads documents of one publisher prefix; what is sent while nothing is connected is lost.

    Parameters
    ----------
    settings
        Address, prefix and keys.
    limit
        Largest frame that is decoded, bytes.
    """

    def __init__(self, settings: ZmqDocuments, limit: int, wake: threading.Event):
        super().__init__("zmq", "at-most-once", wake)
        self._settings, self._limit = settings, limit
        self._connection_problem = f"zmq: not connected to {settings.address}"
        self._serializer_problem = ""
        self._problem = self._connection_problem
        self.refused = 0

    def _run(self) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.SUB)
        monitor = socket.get_monitor_socket(WATCHED_EVENTS)
        try:
            self._connect(socket)
            self._put_end()
            poller = zmq.Poller()
            poller.register(socket, zmq.POLLIN)
            poller.register(monitor, zmq.POLLIN)
            while not self._stop.is_set():
                ready = dict(poller.poll(POLL_MILLISECONDS))
                if monitor in ready:
                    self._note_event(recv_monitor_message(monitor)["event"])
                if socket in ready:
                    self._receive(socket)
        finally:
            socket.disable_monitor()
            monitor.close(linger=0)
            socket.close(linger=0)
            context.term()

    def _connect(self, socket: zmq.Socket[bytes]) -> None:
        socket.set(zmq.RCVHWM, 0)  # unlimited: a full queue would drop documents silently
        socket.set(zmq.HEARTBEAT_IVL, HEARTBEAT_MILLISECONDS)
        socket.set(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS[0])
        socket.set(zmq.RECONNECT_IVL_MAX, RECONNECT_MILLISECONDS[1])
        if self._settings.curve is not None:
            set_curve_client(socket, self._settings.curve)
        socket.subscribe(self._settings.prefix.encode() + b" ")
        socket.connect(self._settings.address)

    def _receive(self, socket: zmq.Socket[bytes]) -> None:
        """Take all frames that have arrived."""
        while not self._stop.is_set():
            try:
                frame = socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._take_frame(frame)

    def _take_frame(self, frame: bytes) -> None:
        now = time.time()
        parts = frame.split(b" ", 2)
        if len(parts) != 3:  # prefix, name, document
            self._put(frame, now, "a ZMQ frame without prefix, name and document, parted by spaces")
            return
        _, name, payload = parts
        if payload[:2] in PICKLE_MARKS:
            self._refuse_pickle(name, now)
            return
        try:
            self._put(build_envelope(name, payload, self._limit), now)
        except ValueError as error:
            self._put(frame, now, f"ZMQ frame {name[:40]!r}: {error}")

    def _refuse_pickle(self, name: bytes, now: float) -> None:
        """Refuse a pickled document: one dead letter for all, and a line in the heartbeats."""
        self.refused += 1
        if self._serializer_problem:
            return
        prefix = self._settings.prefix.encode()
        fix = f"Publisher(address, prefix={prefix!r}, serializer={SERIALIZER})"
        self._serializer_problem = f"zmq: pickled documents are refused (expected at the RunEngine: {fix})"
        log.error("pickle_refused", source="zmq", fix=fix)
        self._put(None, now, f"document {name[:40]!r} as a pickle, which is never decoded (expected {fix})")
        self._update_problem()

    def _note_event(self, event: int) -> None:
        is_connected = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
        if is_connected == (not self._connection_problem):
            return
        if is_connected:
            self._connection_problem = ""
            log.info("connected", source="zmq", address=self._settings.address)
        else:
            self._connection_problem = f"zmq: not connected to {self._settings.address}"
            log.warning("disconnected", source="zmq", address=self._settings.address, by=zmq.Event(event).name)
        self._update_problem()

    def _update_problem(self) -> None:
        self._problem = "; ".join(part for part in (self._connection_problem, self._serializer_problem) if part)


def build_envelope(name: bytes, payload: bytes, limit: int) -> bytes:
    """Return a document as the value of a Kafka record: msgpack of name and document.

    Parameters
    ----------
    payload
        The document as msgpack, or as JSON.
    limit
        Largest payload, bytes.

    Raises
    ------
    ValueError
        It is too large, or is neither msgpack nor JSON.
    """
    if len(payload) > limit:
        raise ValueError(f"{len(payload)} bytes: the limit is {limit}")
    if payload[:1] == b"{":
        try:
            document: Any = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON: {error!s:.200}") from error
        return wire.encode(name.decode("ascii", "replace"), document)
    return wire.join_envelope(name, payload)


def set_curve_client(socket: zmq.Socket[bytes], keys: CurveKeys) -> None:
    """Give a socket the keys of a client.

    Raises
    ------
    ValueError, OSError
        A file of a key is missing or unusable.
    """
    public, secret = load_own_keys(keys.secret)
    server, _ = zmq.auth.load_certificate(keys.server)
    socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = public, secret, server


def load_own_keys(path: Path) -> tuple[bytes, bytes]:
    """Return the public and the secret key of a certificate.

    Raises
    ------
    ValueError, OSError
        The file is missing, or has no secret key.
    """
    public, secret = zmq.auth.load_certificate(path)
    if secret is None:
        raise ValueError(f"{path}: a certificate without a secret key (expected the file that ends with key_secret)")
    return public, secret
