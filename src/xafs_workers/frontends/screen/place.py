"""Where the window was, in fractions of the monitor, remembered from one start to the next."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from xafs_workers.logs import get_logger

log = get_logger("screen")


@dataclass(frozen=True, slots=True)
class Place:
    """Left, top, width and height as fractions of the monitor's."""

    left: float = 0.45
    top: float = 0.05
    width: float = 0.5
    height: float = 0.85

    @classmethod
    def of(cls, window: tuple[int, int, int, int], monitor: tuple[int, int, int, int]) -> Place:
        """Return the place of a window; both as (left, top, width, height) in pixels."""
        return cls(
            (window[0] - monitor[0]) / monitor[2],
            (window[1] - monitor[1]) / monitor[3],
            window[2] / monitor[2],
            window[3] / monitor[3],
        )

    def on(self, monitor: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """Return (left, top, width, height) in pixels on a monitor, always visible on it."""
        width = min(max(self.width, 0.2), 1.0)
        height = min(max(self.height, 0.2), 1.0)
        left = min(max(self.left, 0.0), 1.0 - width)
        top = min(max(self.top, 0.0), 1.0 - height)
        return (
            monitor[0] + round(left * monitor[2]),
            monitor[1] + round(top * monitor[3]),
            round(width * monitor[2]),
            round(height * monitor[3]),
        )


def read_place(path: Path) -> Place:
    """Return the remembered place; the usual one where there is none or it cannot be read."""
    try:
        numbers = {key: float(value) for key, value in json.loads(path.read_text()).items()}
        return Place(**numbers)
    except FileNotFoundError:
        return Place()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("place_unreadable", path=str(path), reason=str(error))
        return Place()


def write_place(path: Path, place: Place) -> None:
    """Remember a place; what cannot be written is only logged."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, suffix=".tmp") as stream:
            json.dump(asdict(place), stream)
        os.replace(stream.name, path)
    except OSError as error:
        log.warning("place_not_remembered", path=str(path), reason=str(error))
