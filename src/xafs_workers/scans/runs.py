"""Bluesky runs on the board: the start document, the points of `primary`, the stop document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xafs_workers.scans.arrays import ArrayStore, EventArrays
from xafs_workers.scans.frames import FrameTable
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.scans.metadata import as_mapping, as_shape, as_text, as_texts, unwrap_single
from xafs_workers.scans.points import Points

TimePosition = tuple[float, int, str, int, int]
"""Position of a record in time: (record time, rank, topic, partition, offset)."""

NUMERIC_DTYPES = ("number", "integer", "boolean")
"""Types of data keys with numbers, as Bluesky's descriptors name them."""

OPENING, DOCUMENT, CLOSING = 0, 1, 2
"""At equal times an opening message sorts before documents, a closing one after them."""


def build_time_position(time: float, rank: int, origin: RecordPosition) -> TimePosition:
    """Build the position of a record in time."""
    return (time, rank, origin.topic, origin.partition, origin.offset)


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Data of another stream than `primary`."""

    descriptor: Mapping[str, Any]
    points: Points
    arrays: EventArrays

    @property
    def data_keys(self) -> Mapping[str, Any]:
        """Data keys of the stream."""
        return as_mapping(self.descriptor.get("data_keys"))


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One Bluesky run.

    Attributes
    ----------
    start_position
        Position of the start document in record time.
    data_keys
        Data keys of the stream `primary`; empty before its descriptor arrives.
    baseline
        Numbers in the first reading of the stream `baseline`; empty before it arrives.
    resources
        Documents that name files with data of the run, as (name, document), in order.
    descriptor
        Descriptor of the stream `primary`; empty before it arrives.
    streams
        Data of the other streams but `baseline`, by name.
    pass_number
        `seq_num` of the event whose arrays are the points; None for a whole run.
    frames
        State of the data in files that stream documents name.
    """

    uid: str
    start: Mapping[str, Any]
    start_position: TimePosition
    data_keys: Mapping[str, Any] = field(default_factory=dict[str, Any])
    points: Points = field(default_factory=lambda: Points.create(()))
    stop: Mapping[str, Any] | None = None
    arrays: EventArrays = field(default_factory=lambda: EventArrays.create(()))
    baseline: Mapping[str, float] = field(default_factory=dict[str, float])
    resources: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    descriptor: Mapping[str, Any] = field(default_factory=dict[str, Any])
    streams: Mapping[str, Stream] = field(default_factory=dict[str, Stream])
    pass_number: int | None = None
    frames: FrameTable = field(default_factory=FrameTable)

    def find_data_keys(self, stream: str) -> Mapping[str, Any]:
        """Find the data keys of a stream by its name, empty for one that is not there."""
        other = self.streams.get(stream)
        return self.data_keys if stream == "primary" else {} if other is None else other.data_keys

    @property
    def hint(self) -> str:
        """Hint of the plan on the kind of scan, '' for none."""
        return as_text(self._kafka_metadata.get("hint"))

    @property
    def repetition(self) -> int | None:
        """Number of the repetition in a sequence, None if the plan does not give it."""
        count = self._kafka_metadata.get("count")
        return count if isinstance(count, int) else None

    @property
    def motors(self) -> tuple[str, ...] | None:
        """Names of the scanned motors, None if the start document does not contain them."""
        motors = self.start.get("motors")
        return None if motors is None else as_texts(motors)

    @property
    def detectors(self) -> tuple[str, ...]:
        """Names of the detectors."""
        return as_texts(self.start.get("detectors"))

    @property
    def xdi(self) -> Mapping[str, Any]:
        """XDI metadata of the start document, empty for none."""
        return as_mapping(self.start.get("XDI"))

    @property
    def element(self) -> str:
        """Symbol of the absorber, '' if the start document does not contain it."""
        return as_text(as_mapping(self.xdi.get("Element")).get("symbol"))

    @property
    def has_succeeded(self) -> bool:
        """Whether the run ended successfully."""
        return self.stop is not None and _is_text_of(self.stop.get("exit_status"), ("success",))

    @property
    def _kafka_metadata(self) -> Mapping[str, Any]:
        return as_mapping(self.start.get("BMM_kafka"))


@dataclass(frozen=True, slots=True, eq=False)
class FetchedRun:
    """Finished run that a scan names, or its spectra, from elsewhere than the document topic.

    Attributes
    ----------
    run
        None where the run is not available.
    problem
        What is not available, and why; it is not requested again.
    """

    uid: str
    run: Run | None
    problem: str = ""


MAX_DELAY = 3600.0
"""A document whose own time differs by more from its record's was recorded some other day: the record's counts."""


def find_document_time(item: Document) -> float:
    """Return the time that a document gives itself, else its record's, POSIX seconds.

    A document may be published long after it was made, for instance when a broker comes back.
    """
    own = item.doc.get("time")
    if not item.is_replayed and isinstance(own, int | float) and abs(own - item.time) <= MAX_DELAY:
        return float(own)
    return item.time


def build_run(item: Document) -> Run:
    """Build the run of a start document."""
    return Run(item.doc["uid"], item.doc, build_time_position(find_document_time(item), DOCUMENT, item.position))


def create_stream(descriptor: Mapping[str, Any]) -> Stream:
    """Create the empty stream of a descriptor."""
    data_keys = as_mapping(descriptor.get("data_keys"))
    points = Points.create(select_scalar_keys(data_keys), describe_other_keys(data_keys))
    return Stream(descriptor, points, EventArrays.create(select_array_keys(data_keys)))


def extract_numbers(data: Mapping[str, Any]) -> Mapping[str, float]:
    """Extract the numbers from an event's data; an array of one member is a number."""
    members = {str(key): unwrap_single(value) for key, value in data.items()}
    return {key: float(value) for key, value in members.items() if isinstance(value, int | float)}


def select_scalar_keys(data_keys: Mapping[str, Any]) -> tuple[str, ...]:
    """Select the data keys with one number for each point."""
    return tuple(str(name) for name, about in data_keys.items() if _is_scalar(as_mapping(about)))


def select_array_keys(data_keys: Mapping[str, Any]) -> tuple[str, ...]:
    """Select the data keys with an array for each point; a described length of 1 is not believed."""
    return tuple(str(name) for name, about in data_keys.items() if _is_array(as_mapping(about)))


def select_shaped_keys(data_keys: Mapping[str, Any]) -> tuple[str, ...]:
    """Select the data keys that have a shape, whatever their type."""
    return tuple(str(name) for name, about in data_keys.items() if as_shape(about))


def describe_other_keys(data_keys: Mapping[str, Any]) -> Mapping[str, str]:
    """Describe what the data keys contain that have no number for each point, for messages about a missing column."""
    return {
        str(name): _describe_data_key(as_mapping(about))
        for name, about in data_keys.items()
        if not _is_scalar(as_mapping(about))
    }


def _describe_data_key(about: Mapping[str, Any]) -> str:
    if _is_text_of(about.get("dtype"), ("string",)) and not as_shape(about):
        return "text"
    return f"an array of shape {as_shape(about)}" if _is_array(about) else "no number"


def _is_scalar(about: Mapping[str, Any]) -> bool:
    """Check for one number for each point: without a shape, or an array of one member."""
    shape, dtype = as_shape(about), about.get("dtype")
    return (_is_text_of(dtype, NUMERIC_DTYPES) and math.prod(shape) == 1) or (
        _is_text_of(dtype, ("array",)) and bool(shape) and math.prod(shape) == 1
    )


def _is_array(about: Mapping[str, Any]) -> bool:
    dtype, shape = about.get("dtype"), as_shape(about)
    return _is_text_of(dtype, ("array",)) or (_is_text_of(dtype, ("number", "integer")) and bool(shape))


def _is_text_of(dtype: object, allowed: tuple[str, ...]) -> bool:
    return isinstance(dtype, str) and dtype in allowed


def limit_array_memory(runs: Mapping[str, Run], limit: int, store: ArrayStore | None = None) -> Mapping[str, Run]:
    """Move the arrays of the oldest runs to files as long as all exceed a limit (bytes); without a store, remove them.

    What little stays of the runs with files is not counted: it is bounded by the number of runs that are kept.
    """
    total = sum(run.arrays.size for run in runs.values())
    if total <= limit:
        return runs
    holding = sorted((run for run in runs.values() if run.arrays.size), key=lambda run: run.start_position)
    left = runs
    for run in holding:
        if total <= limit:
            return left
        freed = run.arrays.free_memory(store)
        total -= run.arrays.size
        left = {**left, run.uid: replace(run, arrays=freed)}
    return left
