"""Requests to fit a model to the signal of a line scan, in the process of the fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from xafs_workers.scans.results import format_slot_key

Array = np.ndarray[Any, np.dtype[np.float64]]

Shape = Literal["peak", "rectangle", "step"]


@dataclass(frozen=True, slots=True, eq=False)
class FitRequest:
    """Request for one fit.

    Attributes
    ----------
    slot
        Name of the result's use: a run is fitted once.
    shape
        ``peak``: a skewed Gaussian; ``rectangle`` and ``step``: with edges that are error functions.
    x, y
        Positions and signal, shape (n,), finite.
    """

    scan_id: str
    slot: str
    shape: Shape
    x: Array
    y: Array
    rank: int = 0
    task: Literal["fit"] = "fit"

    @property
    def key(self) -> str:
        """Key of the result."""
        return format_slot_key(self.slot, self.rank)
