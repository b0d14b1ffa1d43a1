"""Finished runs read from Tiled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any, TypeVar

from xafs_workers.catalog import layouts
from xafs_workers.catalog.cache import Cache
from xafs_workers.catalog.connection import Connection
from xafs_workers.catalog.errors import MissingData, NotComplete, NotFound
from xafs_workers.catalog.finished_run import Asset, FinishedRun, NDArray, count_missing_points
from xafs_workers.catalog.retry import RetryPolicy, call_with_retries
from xafs_workers.catalog.search import RunSearch, list_found_uids, narrow_down
from xafs_workers.messages.analysing import LAST_RUN, WHOLE_UID_LENGTH
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Catalog as Settings

T = TypeVar("T")

UID = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""Allowed uids: a uid becomes part of an address, and messages are not trusted."""

RECORD_SEPARATOR = "\x1e"


class TiledRuns:
    """Runs of a Tiled catalog; all methods block in the caller's thread, and several threads may call them."""

    def __init__(self, settings: Settings, retry_policy: RetryPolicy | None = None):
        self._connection = Connection(settings)
        self._retry_policy = retry_policy or RetryPolicy.from_settings(settings)
        self._cache = Cache(settings.cache_bytes)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def wait_for_run(self, uid: str, stop: Event) -> FinishedRun:
        """Return a run as soon as it is complete; see `RunCatalog.wait_for_run`."""
        return call_with_retries(lambda: self.find_run(uid), self._retry_policy, stop)

    def find_run(self, uid: str) -> FinishedRun:
        """Return a run if it is complete now; see `RunSource.find_run`.

        Parameters
        ----------
        uid
            A uid, the first characters of one, or ``last`` for the run that started last.
        """
        whole = self._complete_uid(uid)
        run = self._cache.get(("run", whole), lambda: self._read_complete_run(whole), _estimate_run_size)
        return FinishedRun(run, self)

    def find_uids(self, search: RunSearch) -> tuple[str, ...]:
        """Return the uids of the runs that match, in order of time.

        Raises
        ------
        CatalogUnavailable, CatalogRefused
            The catalog does not answer, or refuses the search.
        """
        with self._connection.open_runs() as runs:
            return tuple(list_found_uids(narrow_down(runs, search), search))

    def read_baseline(self, uid: str, stop: Event) -> Points:
        """Return the scalars of the stream `baseline`; see `RunDetails`."""

        def read() -> Points:
            with self._open_node(uid) as node:
                stream = layouts.find_stream(node, "baseline")
                return Points.create(()) if stream is None else layouts.read_points(stream)

        return self._read_part(("baseline", uid), uid, read, _estimate_points_size, stop)

    def read_array(self, uid: str, key: str, stop: Event) -> NDArray:
        """Return the array of a data key of `primary`; see `RunDetails`."""

        def read() -> NDArray:
            with self._open_node(uid) as node:
                stream = layouts.find_stream(node, "primary")
                if stream is None:
                    raise MissingData(f"run {uid}: no stream primary")
                array = layouts.read_array(stream, key)
                array.flags.writeable = False
                return array

        return self._read_part(("array", uid, key), uid, read, lambda array: array.nbytes, stop)

    def list_assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Return the run's files; see `RunDetails`."""

        def read() -> tuple[Asset, ...]:
            with self._open_node(uid) as node:
                documents = fetch_documents(node)
                return layouts.find_assets(node) if documents is None else layouts.parse_asset_documents(documents)

        return self._read_part(("assets", uid), uid, read, lambda found: 200 * len(found), stop)

    def _read_part(
        self, key: tuple[str, ...], uid: str, read: Callable[[], T], size: Callable[[T], int], stop: Event
    ) -> T:
        """Read a part of a run as soon as the run is complete."""

        def read_complete() -> T:
            self.find_run(uid)
            return read()

        return call_with_retries(lambda: self._cache.get(key, read_complete, size), self._retry_policy, stop)

    def _complete_uid(self, uid: str) -> str:
        """Return the whole uid of a run that is named by the first characters of its uid, or as the last one."""
        if len(uid) >= WHOLE_UID_LENGTH:
            return uid
        from tiled.queries import Like

        _check_uid(uid)
        with self._connection.open_runs() as runs:
            if uid == LAST_RUN:
                found = runs.search(Like("start.uid", "%")).sort(("start.time", -1)).values().head(1)
            elif uid in runs:
                return uid
            else:
                found = runs.search(Like("start.uid", f"{uid}%")).values().head(2)
            uids = [str(node.metadata["start"]["uid"]) for node in found]
        if len(uids) > 1:
            raise MissingData(f"run {uid}: several runs begin so (expected more characters of the uid)")
        if not uids:
            raise NotFound(f"run {uid}: not in the catalog, or the API key may not read it")
        return uids[0]

    def _read_complete_run(self, uid: str) -> Run:
        with self._open_node(uid) as node:
            run = layouts.build_run(uid, node)
        missing = count_missing_points(run)
        if missing:
            total = len(run.points) + missing
            raise NotComplete(f"run {uid}: the catalog has {len(run.points)} of {total} points yet")
        return run

    @contextmanager
    def _open_node(self, uid: str) -> Iterator[Any]:
        """Open the container of a run, fetched from the server each time."""
        _check_uid(uid)
        with self._connection.open_runs() as runs:
            try:
                node = runs[uid]
            except KeyError:
                raise NotFound(f"run {uid}: not in the catalog, or the API key may not read it") from None
            yield node


def _check_uid(uid: str) -> None:
    if not UID.fullmatch(uid):
        raise MissingData(f"invalid uid {uid[:80]!r} (expected letters, digits and hyphens)")


def fetch_documents(node: Any) -> Iterator[tuple[str, Mapping[str, Any]]] | None:
    """Fetch the documents of a run in the older layout; None in today's layout, whose servers have no documents."""
    versions = [spec.version or "" for spec in node.specs if spec.name == "BlueskyRun"]
    if any(version.startswith("3.") for version in versions):
        return None
    import httpx
    from tiled.client.utils import handle_error

    link = node.item["links"]["self"].replace("/metadata", "/documents", 1)
    options = {"params": {"fill": False}, "headers": {"Accept": "application/json-seq"}}
    response: Any = node.context.http_client.get(link, **options)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise MissingData("the catalog provides no documents of this run, and only they name its files")
    handle_error(response)
    lines = response.text.split("\n")
    records = (line.lstrip(RECORD_SEPARATOR).strip() for line in lines)
    parsed = [json.loads(record) for record in records if record]
    return iter([(entry["name"], entry["doc"]) for entry in parsed])


def _estimate_points_size(points: Points) -> int:
    return 8 * len(points) * (len(points.keys) + 2)


def _estimate_run_size(run: Run) -> int:
    """Estimate the size of a run, bytes: its numbers, and its documents as text."""
    return _estimate_points_size(run.points) + sum(len(repr(doc)) for doc in (run.start, run.stop, run.data_keys))
