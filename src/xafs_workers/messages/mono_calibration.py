"""Control message of the calibration of the monochromator."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import ANGSTROM, DEGREE, EV, Curve, Digits, ValueWithError, build_length_check


@kinds.register("mono_calibration")
class MonoCalibration(ControlMessage):
    """Show the calibration curve fitted to the edges of reference foils."""

    kind = "mono_calibration"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "mono_calibration": True,
        "found": [7112.1, 8978.8, 11918.9],
        "ee": [7112.0, 8979.0, 11919.0],
        "tt": [16.13, 12.71, 9.54],
        "mono": "111",
        "dspacing": [3.1359, 1e-5],
        "offset": [0.001, 0.0002],
    }

    found: Curve = Field(description="edge energies computed with the fitted parameters", json_schema_extra=EV)
    ee: Curve = Field(description="tabulated edge energies, ascending", json_schema_extra=EV)
    tt: Curve = Field(description="Bragg angles", json_schema_extra=DEGREE)
    mono: Digits = Field(description="reflection of the crystals: 111, 311 or 333")
    dspacing: ValueWithError = Field(
        description="distance of the lattice planes, and its standard error (null where the fit gives none)",
        json_schema_extra=ANGSTROM,
    )
    offset: ValueWithError = Field(
        description="offset of the angle, and its standard error (null where the fit gives none)",
        json_schema_extra=DEGREE,
    )

    _lengths = model_validator(mode="after")(build_length_check("ee", "tt", "found"))
