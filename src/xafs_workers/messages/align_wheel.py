"""Alignment of a slot of the sample wheel: two line scans, their results, a summary."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    MOTOR_UNIT_SCHEMA,
    AxisPositions,
    Detector,
    Fit,
    Motor,
    Number,
    OptionalUid,
    Signal,
    build_length_check,
)


@kinds.register("align_wheel.start")
class AlignWheelStart(ControlMessage):
    """Start the search for a slot; line scans follow."""

    kind = "align_wheel"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {"align_wheel": "start"}


@kinds.register("align_wheel.find_slot")
class AlignWheelFindSlot(ControlMessage):
    """Show the fitted result of one of the slot's two line scans."""

    kind = "align_wheel"
    action = "find_slot"
    owner = "headless"
    example: ClassVar[Example] = {
        "align_wheel": "find_slot",
        "motor": "xafs_y",
        "detector": "it",
        "xaxis": [117.0, 118.0, 119.0, 120.0],
        "data": [0.0, 0.3, 0.31, 0.01],
        "best_fit": [0.0, 0.31, 0.31, 0.0],
        "center": 118.9,
        "amplitude": 0.31,
        "uid": "d0a1b6f4-5d5a-4f2e-a0f0-6d8a53b7f9c3",
    }

    motor: Motor
    detector: Detector = Field(default="transmission", description="signal that was scanned")
    xaxis: AxisPositions
    data: Signal
    best_fit: Fit
    center: Number = Field(description="middle of the slot", json_schema_extra=MOTOR_UNIT_SCHEMA)
    amplitude: Number = Field(description="fitted height, in the unit of data")
    uid: OptionalUid = Field(default=None, description="uid of the run")

    _lengths = model_validator(mode="after")(build_length_check("xaxis", "data", "best_fit"))


@kinds.register("align_wheel.stop")
class AlignWheelStop(ControlMessage):
    """End the search and draw the summary."""

    kind = "align_wheel"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {"align_wheel": "stop"}
