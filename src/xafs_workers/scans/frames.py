"""Frames of stream documents: data in files that documents name chunk by chunk, read outside of the board."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.configured_columns import list_column_keys
from xafs_workers.scans.metadata import as_mapping, as_shape, as_text
from xafs_workers.scans.points import Points

Array = np.ndarray[Any, np.dtype[np.float64]]

MAX_STREAM_RESOURCES = 4096
"""Largest number of files of a run whose frames are read."""
NODE_PARAMETER = "tiled_node"
"""Parameter that the Tiled source adds to stream resource documents: the path of their frames in the server."""


class FrameRequest(NamedTuple):
    """Request for the frames of one stream datum document.

    Attributes
    ----------
    stream
        Name of the stream to which the frames belong.
    uri, form, dataset
        Place of the file, its MIME type, and the path of the data in it.
    start, stop
        First frame, and the one after the last.
    first_sequence
        `seq_num` of the point of the first frame.
    node
        Path of the frames in the Tiled server that brings the documents, and which reads the file; '' elsewhere.
    """

    run_uid: str
    stream: str
    key: str
    resource: str
    uri: str
    form: str
    dataset: str
    start: int
    stop: int
    first_sequence: int
    node: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The frames of a request, or why they are not there.

    Attributes
    ----------
    values
        Shape (stop - start,); None where they could not be read.
    is_final
        False for a problem that may pass, such as a file that has not grown yet.
    """

    request: FrameRequest
    values: Array | None = None
    problem: str = ""
    is_final: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """State of the frames of a run.

    Attributes
    ----------
    resources
        Stream resource documents by their uid.
    pending
        Requests whose frames have not come.
    held
        Frames of points that are not whole, by stream, data key and first `seq_num`.
    known
        Everything that was requested: the same frames are read once.
    problems
        Why requests have no frames.
    """

    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    pending: tuple[FrameRequest, ...] = ()
    held: Mapping[tuple[str, str], Mapping[int, Array]] = field(
        default_factory=dict[tuple[str, str], Mapping[int, Array]]
    )
    known: frozenset[tuple[str, int, int]] = frozenset()
    problems: Mapping[FrameRequest, str] = field(default_factory=dict[FrameRequest, str])

    def add_resource(self, doc: Mapping[str, Any]) -> FrameTable:
        """Add a stream resource document."""
        uid = as_text(doc.get("uid"))
        if not uid or uid in self.resources or len(self.resources) >= MAX_STREAM_RESOURCES:
            return self
        return replace(self, resources={**self.resources, uid: doc})

    def add_datum(self, doc: Mapping[str, Any], stream: str, keys: Container[str]) -> FrameTable:
        """Add the request of a stream datum document; one of no known resource, or a repeated one, adds nothing.

        Parameters
        ----------
        keys
            Data keys of the stream whose frames are read.
        """
        resource = self.resources.get(as_text(doc.get("stream_resource")))
        request = None if resource is None else _build_request(doc, resource, stream)
        if (
            request is None
            or request.key not in keys
            or (mark := (request.resource, request.start, request.stop)) in self.known
        ):
            return self
        return replace(self, pending=(*self.pending, request), known=self.known | {mark})

    def add_frames(self, item: Frames) -> FrameTable:
        """Add what came of a request."""
        request = item.request
        problems = {one: text for one, text in self.problems.items() if one != request}
        if item.values is None:
            problems[request] = item.problem
            pending = tuple(one for one in self.pending if one != request or not item.is_final)
            return replace(self, pending=pending, problems=problems)
        if request not in self.pending:
            return self
        place = (request.stream, request.key)
        chunks = {**self.held.get(place, {}), request.first_sequence: item.values}
        pending = tuple(one for one in self.pending if one != request)
        return replace(self, pending=pending, held={**self.held, place: chunks}, problems=problems)

    @property
    def note(self) -> str:
        """Why points are missing, '' if nothing is known to be."""
        first = min(self.problems, key=lambda request: request.first_sequence, default=None)
        return "" if first is None else self.problems[first]


def _build_request(doc: Mapping[str, Any], resource: Mapping[str, Any], stream: str) -> FrameRequest | None:
    indices, numbers = as_mapping(doc.get("indices")), as_mapping(doc.get("seq_nums"))
    places = (indices.get("start"), indices.get("stop"), numbers.get("start"))
    parameters = as_mapping(resource.get("parameters"))
    start, stop, first = places
    if not (isinstance(start, int) and isinstance(stop, int) and isinstance(first, int) and 0 <= start < stop):
        return None
    return FrameRequest(
        as_text(resource.get("run_start")),
        stream,
        as_text(resource.get("data_key")),
        as_text(resource.get("uid")),
        as_text(resource.get("uri")),
        as_text(resource.get("mimetype")),
        as_text(parameters.get("dataset")) or as_text(parameters.get("path")),
        start,
        stop,
        first,
        as_text(parameters.get(NODE_PARAMETER)),
    )


def is_in_files(about: Any) -> bool:
    """Check whether a data key's values are in files that stream documents name."""
    return as_text(as_mapping(about).get("external")).startswith("STREAM")


def list_needed_keys(data_keys: Mapping[str, Any], config: BoardConfig) -> tuple[str, ...]:
    """List the data keys in files without whose frames a point is not whole: the configured ones, else all numbers."""
    streamed = list_streamed_keys(data_keys)
    configured = set(list_column_keys(config))
    configured |= {key for table in config.detectors.table.values() for key in table.list_keys("")}
    return tuple(key for key in streamed if key in configured) or streamed


def list_streamed_keys(data_keys: Mapping[str, Any]) -> tuple[str, ...]:
    """List the data keys whose frames are in files, one number each."""
    return tuple(key for key, about in data_keys.items() if is_in_files(about) and set(as_shape(about)) <= {1})


def move_frames(
    table: FrameTable, stream: str, data_keys: Mapping[str, Any], points: Points, config: BoardConfig
) -> tuple[FrameTable, Points]:
    """Move frames from the table to the points of their stream; returns both.

    A stream that has data keys outside of files has an event for each point, as that of a step scan: frames are added
    to the points of events. Otherwise a point begins to exist when all its frames have come.
    """
    if not any(place[0] == stream for place in table.held):
        return table, points
    if all(map(is_in_files, data_keys.values())):
        return _take_whole_points(table, stream, list_needed_keys(data_keys, config), points)
    return _fill_points(table, stream, points)


def _fill_points(table: FrameTable, stream: str, points: Points) -> tuple[FrameTable, Points]:
    """Add the frames of points whose events have come; those of others wait in the table."""
    rows = {number: row for row, number in enumerate(points.sequence_numbers)}
    held, found = dict(table.held), dict[int, dict[str, float]]()
    for place, chunks in table.held.items():
        if place[0] != stream:
            continue
        values = {at + n: float(value) for at, chunk in chunks.items() for n, value in enumerate(chunk)}
        for number in rows.keys() & values.keys():
            found.setdefault(number, {})[place[1]] = values.pop(number)
        held[place] = {number: np.array([value]) for number, value in values.items()}
        if not values:
            del held[place]
    if not found:
        return table, points
    numbers = sorted(found)
    places = [rows[number] for number in numbers]
    columns = {key: points.get_column(key)[places] for key in points.keys}
    for place, number in enumerate(numbers):
        for key, value in found[number].items():
            columns[key][place] = value
    return replace(table, held=held), points.add_points(
        numbers, points.time[places].tolist(), {key: values.tolist() for key, values in columns.items()}
    )


def _take_whole_points(
    table: FrameTable, stream: str, needed: tuple[str, ...], points: Points
) -> tuple[FrameTable, Points]:
    """Move the frames of whole points from the table to the points; returns both."""
    first = len(points) + 1
    whole = min((_find_end(table.held.get((stream, key), {}), first) for key in needed), default=first)
    if whole == first:
        return table, points
    columns, held = dict[str, list[float]](), dict(table.held)
    for place, chunks in table.held.items():
        if place[0] == stream:
            columns[place[1]] = _cut(chunks, first, whole)
            held[place] = {at: values for at, values in chunks.items() if at + len(values) > whole}
    numbers = list(range(first, whole))
    return replace(table, held=held), points.add_points(numbers, [np.nan] * len(numbers), columns)


def _find_end(chunks: Mapping[int, Array], first: int) -> int:
    """Return the `seq_num` after the last one up to which there are frames without a gap."""
    end = first
    for at in sorted(chunks):
        if at > end:
            break
        end = max(end, at + len(chunks[at]))
    return end


def _cut(chunks: Mapping[int, Array], first: int, end: int) -> list[float]:
    """Return the values from one `seq_num` up to another; NaN where there are none."""
    values = np.full(end - first, np.nan)
    for at, chunk in chunks.items():
        low, high = max(at, first), min(at + len(chunk), end)
        if low < high:
            values[low - first : high - first] = chunk[low - at : high - at]
    return values.tolist()


def list_unread_frames(run_frames: FrameTable, keys: Callable[[str], Container[str]]) -> tuple[FrameRequest, ...]:
    """List the requests that have no frames, of the data keys that `keys` returns for the name of a stream."""
    requests = (*run_frames.pending, *(one for one in run_frames.problems if one not in run_frames.pending))
    return tuple(one for one in requests if one.key in keys(one.stream))
