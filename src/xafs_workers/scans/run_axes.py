"""Axes of a run: what was moved by its start document, and in which columns the positions are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from xafs_workers.scans.metadata import as_mapping, as_text, as_texts
from xafs_workers.scans.runs import Run

TIME = "time"
"""Dimension of a run that moves nothing."""


class RunAxes(NamedTuple):
    """Axes that a start document names.

    Attributes
    ----------
    entries
        Columns of each axis; those of one axis are moved together. Empty for a run that moves nothing.
    is_told
        False if the start document has neither dimensions nor motors.
    movers
        Names of what is moved: devices and columns.
    """

    entries: tuple[tuple[str, ...], ...]
    is_told: bool
    movers: frozenset[str]


def find_axes(run: Run) -> RunAxes:
    """Find the axes of a run: its dimensions in the stream `primary`, else the column of each of its motors."""
    motors = run.motors or ()
    dimensions = _read_dimensions(run)
    entries = tuple(fields for fields in dimensions if fields != (TIME,))
    if not entries and motors:
        entries = tuple((find_motor_column(run, motor),) for motor in motors)
    movers = {*motors, *(key for fields in entries for key in fields)}
    movers |= {find_motor_column(run, motor) for motor in motors if run.descriptor}
    is_told = bool(dimensions) or bool(motors)
    return RunAxes(entries, is_told, frozenset(movers if is_told else map(str, run.points.keys)))


def find_motor_column(run: Run, motor: str) -> str:
    """Find the column of a motor's positions: what the device hints at, its first data key, else its own name."""
    hinted = as_texts(as_mapping(as_mapping(run.descriptor.get("hints")).get(motor)).get("fields"))
    owned = as_texts(as_mapping(run.descriptor.get("object_keys")).get(motor))
    return next((key for key in (*hinted, *owned) if key in run.points), motor)


def _read_dimensions(run: Run) -> tuple[tuple[str, ...], ...]:
    """Read the fields of each dimension of the stream `primary`; members of another form are left out."""
    entries = as_mapping(run.start.get("hints")).get("dimensions")
    found: list[tuple[str, ...]] = []
    for entry in iterate_members(entries):
        parts = list(iterate_members(entry))
        if len(parts) == 2 and as_text(parts[1]) == "primary" and as_texts(parts[0]):
            found.append(as_texts(parts[0]))
    return tuple(found)


def iterate_members(value: object) -> Iterable[Any]:
    """Return the members of a list, tuple or array; nothing for any other value."""
    if isinstance(value, np.ndarray) and value.ndim:
        return cast("Iterable[Any]", cast("np.ndarray[Any, Any]", value).tolist())
    return cast("Iterable[Any]", value) if isinstance(value, list | tuple) else ()


def list_plotted_columns(run: Run, axes: Iterable[str]) -> tuple[str, ...]:
    """List the columns that the devices of a run think worth plotting, without its axes.

    These are the hinted ones of each device; all columns of a device without hints (as Bluesky's BestEffortCallback
    does). If nothing but axes is hinted at, these are all columns of the devices that are not moved.
    """
    hints, owned = as_mapping(run.descriptor.get("hints")), as_mapping(run.descriptor.get("object_keys"))
    chosen = [key for device in owned for key in _list_device_columns(device, hints, owned)]
    if not owned:
        chosen = list(run.points.keys)
    left_out = set(axes)
    found = tuple(key for key in dict.fromkeys(chosen) if key not in left_out)
    if found:
        return found
    still = (device for device in owned if left_out.isdisjoint(as_texts(owned[device])))
    return tuple(key for device in still for key in as_texts(owned[device]))


def _list_device_columns(device: str, hints: Mapping[str, Any], owned: Mapping[str, Any]) -> tuple[str, ...]:
    fields = as_mapping(hints.get(device)).get("fields")
    return as_texts(owned[device]) if fields is None else as_texts(fields)
