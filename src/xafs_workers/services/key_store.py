"""The keys that today's plans read from Redis, where one is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xafs_workers.logs import get_logger

log = get_logger("services")

TIMEOUT = 1.0
CLICK_KEYS = {
    "position": "BMM:mouse_event:value",
    "motor": "BMM:mouse_event:motor",
    "position2": "BMM:mouse_event:value2",
    "motor2": "BMM:mouse_event:motor2",
}
"""Parts of a click, and the keys that `pluck` polls."""


class KeyStore:
    """Writes keys; a store that is away is told once and costs nothing else.

    Parameters
    ----------
    url
        ``redis://host:port/db``.
    """

    def __init__(self, url: str):
        import redis

        self._client: Any = redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._errors: tuple[type[Exception], ...] = (redis.RedisError,)
        self._told = False

    def click(self, click: Mapping[str, Any]) -> None:
        """Write a picked position."""
        self.write({key: click[part] for part, key in CLICK_KEYS.items() if part in click})

    def write(self, values: Mapping[str, Any]) -> None:
        """Set keys to values, as text."""
        try:
            self._client.mset({key: str(value) for key, value in values.items()})
            self._told = False
        except self._errors as error:
            if not self._told:
                log.warning("key_store_away", reason=str(error))
                self._told = True
