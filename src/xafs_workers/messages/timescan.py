"""Time scans: a signal against time; single energy absorption detection (SEAD) is one."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    DETECTOR_DESCRIPTION,
    FLUO_DETECTOR_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    Detector,
    Flag,
    FluoDetector,
    OptionalFile,
    OptionalUid,
)


@kinds.register("timescan.start")
class TimescanStart(ControlMessage):
    """Start a time scan; its run follows."""

    kind = "timescan"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {"timescan": "start", "detector": "Transmission"}

    detector: Detector = Field(description=DETECTOR_DESCRIPTION)
    fluo_detector: FluoDetector = Field(default=None, description=FLUO_DETECTOR_DESCRIPTION)


@kinds.register("timescan.stop")
class TimescanStop(ControlMessage):
    """End a time scan; with a file name save its picture (SEAD)."""

    kind = "timescan"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {
        "timescan": "stop",
        "fname": "cu_sead_2025-06-05T10-00-00.png",
        "uid": "0c7d54c5-1d3c-4d6e-8f6a-6a3a1e0f2b11",
    }

    fname: OptionalFile = Field(default=None, description="name of picture or data file, without folder")
    uid: OptionalUid = Field(default=None, description="uid of the run")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
