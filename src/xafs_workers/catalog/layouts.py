"""Readers of the layouts in which Tiled stores runs; they return `Run` and `Points`.

Today's layout, written by `bluesky_tiled_plugins.TiledWriter` (BlueskyRun 3.0): a stream contains tables
``internal*`` and arrays, and its metadata is the descriptor. Some versions put the streams one level lower, in
``streams``. Older layout, served by databroker (BlueskyRun 2.0): a stream contains the data set ``data``, and its
metadata lists the descriptors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from xafs_workers.catalog.errors import MissingData, NotComplete
from xafs_workers.catalog.finished_run import Asset, NDArray
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import DOCUMENT, Run, select_scalar_keys

STREAM_SPEC = "BlueskyEventStream"
_FRAME_PATTERN = re.compile(r"\{:0?([0-9]*)d?\}")
"""Pattern of the frame's number in templates."""

DATA = "data"
"""Name of a stream's data set in the older layout."""


def to_plain(value: Any) -> Any:
    """Convert metadata into dicts and lists, as in documents."""
    if isinstance(value, Mapping):
        return {str(key): to_plain(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [to_plain(member) for member in value]
    return value


def build_run(uid: str, node: Any) -> Run:
    """Read a run with all its points.

    Raises
    ------
    NotComplete
        The run has no stop document yet.
    MissingData
        The node is not a run.
    """
    metadata = to_plain(node.metadata)
    start, stop = as_mapping(metadata.get("start")), as_mapping(metadata.get("stop"))
    if not start:
        raise MissingData(f"run {uid}: the catalog's entry is not a run: it has no start document")
    if not stop:
        raise NotComplete(f"run {uid}: the catalog has no stop document yet")
    stream = find_stream(node, "primary")
    begins = (float(start.get("time") or 0.0), DOCUMENT, "", 0, 0)
    if stream is None:
        return Run(uid, start, begins, stop=stop)
    descriptor = read_descriptor(stream)
    return Run(uid, start, begins, read_data_keys(stream), read_points(stream), stop, descriptor=descriptor)


def find_stream(node: Any, name: str) -> Any:
    """Return a stream of a run by name, None if the run has no such stream."""
    children = dict(node.items())
    if name in children:
        return children[name]
    inner = children.get("streams")
    if inner is None or STREAM_SPEC in _get_specs(inner):
        return None
    return dict(inner.items()).get(name)


def read_descriptor(stream: Any) -> Mapping[str, Any]:
    """Return a stream's first descriptor."""
    metadata = to_plain(stream.metadata)
    descriptors = metadata.get("descriptors") or [metadata]
    first = as_mapping(descriptors[0])
    return {"object_keys": find_object_keys(first), **first}


def find_object_keys(descriptor: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """Find the data keys of each device by the data keys themselves: today's layout has no `object_keys`."""
    found: dict[str, list[str]] = {}
    for key, about in as_mapping(descriptor.get("data_keys")).items():
        if owner := as_text(as_mapping(about).get("object_name")):
            found.setdefault(owner, []).append(str(key))
    return found


def read_data_keys(stream: Any) -> Mapping[str, Any]:
    """Return the data keys of a stream's first descriptor."""
    return as_mapping(read_descriptor(stream).get("data_keys"))


def read_points(stream: Any) -> Points:
    """Read the scalars of a stream.

    Points that were written twice count once; those of a stream without events have no time.
    """
    keys = select_scalar_keys(read_data_keys(stream))
    data = _find_older_data(stream)
    columns = _read_columns(stream, keys) if data is None else _read_older_columns(data, keys)
    present = [key for key in keys if key in columns]
    length = min((len(columns[key]) for key in present), default=0)
    times = columns.get("time") or [math.nan] * length  # a stream in files has no events
    sequence = columns.get("seq_num") or range(1, len(times) + 1)
    points = Points.create(keys)
    # Parts of a wide table may differ in length while it is written: only complete rows count.
    for number, time, *row in zip(sequence, times, *(columns[key] for key in present), strict=False):
        points = points.add_point(int(number), time, dict(zip(present, row, strict=True)))
    return points


def _read_columns(stream: Any, keys: tuple[str, ...]) -> dict[str, list[Any]]:
    """Read `time`, `seq_num` and the data keys of today's layout from tables, or from arrays."""
    children = dict(stream.items())
    found: dict[str, list[Any]] = {}
    for node in children.values():
        if _get_structure_family(node) == "table":
            names = [name for name in node.columns if name in (*keys, "time", "seq_num")]
            table = node.read(names) if names else {}
            found |= {name: table[name].tolist() for name in names if name not in found}
    for key in keys:
        if key not in found and key in children and _get_structure_family(children[key]) == "array":
            found[key] = np.asarray(children[key].read()).reshape(-1).tolist()
    return found


def _find_older_data(stream: Any) -> Any:
    """Return the data set of a stream in the older layout, None in today's; there `data` may be a data key."""
    today = any((spec.version or "").startswith("3.") for spec in stream.specs if spec.name == STREAM_SPEC)
    return None if today or DATA not in stream else stream[DATA]


def _read_older_columns(data: Any, keys: tuple[str, ...]) -> dict[str, list[Any]]:
    names = [name for name in data if name in (*keys, "time", "seq_num")]
    dataset = data.read(names) if "xarray_dataset" in _get_specs(data) else {name: data[name].read() for name in names}
    return {name: np.asarray(dataset[name]).reshape(-1).tolist() for name in names}


def read_array(stream: Any, key: str) -> NDArray:
    """Read the array of a data key of a stream.

    Raises
    ------
    MissingData
        The stream has no such data key.
    """
    data = _find_older_data(stream)
    children = dict((stream if data is None else data).items())
    if key in children and _get_structure_family(children[key]) != "table":
        return np.asarray(children[key].read())
    for node in children.values():
        if _get_structure_family(node) == "table" and key in node.columns:
            # Not `node.read([key])`: dask would convert lists in a column to text.
            return np.asarray(node[key].read())
    raise MissingData(f"no data key {key!r}: the stream has {', '.join(sorted(children)) or 'nothing'}")


def find_assets(node: Any) -> tuple[Asset, ...]:
    """Return the files of a run in today's layout: those of its streams outside the catalog's own storage."""
    inner = [child for child in node.values() if STREAM_SPEC not in _get_specs(child)]
    streams = [*node.values(), *(stream for child in inner for stream in _list_members(child))]
    found = [
        Asset(_to_path(asset.data_uri), source.mimetype, key)
        for stream in streams
        for key, child in _list_named_members(stream)
        if _get_structure_family(child) != "table"
        for source in child.data_sources() or ()
        if str(getattr(source.management, "value", source.management)) == "external"
        for asset in source.assets
    ]
    return tuple(dict.fromkeys(found))


def parse_asset_documents(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Asset, ...]:
    """Return the files named in documents: old `resource` and new `stream_resource`."""
    found: list[Asset] = []
    for name, doc in documents:
        if name == "resource":
            path = "/".join(
                part.strip("/") for part in (as_text(doc.get("root")), as_text(doc.get("resource_path"))) if part
            )
            rooted = as_text(doc.get("root")) or as_text(doc.get("resource_path"))
            found.append(Asset("/" + path if rooted.startswith("/") else path, as_text(doc.get("spec"))))
        elif name == "stream_resource":
            path = _add_template(_to_path(as_text(doc.get("uri"))), as_mapping(doc.get("parameters")))
            found.append(Asset(path, as_text(doc.get("mimetype")), as_text(doc.get("data_key"))))
    return tuple(dict.fromkeys(found))


def _to_path(uri: str) -> str:
    """Return the path of a file URI, without a slash at its end; return any other URI unchanged."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(uri)
    return unquote(parts.path).rstrip("/") if parts.scheme == "file" else uri


def _add_template(path: str, parameters: Mapping[str, Any]) -> str:
    """Return the path of the first frame where a resource is a folder of frames, whose names have a template.

    Templates are those of ophyd-async, such as `frame_{:06d}.jpg`.
    """
    template = as_text(parameters.get("template"))
    if not template or "/" in template:
        return path
    return f"{path}/{_FRAME_PATTERN.sub(lambda found: '0'.zfill(int(found[1] or 1)), template)}"


def _list_members(node: Any) -> list[Any]:
    return [member for _, member in _list_named_members(node)]


def _list_named_members(node: Any) -> list[tuple[str, Any]]:
    return list(node.items()) if _get_structure_family(node) in ("container", "composite") else []


def _get_structure_family(node: Any) -> str:
    return str(node.item["attributes"]["structure_family"])


def _get_specs(node: Any) -> set[str]:
    return {spec.name for spec in node.specs}
