"""Area scans: a grid over a slow and a fast motor, and the position of each point in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from xafs_workers.messages.areascan import AreascanStart, AreascanStop
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import (
    PictureRule,
    build_scan_picture,
    picture_rules,
    post_always,
    request_with_name,
)
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Motors, ScanKind, scan_kinds

Array = np.ndarray[Any, np.dtype[np.float64]]


def find_motors(start: ReceivedMessage, config: BoardConfig) -> Motors:
    """Return the slow and the fast motor of an area scan."""
    message = start.get_message(AreascanStart)
    return Motors(frozenset({message.slow_motor, message.fast_motor}))


scan_kinds.register("areascan")(
    ScanKind(
        ("areascan",),
        find_motors,
        "map",
        ended_by_resting_state=True,
        clickable_axes=("x", "y"),
        reported_by_dossier=True,
    )
)
picture_rules.register("areascan")(
    PictureRule(request_with_name(AreascanStop), build_scan_picture("maps"), is_posted=post_always)
)


@dataclass(frozen=True, slots=True)
class MapStyle:
    """Style of a complete map, which the run's hint names.

    Attributes
    ----------
    is_contour
        True for filled contours in place of pixels.
    is_logarithmic
        True for the natural logarithm of the signal.
    """

    is_contour: bool = False
    is_logarithmic: bool = False


def parse_map_style(run: Run) -> MapStyle:
    """Parse the map's style from the hint `areascan <detector> <slow> <fast> <contour> <log> <energy>`.

    Another hint gives a plain map.
    """
    words = run.hint.split()
    if len(words) < 6 or words[0] != "areascan":
        return MapStyle()
    return MapStyle(is_contour=words[4].lower() == "true", is_logarithmic=words[5].lower() == "true")


def compute_grid(start: AreascanStart) -> tuple[Array, Array]:
    """Compute the positions of the columns (fast motor) and of the rows (slow motor)."""
    fast = start.fast_initial + np.linspace(start.fast_start, start.fast_stop, start.fast_steps)
    slow = start.slow_initial + np.linspace(start.slow_start, start.slow_stop, start.slow_steps)
    return fast, slow


def is_complete(run: Run, start: AreascanStart) -> bool:
    """Check whether each pixel was measured."""
    pixels = start.slow_steps * start.fast_steps
    return len(run.points) >= pixels and bool(_find_pixel_indices(run)[pixels - 1] == pixels - 1)


def count_points_beyond_grid(run: Run, start: AreascanStart) -> int:
    """Count the points after the last pixel."""
    return int(np.count_nonzero(_find_pixel_indices(run) >= start.slow_steps * start.fast_steps))


def _find_pixel_indices(run: Run) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Find the index of each point's pixel in the order of the plan, from 0, ascending."""
    return run.points.compute_once("places", lambda: _compute_pixel_indices(run.points))


def _compute_pixel_indices(points: Points) -> np.ndarray[Any, np.dtype[np.int64]]:
    if points.is_consecutive:
        return np.arange(len(points), dtype=np.int64)
    return np.asarray(points.sequence_numbers, dtype=np.int64) - 1


def arrange_on_grid(run: Run, start: AreascanStart, values: Array) -> Array:
    """Arrange one value for each point as a map, shape (slow_steps, fast_steps), NaN where not measured.

    A point's `seq_num` is its pixel in the order of the plan: row by row, with every second row backwards in a snaked
    run.

    Parameters
    ----------
    values
        Values of the run's points, shape (n,).
    """
    shape = (start.slow_steps, start.fast_steps)
    flat = np.full(shape[0] * shape[1], np.nan)
    if run.points.is_consecutive:
        flat[: len(values)] = values[: len(flat)]
    else:
        place = _find_pixel_indices(run)
        inside = place < len(flat)
        flat[place[inside]] = values[inside]
    found = flat.reshape(shape)
    if is_snaked(run, start):
        found[1::2] = found[1::2, ::-1].copy()
    return found


def is_snaked(run: Run, start: AreascanStart) -> bool:
    """Check whether every second row was measured backwards, from the start document or else the motor's positions."""
    snaking = run.start.get("snaking")
    if isinstance(snaking, list | tuple) and snaking:
        return bool(cast("list[Any]", snaking)[-1])
    if start.fast_motor not in run.points or start.fast_steps < 2:
        return False
    fast, _ = compute_grid(start)
    place = _find_pixel_indices(run)
    moved = run.points.get_column(start.fast_motor)
    begin, end = np.searchsorted(place, (start.fast_steps, 2 * start.fast_steps))
    second = begin + np.flatnonzero(np.isfinite(moved[begin:end]))[:1]
    column = place[second] % start.fast_steps
    return bool(np.any(abs(moved[second] - fast[::-1][column]) < abs(moved[second] - fast[column])))
