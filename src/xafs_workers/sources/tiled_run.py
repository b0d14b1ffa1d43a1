"""One run in Tiled as the documents that it was written from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from xafs_workers.catalog.layouts import find_object_keys
from xafs_workers.scans.frames import NODE_PARAMETER, is_in_files
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.runs import select_scalar_keys

NamedDocument = tuple[str, dict[str, Any]]
TIMESTAMP_PREFIX = "ts_"
ROW_COLUMNS = frozenset({"seq_num", "time"})


@dataclass(slots=True)
class TiledStream:
    """What has been passed on of a stream.

    Attributes
    ----------
    descriptor
        uid of its descriptor.
    keys, internal
        Its data keys, and those of them whose values are in events.
    rows
        `seq_num` and time of each row passed on; a repeated point has another time.
    arrays
        Data keys in array nodes, which have a row for each row of the table.
    has_events
        Whether there is a table of events; a stream whose data are all in files may have none.
    streamed
        Of a stream without events: data keys with a number for each point.
    ends
        Number of points passed on of each of these.
    """

    descriptor: str
    keys: frozenset[str] = frozenset()
    internal: frozenset[str] = frozenset()
    rows: set[tuple[int, float]] = field(default_factory=set)
    arrays: tuple[str, ...] = ()
    has_events: bool = True
    streamed: tuple[str, ...] = ()
    ends: dict[str, int] = field(default_factory=dict[str, int])

    def has_points(self, count: int) -> bool:
        """Check whether that many points were passed on."""
        if self.has_events:
            return len({number for number, _ in self.rows}) >= count
        return min((self.ends.get(key, 0) for key in self.streamed), default=count) >= count


class DataFile(NamedTuple):
    """File of an array node, as Tiled describes it."""

    uri: str
    form: str
    parameters: Mapping[str, Any]


class TiledRun:
    """Bookkeeping of a run: every document is built once, whichever way it comes.

    Attributes
    ----------
    streams
        Streams whose descriptor was passed on.
    stop
        Stop document, which is held back until all points have come.
    due
        Time at which it is passed on in any case; None before it came.
    is_finished
        Whether it was passed on.
    """

    def __init__(self, uid: str, start: Mapping[str, Any]):
        self.uid, self.start = uid, to_plain(start)
        self.streams: dict[str, TiledStream] = {}
        self.stop: dict[str, Any] | None = None
        self.due: float | None = None
        self.is_started = self.is_finished = False

    def build_start(self) -> Iterator[NamedDocument]:
        """Yield the start document, once."""
        if not self.is_started:
            self.is_started = True
            yield "start", self.start

    def build_descriptor(self, name: str, metadata: Mapping[str, Any]) -> Iterator[NamedDocument]:
        """Yield the descriptor of a stream, once, with the fields that Tiled leaves out."""
        if name in self.streams:
            return
        described = to_plain(metadata)
        uid = str(described.get("uid") or f"{self.uid}/{name}")
        data_keys = as_mapping(described.get("data_keys"))
        has_events = not data_keys or not all(map(is_in_files, data_keys.values()))
        streamed = () if has_events else select_scalar_keys(data_keys)
        internal = frozenset(key for key, about in data_keys.items() if not is_in_files(about))
        keys = frozenset(data_keys)
        self.streams[name] = TiledStream(uid, keys, internal, has_events=has_events, streamed=streamed)
        objects = find_object_keys(described)
        time = described.get("time", self.start.get("time", 0.0))
        yield (
            "descriptor",
            {"object_keys": objects, **described, "uid": uid, "run_start": self.uid, "name": name, "time": time},
        )

    def build_events(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[NamedDocument]:
        """Yield an event for each row of a stream's table that is new."""
        stream = self.streams[name]
        for row in rows:
            number, time = int(row["seq_num"]), float(row["time"])
            if (number, time) in stream.rows:
                continue
            stream.rows.add((number, time))
            values = {key: to_plain(value) for key, value in row.items() if key not in ROW_COLUMNS}
            stamps = {key: value for key, value in values.items() if _is_timestamp(key, stream.keys)}
            yield (
                "event",
                {
                    "uid": f"{stream.descriptor}/{number}/{time}",
                    "descriptor": stream.descriptor,
                    "seq_num": number,
                    "time": time,
                    "data": {key: value for key, value in values.items() if key not in stamps},
                    "timestamps": {key.removeprefix(TIMESTAMP_PREFIX): value for key, value in stamps.items()},
                },
            )

    def build_resource(self, name: str, key: str, file: DataFile) -> Iterator[NamedDocument]:
        """Yield the document that names the file of an array node, once, with the path of the node."""
        stream = self.streams[name]
        if key in stream.ends:
            return
        stream.ends[key] = 0
        yield (
            "stream_resource",
            {
                "uid": self._name_resource(name, key),
                "run_start": self.uid,
                "data_key": key,
                "mimetype": file.form,
                "uri": file.uri,
                "parameters": {**file.parameters, NODE_PARAMETER: f"{self.uid}/{name}/{key}"},
            },
        )

    def build_frames(self, name: str, key: str, end: int) -> Iterator[NamedDocument]:
        """Yield the document of the frames of an array node up to an index, as far as they are new."""
        stream = self.streams[name]
        begin = stream.ends.get(key, end)
        if key not in stream.streamed or end <= begin:
            return
        stream.ends[key] = end
        resource = self._name_resource(name, key)
        yield (
            "stream_datum",
            {
                "uid": f"{resource}/{begin}",
                "stream_resource": resource,
                "descriptor": stream.descriptor,
                "indices": {"start": begin, "stop": end},
                "seq_nums": {"start": begin + 1, "stop": end + 1},
            },
        )

    def _name_resource(self, name: str, key: str) -> str:
        return f"{self.streams[name].descriptor}/{key}"

    def build_stop(self) -> Iterator[NamedDocument]:
        """Yield the stop document, once."""
        if self.stop is not None and not self.is_finished:
            self.is_finished = True
            yield "stop", self.stop

    @property
    def is_whole(self) -> bool:
        """Whether as many points came as the stop document counts, in each stream that has come at all."""
        expected = as_mapping((self.stop or {}).get("num_events"))
        return all(
            self.streams[name].has_points(count) if name in self.streams else not count
            for name, count in expected.items()
            if isinstance(count, int)
        )


def _is_timestamp(key: str, data_keys: Collection[str]) -> bool:
    return key.startswith(TIMESTAMP_PREFIX) and key.removeprefix(TIMESTAMP_PREFIX) in data_keys and key not in data_keys


def to_plain(value: Any) -> Any:
    """Return a value of a table or of metadata as documents have it: plain containers and numbers."""
    if isinstance(value, Mapping):
        return {key: to_plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(member) for member in value]
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biufc" and value.ndim else to_plain(value.tolist())
    return value.item() if isinstance(value, np.generic) else value
