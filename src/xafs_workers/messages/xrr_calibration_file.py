"""Control message that asks for the text file of a calibration of the Mythen detector."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import BaseName, Flag, Motor, Name, RunUid


@kinds.register("xrr_calibration_file")
class XrrCalibrationFile(ControlMessage):
    """Write a calibration scan of the Mythen detector to a text file."""

    kind = "xrr_calibration_file"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "xrr_calibration_file": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "stub": "mythen_calibration_a",
        "motor": "delta",
        "detector": "mythen",
    }

    uid: RunUid
    stub: BaseName = Field(description="name of the file without ending")
    motor: Motor = "delta"
    detector: Name = Field(default="mythen", description="detector that was calibrated")
    overwrite: Flag = Field(
        default=False, description="replace an existing file; else the new one gets a number: film-a(1).xdi"
    )
