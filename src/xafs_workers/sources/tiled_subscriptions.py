"""Websocket subscriptions to nodes of a Tiled server, whose callbacks only put signals into a queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from xafs_workers.logs import get_logger

log = get_logger("sources")

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""A larger message ends Tiled's subscription for good, without a callback."""


class Signal(NamedTuple):
    """Something that happened to a node.

    Attributes
    ----------
    what
        ``child``, ``metadata``, ``data``, ``connected`` (not the first time), ``ended``.
    path
        Keys from the container of the runs to the node: run, stream, table.
    update
        The update of Tiled's client, None for the last two.
    """

    what: str
    path: tuple[str, ...]
    update: Any = None


class Subscriptions:
    """Subscriptions to nodes, by their path; each has a thread of its own.

    Parameters
    ----------
    signals
        Queue that gets what happens.
    on_signal
        Called after each signal.
    """

    def __init__(self, signals: queue.SimpleQueue[Signal], on_signal: Callable[[], object]):
        self._signals, self._on_signal = signals, on_signal
        self._open: dict[tuple[str, ...], _Subscription] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, path: object) -> bool:
        return path in self._open

    def add(self, path: tuple[str, ...], node: Any) -> None:
        """Subscribe to a node from as far back as the server keeps updates; one that is subscribed stays."""
        if path not in self._open:
            self._open[path] = _Subscription(path, node, self._put)

    def remove_dead(self) -> bool:
        """Remove the subscriptions whose thread has ended; return whether that of the runs' container was one."""
        dead = [path for path, one in self._open.items() if not one.is_alive]
        for path in dead:
            del self._open[path]
        return () in dead

    def remove(self, path: tuple[str, ...]) -> None:
        """End the subscriptions to a node and to those below it; nothing is waited for."""
        for place in [place for place in self._open if place[: len(path)] == path]:
            self._open.pop(place).end()

    def _put(self, signal: Signal) -> None:
        self._signals.put(signal)
        self._on_signal()


class _Subscription:
    """One subscription. The client holds callbacks weakly, so this object keeps them."""

    def __init__(self, path: tuple[str, ...], node: Any, put: Callable[[Signal], object]):
        self._path, self._put = path, put
        self._connections = 0
        self._client = node.subscribe()
        self._connect = self._client._connect  # noqa: SLF001 - no callback reports a new connection
        self._client._connect = self._note_connection  # noqa: SLF001
        for name, what in (("child_created", "child"), ("child_metadata_updated", "metadata"), ("new_data", "data")):
            registry = getattr(self._client, name, None)
            if registry is not None:
                callback = self._build_callback(what)
                setattr(self, f"_on_{what}", callback)
                registry.add_callback(callback)
        self._thread = threading.Thread(target=self._run, name=f"tiled {'/'.join(path)[:40]}", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def end(self) -> None:
        """End it, in a thread of its own: the client waits for its socket and its callbacks."""
        threading.Thread(target=self._client.disconnect, name="tiled end", daemon=True).start()

    def _build_callback(self, what: str) -> Callable[[Any], None]:
        def callback(update: Any) -> None:
            self._put(Signal(what, self._path, update))

        return callback

    def _note_connection(self, start: int | None = None, max_size: int = MAX_MESSAGE_BYTES) -> None:
        """Connect from as far back as the server has updates: a new server counts from 1 again."""
        self._connect(0, max_size=max_size)
        self._connections += 1
        if self._connections > 1:
            self._put(Signal("connected", self._path))

    def _run(self) -> None:
        try:
            self._client.start(0, max_size=MAX_MESSAGE_BYTES)
        except Exception as error:  # noqa: BLE001 - whatever ended it, the node is read by HTTP
            log.debug("subscription_ended", node="/".join(self._path), reason=f"{type(error).__name__}: {error!s:.200}")
        self._put(Signal("ended", self._path))
