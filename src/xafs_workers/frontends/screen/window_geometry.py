"""Where the window was, in fractions of the monitor, remembered from one start to the next."""

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
"""Left, top, width and height, pixels."""

MIN_FRACTION = 0.2
"""A window takes at least this part of the monitor's width and height."""


@dataclass(frozen=True, slots=True)
class WindowGeometry:
    """Left, top, width and height as fractions of the monitor's.

    Attributes
    ----------
    monitor
        Its name, '' for the main one.
    maximized
        Whether the window fills the monitor; the numbers then say where it was before.
    """

    left: float = 0.45
    top: float = 0.05
    width: float = 0.5
    height: float = 0.85
    monitor: str = ""
    maximized: bool = False

    @classmethod
    def from_window(
        cls, window: Rectangle, monitor: Rectangle, name: str = "", *, maximized: bool = False
    ) -> WindowGeometry:
        """Return the place of a window on a monitor."""
        return cls(
            (window[0] - monitor[0]) / monitor[2],
            (window[1] - monitor[1]) / monitor[3],
            window[2] / monitor[2],
            window[3] / monitor[3],
            name,
            maximized,
        )

    def to_rectangle(self, monitor: Rectangle) -> Rectangle:
        """Return where the window goes on a monitor; all of it is visible there."""
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
    """Return the remembered place; the usual one where there is none or it cannot be read."""
    try:
        return _parse_geometry(json.loads(path.read_text()))
    except FileNotFoundError:
        return WindowGeometry()
    except (OSError, ValueError, TypeError) as error:
        log.warning("place_unreadable", path=str(path), reason=f"{error}: expected what an earlier start wrote")
        return WindowGeometry()


def write_geometry(path: Path, place: WindowGeometry) -> None:
    """Remember a place, all of it or nothing; what cannot be written is only logged."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, suffix=".tmp") as stream:
            json.dump(asdict(place), stream)
        os.replace(stream.name, path)
    except OSError as error:
        log.warning("place_not_remembered", path=str(path), reason=str(error))


def _parse_geometry(told: Any) -> WindowGeometry:
    if not isinstance(told, dict):
        raise TypeError(f"a {type(told).__name__}")
    place = WindowGeometry(**told)
    numbers = (place.left, place.top, place.width, place.height)
    if not all(isinstance(number, int | float) and isfinite(number) for number in numbers):
        raise ValueError(f"{numbers} are not four numbers")
    return place
