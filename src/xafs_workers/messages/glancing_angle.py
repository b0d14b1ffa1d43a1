"""Alignment of a spinner of the glancing angle stage: line scans, their results, a summary."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    DEGREE,
    MOTOR_UNIT_SCHEMA,
    OVERWRITE_DESCRIPTION,
    AxisPositions,
    Curve,
    Fit,
    Flag,
    Motor,
    Number,
    OptionalFile,
    OptionalUid,
    Signal,
    Spinner,
    Text,
    build_length_check,
)

SPINNER_DESCRIPTION = "number of the spinner, 1 to 8"
INVERTED_DESCRIPTION = "'inverted ' if the signal was inverted, else empty; prefix of the label"
EXAMPLE_CURVE = [0.0, 0.1, 0.3, 0.4]


@kinds.register("glancing_angle.start")
class GlancingAngleStart(ControlMessage):
    """Start the alignment of a spinner; line scans follow."""

    kind = "glancing_angle"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {
        "glancing_angle": "start",
        "filename": "/nsls2/data3/bmm/proposals/2025-2/pass-316886/snapshots/spinner3-alignment.png",
    }

    filename: OptionalFile = Field(default=None, description="picture of the summary; none without it")


@kinds.register("glancing_angle.linear")
class GlancingAngleLinear(ControlMessage):
    """Show the result of a scan across the sample, fitted by a step."""

    kind = "glancing_angle"
    action = "linear"
    owner = "headless"
    example: ClassVar[Example] = {
        "glancing_angle": "linear",
        "motor": "xafs_y",
        "center": 1.2,
        "amplitude": 0.4,
        "inverted": "inverted ",
        "spinner": 3,
        "xaxis": [0.0, 1.0, 2.0, 3.0],
        "data": EXAMPLE_CURVE,
        "best_fit": EXAMPLE_CURVE,
        "uid": None,
    }

    motor: Motor
    center: Number = Field(description="centre of the step", json_schema_extra=MOTOR_UNIT_SCHEMA)
    amplitude: Number = Field(description="fitted height, in the unit of data")
    inverted: Text = Field(default="", description=INVERTED_DESCRIPTION)
    spinner: Spinner = Field(description=SPINNER_DESCRIPTION)
    xaxis: AxisPositions
    data: Signal
    best_fit: Fit
    uid: OptionalUid = Field(default=None, description="uid of the run")

    _lengths = model_validator(mode="after")(build_length_check("xaxis", "data", "best_fit"))


@kinds.register("glancing_angle.pitch")
class GlancingAnglePitch(ControlMessage):
    """Show the result of a pitch scan: its maximum."""

    kind = "glancing_angle"
    action = "pitch"
    owner = "headless"
    example: ClassVar[Example] = {
        "glancing_angle": "pitch",
        "motor": "xafs_pitch",
        "center": 0.1,
        "amplitude": 0.4,
        "spinner": 3,
        "xaxis": [-0.2, -0.1, 0.0, 0.1],
        "data": EXAMPLE_CURVE,
        "uid": None,
    }

    motor: Motor
    center: Number = Field(description="pitch of the maximum", json_schema_extra=DEGREE)
    amplitude: Number = Field(description="maximum, in the unit of data")
    spinner: Spinner = Field(description=SPINNER_DESCRIPTION)
    xaxis: Curve = Field(description="pitch at each point", json_schema_extra=DEGREE)
    data: Signal
    uid: OptionalUid = Field(default=None, description="uid of the run")

    _lengths = model_validator(mode="after")(build_length_check("xaxis", "data"))


@kinds.register("glancing_angle.fluo")
class GlancingAngleFluo(ControlMessage):
    """Show the result of a fluorescence scan: its maximum."""

    kind = "glancing_angle"
    action = "fluo"
    owner = "headless"
    example: ClassVar[Example] = {
        "glancing_angle": "fluo",
        "motor": "xafs_y",
        "center": 1.3,
        "amplitude": 0.4,
        "inverted": "",
        "spinner": 3,
        "xaxis": [0.0, 1.0, 2.0, 3.0],
        "data": EXAMPLE_CURVE,
        "uid": None,
    }

    motor: Motor
    center: Number = Field(description="position of the maximum", json_schema_extra=MOTOR_UNIT_SCHEMA)
    amplitude: Number = Field(description="maximum, in the unit of data")
    inverted: Text = Field(default="", description=INVERTED_DESCRIPTION)
    spinner: Spinner = Field(description=SPINNER_DESCRIPTION)
    xaxis: AxisPositions
    data: Signal
    uid: OptionalUid = Field(default=None, description="uid of the run")

    _lengths = model_validator(mode="after")(build_length_check("xaxis", "data"))


@kinds.register("glancing_angle.stop")
class GlancingAngleStop(ControlMessage):
    """End the alignment: draw and save the summary."""

    kind = "glancing_angle"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {"glancing_angle": "stop"}

    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
