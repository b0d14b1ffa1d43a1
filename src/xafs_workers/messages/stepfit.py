"""Request for the position of an edge in a line scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.analysing import AnalysingMessage
from xafs_workers.messages.base import Example, kinds
from xafs_workers.messages.fields import (
    FITTED_SIGNAL_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    Flag,
    Motor,
    Name,
    OptionalFile,
    Spinner,
)


@kinds.register("stepfit")
class Stepfit(AnalysingMessage):
    """Answer with the position of an edge in a line scan, fitted by a step, and show it."""

    kind = "stepfit"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "stepfit": True,
        "uid": "b64a4f0e-0a1d-4d2d-9a3d-5b6f1d4b8f77",
        "motor_name": "xafs_y",
        "signal": "It",
        "spinner": 3,
    }

    motor_name: Motor
    signal: Name = Field(description=FITTED_SIGNAL_DESCRIPTION)
    spinner: Spinner | None = Field(default=None, description="number of the spinner, 1 to 8, for the title")
    choice: Name | None = Field(default=None, description="not used: plans send it")
    saveplot: Flag = Field(default=False, description="not used: plans send it")
    fname: OptionalFile = Field(default=None, description="name of the picture; without it no picture is saved")
    folder: OptionalFile = Field(default=None, description="folder of the picture, in the proposal; else snapshots")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
