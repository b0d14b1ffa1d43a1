"""One run as several sources bring it: which points have been passed on, and which wait with other sources."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.consumer.records import Partition, RawRecord
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.scans.metadata import as_mapping

Entry = tuple[RawRecord, Document]
PointKey = tuple[str, int]
"""Stream and `seq_num`: with the run's uid the identity of a point, which every source keeps."""


@dataclass(slots=True, eq=False)
class JoinedRun:
    """State of one run.

    Attributes
    ----------
    leader
        Name of the source that brought the start document.
    first_positions
        First record of the run in each partition.
    descriptors
        uid of the descriptor passed on for each stream.
    passed
        Points that were passed on, with their numbers for the comparison with other sources.
    waiting
        Points of other sources that the leader has not brought.
    descriptors_waiting, others_waiting
        Descriptors of other sources by stream; other documents of theirs, which only count without the leader.
    stop
        Stop document that is held back.
    due
        Time at which it is passed on, whatever is missing; None while nothing is held back.
    """

    uid: str
    leader: str
    first_positions: dict[Partition, RecordPosition] = field(default_factory=dict)
    descriptors: dict[str, str] = field(default_factory=dict)
    passed: dict[PointKey, Mapping[str, float]] = field(default_factory=dict)
    waiting: dict[PointKey, Entry] = field(default_factory=dict)
    descriptors_waiting: dict[str, Entry] = field(default_factory=dict)
    others_waiting: list[Entry] = field(default_factory=list)
    stop: Entry | None = None
    due: float | None = None
    is_closed: bool = False
    differs: bool = False

    def count_missing(self) -> dict[str, tuple[int, int]]:
        """Count by stream the points that are missing, and those that the stop document counts."""
        if self.stop is None:
            return {}
        expected = as_mapping(self.stop[1].doc.get("num_events"))
        found: dict[str, tuple[int, int]] = {}
        for stream, count in expected.items():
            if isinstance(count, int):
                have = sum(1 for name, _ in self.passed if name == stream)
                if have < count:
                    found[stream] = (count - have, count)
        return found

    @property
    def missing_count(self) -> int:
        """Number of points that are missing in all streams."""
        return sum(missing for missing, _ in self.count_missing().values())

    def describe_missing(self) -> str:
        """Describe the points that never arrived, '' for none."""
        parts = [
            f"{missing} of {count} points" + ("" if stream == "primary" else f" of the stream {stream}")
            for stream, (missing, count) in sorted(self.count_missing().items(), key=lambda item: item[0] != "primary")
        ]
        return f"{', '.join(parts)} never arrived" if parts else ""

    def note_passed(self, stream: str, doc: Mapping[str, Any], keeps_values: bool) -> None:
        """Note the points of an event, of a page or of a stream datum as passed on."""
        for number, data in iterate_points(doc):
            self.passed[stream, number] = extract_numbers(data) if keeps_values else {}
            self.waiting.pop((stream, number), None)

    def is_different(self, stream: str, number: int, data: Mapping[str, Any]) -> bool:
        """Check whether a point has other numbers than the one that was passed on."""
        known = self.passed.get((stream, number), {})
        return any(
            key in known and known[key] != value and not (math.isnan(known[key]) and math.isnan(value))
            for key, value in extract_numbers(data).items()
        )


def iterate_points(doc: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield `seq_num` and data of the points of an event, an event page or a stream datum (without data)."""
    numbers = doc.get("seq_num")
    if isinstance(numbers, int):
        yield numbers, as_mapping(doc.get("data"))
    elif isinstance(numbers, list):
        data = as_mapping(doc.get("data"))
        for row, number in enumerate(numbers):
            yield int(number), {key: values[row] for key, values in data.items() if row < len(values)}
    else:
        span = as_mapping(doc.get("seq_nums"))
        start, stop = span.get("start"), span.get("stop")
        if isinstance(start, int) and isinstance(stop, int):
            for number in range(start, stop):
                yield number, {}


def extract_numbers(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among an event's data."""
    return {key: float(value) for key, value in data.items() if isinstance(value, int | float)}


def split_page(item: Document) -> Iterator[Document]:
    """Yield the events of an event page."""
    doc = item.doc
    times = doc.get("time", [])
    for row, (number, data) in enumerate(iterate_points(doc)):
        when = times[row] if isinstance(times, list) and row < len(times) else item.time
        event = {
            "uid": f"{doc.get('uid', '')}/{number}",
            "descriptor": doc["descriptor"],
            "seq_num": number,
            "time": when,
            "data": dict(data),
            "timestamps": {},
        }
        yield item._replace(name="event", doc=event)
