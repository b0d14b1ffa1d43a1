"""Dispatch of clicked positions in a thread of its own, so that no subscriber delays the window."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.settings import Settings
from xafs_workers.threads import SupervisedThread

log = get_logger("workers")

ClickSubscriber = Callable[[Mapping[str, Any]], object]


class ClickDispatcher:
    """Dispatcher that passes each click to all subscribers, in order; one that fails does not affect the others."""

    def __init__(self, *subscribers: ClickSubscriber):
        self._subscribers = subscribers
        self._is_closed = False
        self._queue: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._thread = SupervisedThread(self._run, "clicks", lambda: self._is_closed)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, click: Mapping[str, Any]) -> None:
        """Queue a click; return at once."""
        self._queue.put(click)

    def close(self, timeout: float = 2.0) -> None:
        """Pass on the clicks that wait, then stop."""
        self._is_closed = True
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
    """Return the subscribers of clicks: the answers topic, and the key store where one is configured."""
    if settings.key_store.url is None:
        return (publish,)
    from xafs_workers.services.key_store import KeyStoreWriter

    return publish, KeyStoreWriter(settings.key_store).write_click
