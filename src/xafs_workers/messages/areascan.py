"""Area scans: a map over two motors, the slow one outermost."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    DETECTOR_DESCRIPTION,
    EV,
    FLUO_DETECTOR_DESCRIPTION,
    MAX_PIXELS,
    MOTOR_UNIT_SCHEMA,
    OVERWRITE_DESCRIPTION,
    Detector,
    Flag,
    FluoDetector,
    Name,
    Number,
    OptionalFile,
    OptionalName,
    OptionalUid,
    Steps,
    build_field_error,
)


@kinds.register("areascan.start")
class AreascanStart(ControlMessage):
    """Start an area scan; its run follows."""

    kind = "areascan"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {
        "areascan": "start",
        "slow_motor": "xafs_y",
        "slow_start": -1.0,
        "slow_stop": 1.0,
        "slow_steps": 11,
        "slow_initial": 120.5,
        "fast_motor": "xafs_x",
        "fast_start": -2.0,
        "fast_stop": 2.0,
        "fast_steps": 21,
        "fast_initial": 34.2,
        "detector": "Xs",
        "element": "Fe",
        "energy": 7200.0,
    }

    slow_motor: Name = Field(description="ophyd name of the slow axis")
    slow_start: Number = Field(
        description="first position, relative to slow_initial", json_schema_extra=MOTOR_UNIT_SCHEMA
    )
    slow_stop: Number = Field(
        description="last position, relative to slow_initial", json_schema_extra=MOTOR_UNIT_SCHEMA
    )
    slow_steps: Steps = Field(description="number of points along the slow axis")
    slow_initial: Number = Field(description="position before the scan", json_schema_extra=MOTOR_UNIT_SCHEMA)
    fast_motor: Name = Field(description="ophyd name of the fast axis")
    fast_start: Number = Field(
        description="first position, relative to fast_initial", json_schema_extra=MOTOR_UNIT_SCHEMA
    )
    fast_stop: Number = Field(
        description="last position, relative to fast_initial", json_schema_extra=MOTOR_UNIT_SCHEMA
    )
    fast_steps: Steps = Field(description="number of points along the fast axis")
    fast_initial: Number = Field(description="position before the scan", json_schema_extra=MOTOR_UNIT_SCHEMA)
    detector: Detector = Field(description=DETECTOR_DESCRIPTION)
    element: OptionalName = Field(description="symbol of the element whose fluorescence is mapped; null: unknown")
    energy: Number = Field(description="incident energy, for the title", json_schema_extra=EV)
    fluo_detector: FluoDetector = Field(default=None, description=FLUO_DETECTOR_DESCRIPTION)

    @model_validator(mode="after")
    def _pixels(self) -> Self:
        pixels = self.slow_steps * self.fast_steps
        if pixels > MAX_PIXELS:
            got = f"{self.slow_steps} x {self.fast_steps} = {pixels} pixels"
            raise build_field_error("fast_steps", got, f"at most {MAX_PIXELS} pixels in a map")
        return self


@kinds.register("areascan.stop")
class AreascanStop(ControlMessage):
    """End an area scan: draw the map as contours or pixels and, with a file name, save it."""

    kind = "areascan"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {
        "areascan": "stop",
        "uid": "5f1e6c2e-8f0c-4a54-9c43-b7b6e4c9a9d2",
        "filename": "mymap.png",
    }

    uid: OptionalUid = Field(default=None, description="uid of the run")
    filename: OptionalFile = Field(default=None, description="picture, below maps/; null: not saved")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
