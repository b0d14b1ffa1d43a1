"""Request for the statistics of a peak in a scan of the goniometer."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from xafs_workers.messages.analysing import AnalysingMessage
from xafs_workers.messages.base import Example, kinds
from xafs_workers.messages.fields import (
    OVERWRITE_DESCRIPTION,
    BaseName,
    Flag,
    Motor,
    Name,
    Number,
    OptionalBaseName,
    PictureFolder,
)


def _replace_false(value: Any) -> Any:
    return None if value is False else value


def _format_number(value: Any) -> Any:
    """Format a number as its sender would write it; any other value unchanged."""
    return f"{value}" if isinstance(value, int | float) and not isinstance(value, bool) else value


AngleText = Annotated[
    BaseName | None,
    BeforeValidator(_format_number),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}),
]
"""An angle as it is written into titles and names of files."""


@kinds.register("xrr_alignment")
class XrrAlignment(AnalysingMessage):
    """Answer with com, peak, peakpos, fwhm and fwhm_center (null if one-sided) of a goniometer scan, and show it."""

    kind = "xrr_alignment"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "xrr_alignment": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "motor": "eta",
        "detector": "mythen",
        "delta": 1.0,
        "with_refl": True,
        "angle": 0.5,
        "stub": "film-a",
        "folder": "snapshots",
    }

    motor: Motor
    detector: Name = Field(
        description="mythen: all pixels, or the direct region if delta is given; mca_full, dir, refl, ic0, monitor"
    )
    delta: Annotated[Number | None, BeforeValidator(_replace_false)] = Field(
        default=None, description="angle of the detector, for the title; null or false: none"
    )
    with_refl: Flag = Field(default=False, description="draw the reflected region too")
    angle: AngleText = Field(default=None, description="part of the title and of the picture's name")
    stub: OptionalBaseName = Field(default=None, description="beginning of the picture's name; null: not saved")
    folder: PictureFolder = Field(default="snapshots", description="folder of the picture, in the proposal folder")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
