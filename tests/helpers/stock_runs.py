"""Runs as Bluesky's stock plans publish them, made up."""

from __future__ import annotations

from typing import Any

from helpers.streams import Entry, build_run_documents


def make_stock_run(
    columns: dict[str, Any],
    *,
    dimensions: list[list[str]] | None = None,
    motors: list[str] | None = None,
    devices: dict[str, list[str]] | None = None,
    hints: dict[str, Any] | None = None,
    precision: int | None = None,
    finished: bool = True,
    **start: Any,
) -> list[Entry]:
    """Make the documents of a run with dimensions, devices and hints.

    Parameters
    ----------
    devices
        Data keys of each device; one device for each column if left out.
    hints
        Hints of the devices, as a descriptor has them.
    precision
        Number of digits of all columns.
    """
    if dimensions is not None:
        start["hints"] = {**start.get("hints", {}), "dimensions": [[fields, "primary"] for fields in dimensions]}
    entries = list(build_run_documents(hint=None, motors=motors, columns=columns, start=start, finished=finished))
    for name, body in entries:
        if name == "descriptor" and body["name"] == "primary":
            body["object_keys"] = devices or {key: [key] for key in columns}
            body["hints"] = hints or {}
            for about in body["data_keys"].values():
                about |= {} if precision is None else {"precision": precision}
    return entries
