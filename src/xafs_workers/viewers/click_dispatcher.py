"""Picked positions handed on in a thread of their own: nothing that takes them can hold up the window."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.settings import Settings

log = get_logger("workers")

ClickSubscriber = Callable[[Mapping[str, Any]], object]


class ClickDispatcher:
    """Hands each click to all takers, in order; one that fails does not keep it from the others."""

    def __init__(self, *takers: ClickSubscriber):
        self._subscribers = takers
        self._queue: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="clicks", daemon=True)

    def start(self) -> None:
        """Start handing on."""
        self._thread.start()

    def put(self, click: Mapping[str, Any]) -> None:
        """Take a click; return at once."""
        self._queue.put(click)

    def close(self, timeout: float = 2.0) -> None:
        """Hand on what waits, then stop."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while (click := self._queue.get()) is not None:
            for take in self._subscribers:
                try:
                    take(click)
                except Exception:
                    log.exception("click_not_handed_on")


def build_subscribers(settings: Settings, publish: ClickSubscriber) -> tuple[ClickSubscriber, ...]:
    """Return who takes clicks: the answers topic, and the key store where there is one."""
    if settings.key_store.url is None:
        return (publish,)
    from xafs_workers.services.key_store import KeyStoreWriter

    return publish, KeyStoreWriter(settings.key_store.url).write_click
