"""Redis keys that today's plans read, written if a Redis server is configured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from xafs_workers.logs import get_logger
from xafs_workers.settings import KeyStore

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
    settings
        With the address of the server.
    before_write
        Called before each write; it raises Unavailable where this process may write nothing now.
    """

    def __init__(self, settings: KeyStore, before_write: Callable[[], object] = lambda: None):
        self._settings, self._before_write = settings, before_write
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

    def read(self, key: str) -> str | None:
        """Return the text of a key; None where there is none, or no answer."""
        found: list[bytes | None] = [None]

        def get(client: Any) -> None:
            found[0] = client.get(key)

        self._try(get)
        return None if found[0] is None else found[0].decode(errors="replace")

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _try(self, act: Callable[[Any], object]) -> bool:
        """Use the connection; return whether the server answered."""
        self._before_write()
        try:
            act(self._connect())
        except Exception as error:  # noqa: BLE001 - no driver, a bad URL, no server: the mirror is a convenience
            if not self._away:
                log.warning("key_store_away", reason=f"{type(error).__name__}: {error}")
            self._away = True
            self.close()  # the next attempt reads the password again
            return False
        if self._away:
            log.info("key_store_back")
        self._away = False
        return True

    def _connect(self) -> Any:
        if self._client is None:
            self._client = open_client(self._settings, TIMEOUT)
        return self._client


def open_client(settings: KeyStore, timeout: float) -> Any:
    """Open a client of the key store; it connects at its first request.

    Raises
    ------
    OSError, ValueError
        The file with the password cannot be read, or the address cannot be used. The text never has the password.
    """
    import redis

    url = settings.url or ""
    options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    if settings.password_file is not None:
        options["password"] = _read_password(settings.password_file)
    if settings.ca_file is not None and url.startswith("rediss://"):
        options["ssl_ca_certs"] = str(settings.ca_file)
    return redis.Redis.from_url(url, **options)


def _read_password(path: Path) -> str:
    password = path.read_text(errors="replace").strip()
    if not password:
        raise ValueError(f"key_store.password_file: {path} is empty (expected the password)")
    return password


def _to_texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _is_preset(text: bytes | None) -> bool:
    try:
        return text is not None and float(text) < PRESET_LIMIT
    except ValueError:
        return False
