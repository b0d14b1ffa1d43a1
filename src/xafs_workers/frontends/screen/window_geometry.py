"""Geometry of the window in fractions of the monitor, saved from one start to the next."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from xafs_workers.logs import get_logger

log = get_logger("screen")

Rectangle = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

MIN_FRACTION = 0.2
"""Minimum fraction of the monitor's width and height that a window takes."""


@dataclass(frozen=True, slots=True)
class WindowGeometry:
    """Position and size of a window as fractions of the monitor's width and height.

    Attributes
    ----------
    monitor
        Name of the monitor, '' for the main one.
    maximized
        Whether the window is maximized, as at the first start; the numbers are then those of the normal window.
    """

    left: float = 0.45
    top: float = 0.05
    width: float = 0.5
    height: float = 0.85
    monitor: str = ""
    maximized: bool = True

    @classmethod
    def from_window(
        cls, window: Rectangle, monitor: Rectangle, name: str = "", *, maximized: bool = False
    ) -> WindowGeometry:
        """Create the geometry of a window on a monitor."""
        return cls(
            (window[0] - monitor[0]) / monitor[2],
            (window[1] - monitor[1]) / monitor[3],
            window[2] / monitor[2],
            window[3] / monitor[3],
            name,
            maximized,
        )

    def to_rectangle(self, monitor: Rectangle) -> Rectangle:
        """Return the rectangle of the window on a monitor, moved and shrunk so that all of it is visible."""
        width = min(max(self.width, MIN_FRACTION), 1.0)
        height = min(max(self.height, MIN_FRACTION), 1.0)
        left = min(max(self.left, 0.0), 1.0 - width)
        top = min(max(self.top, 0.0), 1.0 - height)
        return (
            monitor[0] + round(left * monitor[2]),
            monitor[1] + round(top * monitor[3]),
            round(width * monitor[2]),
            round(height * monitor[3]),
        )


def read_geometry(path: Path) -> WindowGeometry:
    """Read the saved geometry; return the default if there is none or it is invalid."""
    try:
        return _parse_geometry(json.loads(path.read_text()))
    except FileNotFoundError:
        return WindowGeometry()
    except (OSError, ValueError, TypeError) as error:
        log.warning("geometry_unreadable", path=str(path), reason=str(error))
        return WindowGeometry()


def write_geometry(path: Path, geometry: WindowGeometry) -> None:
    """Save a geometry, completely or not at all; a failure is only logged."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, suffix=".tmp") as stream:
            json.dump(asdict(geometry), stream)
        os.replace(stream.name, path)
    except OSError as error:
        log.warning("geometry_not_saved", path=str(path), reason=str(error))


def _parse_geometry(fields: Any) -> WindowGeometry:
    if not isinstance(fields, dict):
        raise TypeError(f"window geometry: got a {type(fields).__name__} (expected a JSON object)")
    geometry = WindowGeometry(**fields)
    numbers = (geometry.left, geometry.top, geometry.width, geometry.height)
    if not all(isinstance(number, int | float) and isfinite(number) for number in numbers):
        raise ValueError(f"window geometry: got {numbers} (expected four finite numbers)")
    return geometry
