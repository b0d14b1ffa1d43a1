"""Names of devices and their data keys, by a run's start document and descriptor."""

from __future__ import annotations

from typing import Any, cast

from xafs_workers.scans.metadata import as_mapping, as_text, as_texts
from xafs_workers.scans.runs import Run


def list_dimension_keys(run: Run) -> tuple[str, ...]:
    """List the data keys of all dimensions of a run, in the order of its start document."""
    dimensions = as_mapping(run.start.get("hints")).get("dimensions")
    if not isinstance(dimensions, list | tuple):
        return ()
    entries = cast("list[Any]", dimensions)
    return tuple(key for entry in entries if isinstance(entry, list | tuple) and entry for key in _list_fields(entry))


def _list_fields(entry: Any) -> tuple[str, ...]:
    """List the fields of a dimension, which has the form `(fields, stream)`."""
    return as_texts(cast("list[Any]", entry)[0])


def find_root(run: Run, key: str) -> str:
    """Find the root device of a data key or of a device, '' if it is not known; child devices have their root's."""
    named = as_text(as_mapping(run.data_keys.get(key)).get("object_name"))
    if named:
        return named
    roots = as_mapping(run.descriptor.get("object_keys"))
    if key in roots:
        return key
    owners = (root for root, keys in roots.items() if key in as_texts(keys) or key.startswith((f"{root}-", f"{root}_")))
    return max(owners, key=len, default="")
