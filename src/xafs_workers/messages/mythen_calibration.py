"""Control message that asks for the report of a calibration of the Mythen detector."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.config import JsonDict

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import EV, BaseName, FileName, Flag, Number, OptionalName, Text

MM: JsonDict = {"unit": "mm"}
WIDTH = "a whole number of pixels, else mm"


@kinds.register("mythen_calibration")
class MythenCalibration(ControlMessage):
    """Write the report (PowerPoint) of a calibration of the Mythen detector."""

    kind = "mythen_calibration"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "mythen_calibration": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "path": "/nsls2/data/bmm/proposals/2026-1/pass-123456",
        "stub": "mythen_calibration_a",
        "hdffile": "a.h5",
        "now": "2026-01-31 10:00",
        "stamp": "20260131T1000",
        "setup": "standard",
        "gap": 0.5,
        "energy": 8600,
        "pixel0": 640,
        "angle_per_pixel": 12100.5,
        "dw": 3,
        "rw": 9,
        "slits_b": 0.3,
        "slits_i": 0.5,
        "slits_o": 0.5,
        "slits_t": 0.3,
    }

    path: FileName = Field(description="absolute path of the proposal folder")
    stub: BaseName = Field(description="beginning of the names of pictures and report")
    stamp: BaseName = Field(description="time in the name of the report")
    uid: OptionalName = Field(default=None, description="uid of the run")
    hdffile: Text = Field(default="", description="file of the detector")
    now: Text = Field(default="", description="time of the calibration, as text")
    setup: Text = Field(default="", description="arrangement of the experiment")
    gap: Number | None = Field(default=None, description="gap of the detector's slit", json_schema_extra=MM)
    energy: Number | None = Field(default=None, description="energy of the beam", json_schema_extra=EV)
    pixel0: Number | None = Field(default=None, description="pixel of the direct beam at delta = 0")
    angle_per_pixel: Number | None = Field(
        default=None, description="distance from sample to detector, in pixels (so named by the plans)"
    )
    dw: Number = Field(default=3.0, ge=0, description=f"half width of the direct beam's region: {WIDTH}")
    rw: Number = Field(default=9.0, ge=0, description=f"half width of the reflected beam's region: {WIDTH}")
    slits_b: Number | None = Field(default=None, description="bottom blade of the slits", json_schema_extra=MM)
    slits_i: Number | None = Field(default=None, description="inboard blade", json_schema_extra=MM)
    slits_o: Number | None = Field(default=None, description="outboard blade", json_schema_extra=MM)
    slits_t: Number | None = Field(default=None, description="top blade", json_schema_extra=MM)
    overwrite: Flag = Field(default=False, description="replace an existing report; else the new one gets a number")
