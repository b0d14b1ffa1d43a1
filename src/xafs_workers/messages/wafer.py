"""Control message of the alignment of a round wafer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    MOTOR_UNIT_SCHEMA,
    AxisPositions,
    Fit,
    Motor,
    Number,
    OptionalUid,
    Signal,
    build_length_check,
)


@kinds.register("wafer")
class WaferEdge(ControlMessage):
    """Show the edge of the wafer that a line scan found. The action's name is not inspected."""

    kind = "wafer"
    action = "edge"
    value = "any"
    owner = "headless"
    example: ClassVar[Example] = {
        "wafer": "edge",
        "motor": "xafs_x",
        "xaxis": [2.0, 3.0, 4.0, 5.0],
        "data": [0.0, 0.02, 0.19, 0.2],
        "best_fit": [0.0, 0.03, 0.18, 0.2],
        "center": 3.4,
        "amplitude": 0.2,
        "uid": None,
    }

    motor: Motor
    xaxis: AxisPositions
    data: Signal
    best_fit: Fit
    center: Number = Field(description="position of the edge", json_schema_extra=MOTOR_UNIT_SCHEMA)
    amplitude: Number = Field(description="fitted height, in the unit of data")
    uid: OptionalUid = Field(default=None, description="uid of the run")

    _lengths = model_validator(mode="after")(build_length_check("xaxis", "data", "best_fit"))
