"""Documents from a Tiled server: updates by websocket, and whatever they may have missed by HTTP."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from xafs_workers.catalog.connection import Connection
from xafs_workers.catalog.errors import CatalogError
from xafs_workers.consumer.records import Partition
from xafs_workers.logs import get_logger
from xafs_workers.settings import Catalog, TiledDocuments
from xafs_workers.sources.queued import MICROSECONDS, QueuedSource
from xafs_workers.sources.tiled_run import ROW_COLUMNS, DataFile, NamedDocument, TiledRun, to_plain
from xafs_workers.sources.tiled_store import FinishedRuns
from xafs_workers.sources.tiled_subscriptions import Signal, Subscriptions
from xafs_workers.wire import encode

log = get_logger("sources")

STOP_SECONDS = 5.0
"""How long a stop document is held back for points that are still on their way, seconds."""
SILENT_SECONDS = 30.0
"""A run that is open and silent for so long is read by HTTP: its stop may have been sent while the socket was down."""
PROBE_SECONDS = 5.0
"""How often it is looked whether the server answers, seconds."""
RETRY_SECONDS = 1.0
"""Pause after a request that failed, seconds."""
TURN_SECONDS = 0.2
MAX_RUNS_READ = 1000
"""So many runs of the past are looked at, at most."""
TABLE, ARRAY = "table", "array"
TABLE_PART = "internal_"
"""First letters of the tables among which the columns of a wide stream are divided."""
MAX_ROW_BYTES = 2 * 1024 * 1024
"""An array node with larger rows, such as images, is not read."""


class TiledSource(QueuedSource):
    """Reads the runs of a container.

    Parameters
    ----------
    settings
        Address of the server, as a source of documents or as the catalog.
    newest
        Number of runs of the past that are looked at.
    store
        File with the uids of finished runs; None for a worker that stores nothing. Of the past it needs runs that are
        open, and those that ended not long before.
    gap
        How long before, seconds: repetitions of one sequence follow each other within this time.
    """

    def __init__(
        self,
        settings: TiledDocuments | Catalog,
        newest: int,
        store: Path | None,
        wake: threading.Event,
        gap: float = 0.0,
    ):
        super().__init__("tiled", "at-least-once", wake)
        is_catalog = isinstance(settings, Catalog)
        self._connection = Connection(settings) if is_catalog else Connection.from_documents(settings)
        self._newest = newest
        self._is_durable = store is not None
        self._finished = FinishedRuns(store)
        self._gap, self._since = gap, 0.0
        self._passed_over: set[str] = set()
        self._signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        self._subscriptions = Subscriptions(self._signals, lambda: None)
        self._runs: dict[str, TiledRun] = {}
        self._last_offsets: dict[str, int] = {}
        self._heard: dict[str, float] = {}
        self._probe_time = 0.0

    @property
    def socket_count(self) -> int:
        """Number of open subscriptions."""
        return len(self._subscriptions)

    def fetch_committed_offsets(self) -> dict[Partition, int]:
        """Return the present time where something was stored: what is needed is known by uids."""
        return {} if self._finished.is_new or not self._is_durable else {self.partition: time.time_ns() // 1000}

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Begin to read; a worker that stores nothing reads open runs, and those that ended after the position."""
        self._since = positions.get(self.partition, 0) / MICROSECONDS - self._gap
        super().assign(positions)

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store the uids of the runs that lie wholly before the position."""
        if self.partition not in positions or self._thread is None or not self._is_durable:
            return True
        position = positions[self.partition]
        done = [uid for uid, last in list(self._last_offsets.items()) if last < position]
        if not self._finished.add(done):
            return False
        for uid in done:
            self._last_offsets.pop(uid, None)
        return True

    def close(self) -> None:
        """Stop the thread and close all connections."""
        super().close()
        self._subscriptions.remove(())
        self._connection.close()

    def _run(self) -> None:
        while not self._stop.is_set() and not self._attempt(self._begin):
            self._stop.wait(RETRY_SECONDS)
        self._put_end()
        while not self._stop.is_set():
            self._attempt(self._turn)

    def _attempt(self, work: Any) -> bool:
        """Do something that asks the server; False, with the reason in the heartbeat, where that failed."""
        try:
            work()
        except CatalogError as error:
            if not self._problem:
                log.warning("tiled_trouble", reason=str(error))
            self._problem = f"tiled: {error}"
            self._stop.wait(RETRY_SECONDS)
            return False
        if self._problem:
            log.info("tiled_trouble_over")
            self._problem = ""
        return True

    def _begin(self) -> None:
        """Subscribe, then read what was there before: so nothing lies between the two."""
        with self._connection.open_runs() as runs:
            self._subscriptions.add((), runs)
            self._read_past(runs)
        self._probe_time = time.monotonic() + PROBE_SECONDS

    def _read_past(self, runs: Any) -> None:
        newest = self._list_newest(runs)
        nodes = [node for node in newest if self._is_needed(node)]
        self._passed_over = {_get_uid(node) for node in newest} - {_get_uid(node) for node in nodes}
        if self._finished.is_new:
            self._finished.add(_get_uid(node) for node in nodes if node.metadata.get("stop"))
            nodes = [node for node in nodes if not node.metadata.get("stop")]
        for node in sorted(nodes, key=lambda node: _get_time(node, "start")):
            self._read_run(node)

    def _list_newest(self, runs: Any) -> list[Any]:
        """Return the newest runs: at least `newest` of them, and on until one that was finished before."""
        found: list[Any] = []
        limit = MAX_RUNS_READ if self._is_durable else self._newest
        for node in islice(runs.sort(("start.time", -1)).values(), limit):  # page by page
            if len(found) >= self._newest and _get_uid(node) in self._finished:
                break
            if "start" in node.metadata:
                found.append(node)
        return found

    def _is_needed(self, node: Any) -> bool:
        if self._is_durable:
            return _get_uid(node) not in self._finished
        return not node.metadata.get("stop") or _get_time(node, "stop") >= self._since

    def _is_past(self, uid: str) -> bool:
        """Check whether a run that the websocket repeats was finished, or passed over, at the start."""
        return uid in self._finished or uid in self._passed_over

    def _turn(self) -> None:
        """Take what the websockets brought, and look after what they may have missed."""
        signals = self._take_signals()
        with self._connection.open_runs() as runs:
            for signal in signals:
                self._take_signal(runs, signal)
            if self._subscriptions.remove_dead():
                self._subscriptions.add((), runs)
                self._read_again(runs)
            self._pass_on_stops(runs)
            self._look_after(runs)

    def _take_signals(self) -> list[Signal]:
        try:
            signals = [self._signals.get(timeout=TURN_SECONDS)]
        except queue.Empty:
            return []
        while not self._signals.empty():
            signals.append(self._signals.get())
        return signals

    def _take_signal(self, runs: Any, signal: Signal) -> None:
        if signal.what == "connected":
            log.info("connected", source="tiled", node="/".join(signal.path))
            self._read_again(runs)
        elif signal.what == "child":
            self._take_child(signal)
        elif signal.what == "metadata" and len(signal.path) == 0:
            run = self._runs.get(signal.update.key)
            if run is not None:
                self._note_stop(run, signal.update.metadata)
        elif signal.what == "data":
            self._take_rows(runs, signal)

    def _take_child(self, signal: Signal) -> None:
        """Take a new run, a new stream, or a new table of a stream."""
        update, key = signal.update, str(signal.update.key)
        path = (*signal.path, key)
        if len(path) == 1:
            start = update.metadata.get("start")
            if not isinstance(start, Mapping) or key in self._runs or self._is_past(key):
                return
            self._follow_run(key, start)
            self._subscriptions.add(path, update.child())
            return
        run = self._runs.get(path[0])
        if run is None or run.is_finished:
            return
        if len(path) == 2:  # a stream
            self._emit(run, run.build_descriptor(key, update.metadata))
            self._subscriptions.add(path, update.child())
        elif update.structure_family == TABLE:
            if path[1] in run.streams:
                run.streams[path[1]].has_events = True
            self._subscriptions.add(path, update.child())
        elif update.structure_family == ARRAY and path[1] in run.streams:
            self._take_array(run, path, update)

    def _take_array(self, run: TiledRun, path: tuple[str, ...], update: Any) -> None:
        """Take a new array node: rows of a table, or frames of a stream without events."""
        (_, name, key), stream = path, run.streams[path[1]]
        if stream.has_events:
            stream.arrays = tuple(dict.fromkeys((*stream.arrays, key)))
            return
        self._emit(run, run.build_resource(name, key, _describe_file(update.data_sources)))
        if key in stream.streamed:
            self._subscriptions.add(path, update.child())

    def _take_rows(self, runs: Any, signal: Signal) -> None:
        run = self._runs.get(signal.path[0])
        if run is None or run.is_finished or signal.path[1] not in run.streams:
            return
        stream = signal.path[1]
        if signal.path[2] in run.streams[stream].ends:
            self._emit(run, run.build_frames(stream, signal.path[2], _find_end(signal.update)))
        elif run.streams[stream].arrays or signal.path[2].startswith(TABLE_PART):
            self._read_stream(run, stream, runs[run.uid][stream])
        else:
            frame = signal.update.data()
            self._emit(run, run.build_events(stream, frame.to_dict("records")))

    def _follow_run(self, uid: str, start: Mapping[str, Any]) -> TiledRun:
        run = self._runs[uid] = TiledRun(uid, start)
        self._emit(run, run.build_start())
        return run

    def _note_stop(self, run: TiledRun, metadata: Mapping[str, Any]) -> None:
        stop = metadata.get("stop")
        if isinstance(stop, Mapping) and run.stop is None:
            run.stop, run.due = to_plain(stop), time.monotonic() + STOP_SECONDS

    def _pass_on_stops(self, runs: Any) -> None:
        """Pass on the stop documents of runs that are whole, or that were held back long enough."""
        for run in [run for run in self._runs.values() if run.stop is not None and not run.is_finished]:
            if not run.is_whole:
                if run.due is None or time.monotonic() < run.due:
                    continue
                self._read_run(runs[run.uid])
            self._finish(run)

    def _finish(self, run: TiledRun) -> None:
        if run.is_finished:
            return
        self._emit(run, run.build_stop())
        self._last_offsets[run.uid] = self._last_offset
        self._subscriptions.remove((run.uid,))
        self._heard.pop(run.uid, None)
        run.streams.clear()

    def _look_after(self, runs: Any) -> None:
        """Read silent open runs by HTTP, and look whether the server answers."""
        now = time.monotonic()
        for run in list(self._runs.values()):
            if not run.is_finished and now - self._heard.get(run.uid, now) >= SILENT_SECONDS:
                self._heard[run.uid] = now
                self._read_run(runs[run.uid])
        if now >= self._probe_time:
            self._probe_time = now + PROBE_SECONDS
            runs.context.http_client.get(runs.context.api_uri)

    def _read_again(self, runs: Any) -> None:
        """Read all that may have been missed while a socket was down."""
        for node in reversed(self._list_newest(runs)):
            run = self._runs.get(_get_uid(node))
            if run is None or not run.is_finished:
                if run is not None or self._is_needed(node):
                    self._read_run(node)

    def _read_run(self, node: Any) -> None:
        """Read a run whole by HTTP, pass on what is new, and follow it if it is open."""
        uid, metadata = _get_uid(node), node.metadata
        run = self._runs.get(uid) or self._follow_run(uid, metadata["start"])
        is_open = not metadata.get("stop")
        if is_open:
            self._subscriptions.add((uid,), node)
        for name, stream in _sort_streams(node):
            self._emit(run, run.build_descriptor(name, stream.metadata))
            self._read_stream(run, name, stream)
        self._note_stop(run, metadata)
        if not is_open:
            self._finish(run)

    def _read_stream(self, run: TiledRun, name: str, node: Any) -> None:
        """Read the table of a stream whole, with the rows of its array nodes."""
        children = dict(node.items())
        arrays = {key: child for key, child in children.items() if _get_family(child) == ARRAY}
        run.streams[name].has_events |= any(_get_family(child) == TABLE for child in children.values())
        if not run.streams[name].has_events:
            self._read_frames(run, name, arrays)
            return
        arrays = {key: child for key, child in arrays.items() if _compute_row_size(child) <= MAX_ROW_BYTES}
        run.streams[name].arrays = tuple(arrays)
        tables = [child.read().to_dict("records") for child in children.values() if _get_family(child) == TABLE]
        rows = [{key: value for part in parts for key, value in part.items()} for parts in zip(*tables, strict=False)]
        if len(tables) > 1 or any(key.startswith(TABLE_PART) for key in children):
            # while a row is written, a part of it may be missing; after the stop nothing more comes
            expected = run.streams[name].internal - children.keys() if run.stop is None else frozenset[str]()
            rows = [row for row in rows if row.keys() >= ROW_COLUMNS | expected]
        new = [
            i for i, row in enumerate(rows) if (int(row["seq_num"]), float(row["time"])) not in run.streams[name].rows
        ]
        if new and arrays:
            first = new[0]
            columns = {key: np.asarray(child[first : len(rows)]) for key, child in arrays.items()}
            complete = min(len(column) for column in columns.values())
            for place in range(complete):
                rows[first + place] |= {key: column[place] for key, column in columns.items()}
            rows = rows[: first + complete]
        self._emit(run, run.build_events(name, rows))

    def _read_frames(self, run: TiledRun, name: str, arrays: Mapping[str, Any]) -> None:
        """Pass on how far the array nodes of a stream without events have grown."""
        for key, child in arrays.items():
            if key not in run.streams[name].ends:
                self._emit(run, run.build_resource(name, key, _describe_file(child.data_sources())))
            self._emit(run, run.build_frames(name, key, int(child.shape[0]) if child.shape else 0))

    def _emit(self, run: TiledRun, documents: Iterable[NamedDocument]) -> None:
        for name, document in documents:
            self._heard[run.uid] = time.monotonic()
            moment = document.get("time")
            self._put(encode(name, document), float(moment) if isinstance(moment, int | float) else time.time())


def _get_uid(node: Any) -> str:
    return str(node.item["id"])


def _get_family(node: Any) -> str:
    return str(getattr(node.structure_family, "value", node.structure_family))


def _find_end(update: Any) -> int:
    """Return how many frames an array node has after an update."""
    patch = update.patch
    return int(update.shape[0] if patch is None else patch.offset[0] + patch.shape[0])


def _compute_row_size(node: Any) -> int:
    """Return the size of a row of an array node, bytes."""
    return int(np.prod(node.shape[1:], dtype=np.int64)) * int(node.dtype.itemsize)


def _describe_file(sources: Any) -> DataFile:
    """Return the file of an array node."""
    for source in sources or ():
        uri = next((str(asset.data_uri) for asset in source.assets), "")
        return DataFile(uri, str(source.mimetype), to_plain(source.parameters or {}))
    return DataFile("", "", {})


def _get_time(node: Any, name: str) -> float:
    """Return the time of a run's start or stop document, 0 for none."""
    document = node.metadata.get(name)
    moment = document.get("time") if isinstance(document, Mapping) else None
    return float(moment) if isinstance(moment, int | float) else 0.0


def _sort_streams(node: Any) -> list[tuple[str, Any]]:
    """Return the streams of a run by the time of their descriptors."""
    streams = [(str(name), child) for name, child in node.items() if _get_family(child) == "container"]
    return sorted(streams, key=lambda item: float(item[1].metadata.get("time") or 0.0))
