"""Request for the geometry of the Mythen detector, from a scan of its angle."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.analysing import AnalysingMessage
from xafs_workers.messages.base import Example, kinds
from xafs_workers.messages.fields import OVERWRITE_DESCRIPTION, Flag, Motor, Name, OptionalBaseName


@kinds.register("xrr_calibration_plot")
class XrrCalibrationPlot(AnalysingMessage):
    """Answer with pixel zero and distance of the Mythen detector, and show the angle of each pixel."""

    kind = "xrr_calibration_plot"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "xrr_calibration_plot": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "motor": "delta",
        "detector": "mythen",
        "stub": "mythen_calibration_a",
    }

    motor: Motor = "delta"
    detector: Name = Field(default="mythen", description="detector that is calibrated")
    stub: OptionalBaseName = Field(default=None, description="name of the picture, in snapshots/; null: not saved")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
