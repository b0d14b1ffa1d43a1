"""Connection to a Tiled server: opened at first use, with errors of `catalog.errors`; it never shows the API key."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from xafs_workers.catalog.errors import CatalogError, CatalogRefused, CatalogUnavailable
from xafs_workers.settings import Catalog as Settings
from xafs_workers.settings import TiledDocuments

API_KEY_VARIABLE = "TILED_API_KEY"
API_KEY = re.compile(r"\w+", re.ASCII)
"""Pattern of an API key; for anything else Tiled's client would prompt for a password."""

FORBIDDEN_STATUSES = (401, 403)
TRANSIENT_STATUSES = (408, 429)
SERVER_ERROR = 500

SPECIAL_CLIENTS = ("CatalogOfBlueskyRuns", "BlueskyRun", "BlueskyEventStream")
"""Specs that have clients in a plug-in. Loading these takes seconds, and `layouts` does not need them."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Address of a server, with API key, headers and TLS verification."""

    uri: str
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool = True

    @property
    def host(self) -> str:
        """Host and port, for error texts."""
        parts = urlsplit(self.uri)
        return parts.netloc.rpartition("@")[2]

    def hide_key(self, text: str) -> str:
        """Return a text with the API key replaced by asterisks."""
        return text.replace(self.api_key, "***") if self.api_key else text


def resolve_address(settings: Settings) -> ServerAddress:
    """Return the address of the catalog that the settings name.

    Raises
    ------
    CatalogRefused
        The settings name no address, or a profile or a key file that cannot be used.
    """
    profile = _load_profile(settings.profile) if settings.profile else {}
    uri = settings.uri or profile.get("uri")
    if not isinstance(uri, str) or not uri.startswith(("http://", "https://")):
        raise CatalogRefused(
            "catalog: no usable address (expected catalog.uri, or a profile whose uri begins with http:// or https://)"
        )
    bare, _, query = uri.partition("?")
    in_query = parse_qs(query).get("api_key", [None])[0]
    key = _read_key_file(settings) or in_query or os.environ.get(API_KEY_VARIABLE) or None
    if key is not None and not API_KEY.fullmatch(key):
        raise CatalogRefused("catalog: the API key is not valid (expected letters and digits on one line)")
    return ServerAddress(bare, key, profile.get("headers") or {}, profile.get("verify", True))


def _read_key_file(settings: Settings) -> str | None:
    if settings.api_key_file is None:
        return None
    try:
        key = settings.api_key_file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogRefused(f"catalog.api_key_file: {settings.api_key_file}: {type(error).__name__}") from None
    if not API_KEY.fullmatch(key):
        raise CatalogRefused(f"catalog.api_key_file: {settings.api_key_file} (expected one line of letters and digits)")
    return key


def _load_profile(name: str) -> Mapping[str, Any]:
    from tiled.profiles import load_profiles

    profiles = load_profiles()
    if name not in profiles:
        raise CatalogRefused(f"catalog.profile: no profile {name!r}; found: {', '.join(sorted(profiles)) or 'none'}")
    return profiles[name][1]


class Connection:
    """Tiled client, opened at the first use and again after a refusal; safe to use from several threads."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._lock = Lock()
        self._address: ServerAddress | None = None
        self._root: Any = None

    @classmethod
    def from_documents(cls, settings: TiledDocuments) -> Connection:
        """Return the connection to the server that brings the documents."""
        return cls(
            Settings(uri=settings.uri, path=settings.path, api_key_file=settings.api_key_file, timeout=settings.timeout)
        )

    @contextmanager
    def open_runs(self) -> Iterator[Any]:
        """Open the container of the runs; errors inside the block are raised as those of `catalog.errors`.

        Raises
        ------
        CatalogUnavailable
            No answer in time, no connection, or a server error.
        CatalogRefused
            The server refused the request, or the settings cannot be used.
        """
        import httpx

        try:
            yield self._ensure_open()
        except CatalogError as error:
            if isinstance(error, CatalogRefused):
                self.close()
            raise
        except httpx.HTTPStatusError as error:
            refusal = self._build_refusal(error.response.status_code)
            if isinstance(refusal, CatalogRefused):
                self.close()  # the key in the file may be a new one next time
            raise refusal from None
        except httpx.HTTPError as error:
            raise self._build_unavailable(_format_error(error)) from None
        except RuntimeError as error:
            if self._root is not None and not self._root.context.http_client.is_closed:
                raise
            raise self._build_unavailable(f"the connection was closed meanwhile ({error})") from None

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            root, self._root = self._root, None
        if root is not None:
            root.context.close()

    def _ensure_open(self) -> Any:
        with self._lock:
            if self._root is None:
                self._address = resolve_address(self._settings)
                self._root = self._connect(self._address)
            return self._root

    def _connect(self, address: ServerAddress) -> Any:
        import httpx
        from tiled.client.constructors import from_context
        from tiled.client.context import Context

        timeout = httpx.Timeout(self._settings.timeout)
        # Tiled's client repeats failed requests for 45 s, so it is only opened when the server answers.
        with httpx.Client(verify=address.verify, timeout=timeout, follow_redirects=True) as plain:
            self._check_status(plain.get(address.uri))
        context, parts = Context.from_any_uri(
            address.uri,
            api_key=address.api_key,
            headers=dict(address.headers),
            verify=address.verify,
            timeout=timeout,
            show_progress=False,
        )
        try:
            context.http_client.send = self._wrap_send(context.http_client.send)
            self._check_authentication(context)
            path = [part for part in self._settings.path.split("/") if part]
            clients: Any = build_plain_clients()
            return from_context(context, structure_clients=clients, node_path_parts=[*parts, *path])
        except BaseException:
            context.close()
            raise

    def _check_authentication(self, context: Any) -> None:
        """Raise CatalogRefused if the client would prompt for a password."""
        if context.authenticated or not context.server_info.authentication.required:
            return
        if not (context.server_info.authentication.providers and context.use_cached_tokens()):
            raise CatalogRefused(
                f"{self._host}: requires an API key (expected catalog.api_key_file or ${API_KEY_VARIABLE})"
            )

    def _wrap_send(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the client's sender so that it does not repeat failures: it repeats only httpx's own errors."""
        import httpx

        def send_once(*args: Any, **options: Any) -> Any:
            try:
                response = send(*args, **options)
            except httpx.HTTPError as error:
                raise self._build_unavailable(_format_error(error)) from None
            return self._check_status(response)

        return send_once

    def _check_status(self, response: Any) -> Any:
        status = response.status_code
        if status in TRANSIENT_STATUSES or status >= SERVER_ERROR:
            response.close()
            raise self._build_unavailable(f"answered {status}")
        return response

    @property
    def _host(self) -> str:
        return self._address.host if self._address else "the profile's address"

    def _build_unavailable(self, why: str) -> CatalogUnavailable:
        text = f"Tiled at {self._host}: {why}"
        return CatalogUnavailable(self._address.hide_key(text) if self._address else text)

    def _build_refusal(self, status: int) -> CatalogError:
        if status in FORBIDDEN_STATUSES:
            return CatalogRefused(
                f"{self._host}: answered {status}: the API key is missing, wrong, or has no right to read"
            )
        return CatalogRefused(f"{self._host}: answered {status} to a request that should be possible")


def _format_error(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def build_plain_clients() -> Mapping[str, Any]:
    """Return Tiled's own clients by structure, without those of plug-ins; streams are plain containers."""
    from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH, Container
    from tiled.utils import OneShotCachedMap

    known: Any = DEFAULT_STRUCTURE_CLIENT_DISPATCH["numpy"]

    def make_loader(name: str) -> Callable[[], Any]:
        return lambda: known[name]

    loaders = {name: make_loader(name) for name in known if name not in SPECIAL_CLIENTS}
    return OneShotCachedMap({**loaders, "composite": lambda: Container})
