"""Redis keys that today's plans read, written if a Redis server is configured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from xafs_workers.logs import get_logger

log = get_logger("services")

TIMEOUT = 1.0
"""Time limit of one request, seconds."""
CLICK_KEYS = {
    "position": "BMM:mouse_event:value",
    "motor": "BMM:mouse_event:motor",
    "position2": "BMM:mouse_event:value2",
    "motor2": "BMM:mouse_event:motor2",
}
"""Fields of a click and the Redis keys that the beamline's `pluck` command polls."""

PRESET_LIMIT = -1e10
"""Plans preset a key to a number below this, and take any number above it for the reply."""

ConditionalResult = Literal["written", "not preset", "away"]


class KeyStoreWriter:
    """Writer of Redis keys; it logs once when the server is not available and once when it is back.

    Each write may take `TIMEOUT`, so never call it in a loop that must not wait.

    Parameters
    ----------
    url
        Address of the server, ``redis://host:port/db``.
    """

    def __init__(self, url: str):
        self._url = url
        self._client: Any = None
        self._away = False

    def write_click(self, click: Mapping[str, Any]) -> bool:
        """Write the keys of a picked position, all at once."""
        return self.write({key: click[part] for part, key in CLICK_KEYS.items() if part in click})

    def write(self, values: Mapping[str, Any]) -> bool:
        """Set keys to the texts of values; return whether the server took them."""
        return self._try(lambda client: client.mset(_to_texts(values)))

    def write_where_preset(self, values: Mapping[str, Any], presets: Collection[str]) -> ConditionalResult:
        """Set keys to the texts of values, all at once, while one of `presets` still has the value of a preset.

        Parameters
        ----------
        presets
            Keys that a plan presets and polls; without any the values are written unconditionally.
        """
        written = not presets

        def write(pipeline: Any) -> None:
            nonlocal written
            written = not presets or any(_is_preset(text) for text in pipeline.mget(presets))
            pipeline.multi()
            if written:
                pipeline.mset(_to_texts(values))

        # Redis repeats the function where another client changed a preset meanwhile.
        if not self._try(lambda client: client.transaction(write, *presets)):
            return "away"
        return "written" if written else "not preset"

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _try(self, act: Callable[[Any], object]) -> bool:
        """Use the connection; return whether the server answered."""
        try:
            act(self._connect())
        except Exception as error:  # noqa: BLE001 - no driver, a bad URL, no server: the mirror is a convenience
            if not self._away:
                log.warning("key_store_away", reason=f"{type(error).__name__}: {error}")
            self._away = True
            return False
        if self._away:
            log.info("key_store_back")
        self._away = False
        return True

    def _connect(self) -> Any:
        if self._client is None:
            import redis

            self._client = redis.Redis.from_url(self._url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        return self._client


def _to_texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _is_preset(text: bytes | None) -> bool:
    try:
        return text is not None and float(text) < PRESET_LIMIT
    except ValueError:
        return False
