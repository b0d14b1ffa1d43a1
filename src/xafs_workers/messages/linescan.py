"""Line scans: a signal is plotted while a motor moves."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    DETECTOR_DESCRIPTION,
    FLUO_DETECTOR_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    Detector,
    EndStation,
    Flag,
    FluoDetector,
    OptionalFile,
    OptionalName,
    OptionalUid,
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
    detector: Detector = Field(description=DETECTOR_DESCRIPTION)
    fluo_detector: FluoDetector = Field(default=None, description=FLUO_DETECTOR_DESCRIPTION)
    stack: Flag = Field(default=False, description="fluorescence above, transmission below, in one figure")
    add_refl: Flag = Field(default=False, description="the reflected beam beside the direct one")
    end_station: EndStation = None


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
    uid: OptionalUid = Field(default=None, description="uid of the run")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
