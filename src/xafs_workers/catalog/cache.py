"""Cache of values that were read, limited in bytes; the least recently used value is dropped first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class Cache:
    """Values by key; safe to use from any thread.

    Parameters
    ----------
    limit
        Largest total size, bytes; a value larger than this is not stored.
    """

    def __init__(self, limit: int):
        self._limit = limit
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def get(self, key: Hashable, read: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the stored value of a key, or read and store it.

        Reading happens outside the lock: two threads that ask at the same time may both read.
        """
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key][0]
        value = read()
        self._store(key, value, size(value))
        return value

    def _store(self, key: Hashable, value: Any, size: int) -> None:
        with self._lock:
            if key in self._entries or size > self._limit:
                return
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, freed) = self._entries.popitem(last=False)
                self._bytes -= freed
