"""Events added to a run: to its points, its arrays and its other streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from xafs_workers.scans.arrays import ArrayStore, EventArrays
from xafs_workers.scans.items import Document
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run, Stream, extract_numbers


class _Grown(NamedTuple):
    """Points and arrays after some events."""

    points: Points
    arrays: EventArrays


def add_events(run: Run, items: Sequence[Document], limit: int, store: ArrayStore | None = None) -> Run:
    """Add events of the stream `primary`, or one event page.

    Parameters
    ----------
    limit
        Memory limit of the arrays, bytes.
    store
        Place for the arrays above it; None: there is none.
    """
    points, arrays = _grow(run.points, run.arrays, items, limit, store)
    return Run(
        run.uid,
        run.start,
        run.start_position,
        run.data_keys,
        points,
        run.stop,
        arrays,
        run.baseline,
        run.resources,
        run.descriptor,
        run.streams,
        frames=run.frames,
    )


def extend_stream(stream: Stream, items: Sequence[Document], limit: int, store: ArrayStore | None = None) -> Stream:
    """Add events of another stream, or one event page, to it; parameters as of `add_events`."""
    points, arrays = _grow(stream.points, stream.arrays, items, limit, store)
    return replace(stream, points=points, arrays=arrays)


def add_baseline(run: Run, item: Document) -> Run:
    """Store the first reading of the stream `baseline`; the same run is returned if it has one."""
    data: Mapping[str, Any] = item.doc["data"]
    if item.name == "event_page":
        if not len(item.doc["seq_num"]):
            return run
        data = {key: values[0] for key, values in data.items()}
    return run if run.baseline else replace(run, baseline=extract_numbers(data))


def _grow(
    points: Points, arrays: EventArrays, items: Sequence[Document], limit: int, store: ArrayStore | None
) -> _Grown:
    doc = items[0].doc
    if items[0].name == "event_page":
        return _add_page(points, arrays, doc, limit, store)
    if len(items) == 1:
        grown = points.add_point(doc["seq_num"], doc["time"], doc["data"])
        return _Grown(grown, arrays.add_point(doc["seq_num"], doc["data"], limit, store))
    docs = [item.doc for item in items]
    sequence, data = [one["seq_num"] for one in docs], [one["data"] for one in docs]
    columns = {key: [row.get(key) for row in data] for key in points.keys}
    grown = points.add_points(sequence, [one["time"] for one in docs], columns)
    return _Grown(grown, arrays.add_points(zip(sequence, data, strict=True), limit, store))


def _add_page(
    points: Points, arrays: EventArrays, doc: Mapping[str, Any], limit: int, store: ArrayStore | None
) -> _Grown:
    sequence, data = [int(number) for number in doc["seq_num"]], doc["data"]
    grown = points.add_points(sequence, doc["time"], data)
    if not arrays.keys:
        return _Grown(grown, arrays)
    rows = (
        (number, {key: data[key][row] for key in arrays.keys if key in data}) for row, number in enumerate(sequence)
    )
    return _Grown(grown, arrays.add_points(rows, limit, store))
