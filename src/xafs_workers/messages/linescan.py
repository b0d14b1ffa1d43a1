"""Line scans: a signal is plotted while a motor moves."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    FLUO_DETECTOR_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    Detector,
    Flag,
    FluoDetector,
    OptionalFile,
    OptionalName,
)


@kinds.register("linescan.start")
class LinescanStart(ControlMessage):
    """Start a line scan; its run follows."""

    kind = "linescan"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {
        "linescan": "start",
        "motor": "xafs_x",
        "detector": "Xs",
        "fluo_detector": "7-element SDD",
        "stack": True,
    }

    motor: OptionalName = Field(default=None, description="ophyd name of the axis; without it the axis is time")
    detector: Detector = Field(description="signal: It, I0, Ir, Iy, If, Xs, Xs1, ..., or the name of a data key")
    fluo_detector: FluoDetector = Field(default=None, description=FLUO_DETECTOR_DESCRIPTION)
    stack: Flag = Field(default=False, description="fluorescence above, transmission below, in one figure")


@kinds.register("linescan.stop")
class LinescanStop(ControlMessage):
    """End a line scan."""

    kind = "linescan"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {"linescan": "stop"}

    fname: OptionalFile = Field(
        default=None, description="name of the picture, in snapshots/; without it no picture is saved"
    )
    uid: OptionalName = Field(default=None, description="uid of the run")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
