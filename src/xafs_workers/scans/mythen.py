"""Images of the Mythen strip detector: counts of each pixel at each point of a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, Any]


def stack_images(run: Run, key: str) -> Array | None:
    """Stack the images in a run's documents, shape (points, pixels); None where they do not hold one for each point."""
    frames = [run.arrays.get_point(number).get(key) for number in run.points.sequence_numbers]
    known = [np.ravel(frame) for frame in frames if frame is not None]
    if not known or len(known) != len(frames) or len({len(frame) for frame in known}) != 1:
        return None
    return np.stack(known)
