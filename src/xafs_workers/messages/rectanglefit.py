"""Request for the middle of a slot in a line scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.analysing import AnalysingMessage
from xafs_workers.messages.base import Example, kinds
from xafs_workers.messages.fields import FITTED_SIGNAL_DESCRIPTION, Index, Motor, Name


@kinds.register("rectanglefit")
class Rectanglefit(AnalysingMessage):
    """Answer with the middle of a slot in a line scan, fitted by a rectangle, and show it."""

    kind = "rectanglefit"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "rectanglefit": True,
        "uid": "b64a4f0e-0a1d-4d2d-9a3d-5b6f1d4b8f77",
        "signal": "It",
        "motor_name": "xafs_y",
    }

    motor_name: Motor
    signal: Name = Field(description=FITTED_SIGNAL_DESCRIPTION)
    drop: Index | None = Field(default=None, description="number of points at the end that are left out; 0: none")
