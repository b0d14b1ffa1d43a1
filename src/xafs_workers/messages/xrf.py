"""X-ray fluorescence spectrum of a single-point run: plot or data file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import OVERWRITE_DESCRIPTION, BaseName, Channel, Flag, OptionalFile, RunUid


@kinds.register("xrf.plot")
class XrfPlot(ControlMessage):
    """Draw the spectrum of a run with a single point."""

    kind = "xrf"
    action = "plot"
    owner = "headless"
    example: ClassVar[Example] = {
        "xrf": "plot",
        "uid": "b64a4f0e-0a1d-4d2d-9a3d-5b6f1d4b8f77",
        "add": False,
        "filename": "mysample_XRF_2025-06-05T10-00-00.png",
        "post": False,
    }

    uid: RunUid
    add: Flag = Field(default=True, description="true: the sum of the channels; false: each channel in one plot")
    only: Channel | None = Field(default=None, description="this channel alone, 1 to 8")
    filename: OptionalFile = Field(
        default=None, description="name of the picture, in XRF/; without it no picture is saved"
    )
    post: Flag = Field(default=False, description="post the picture to Slack too")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)


@kinds.register("xrf.write")
class XrfWrite(ControlMessage):
    """Write the spectrum of a run to a data file."""

    kind = "xrf"
    action = "write"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "xrf": "write",
        "uid": "b64a4f0e-0a1d-4d2d-9a3d-5b6f1d4b8f77",
        "filename": "mysample_2025-06-05T10-00-00.xrf",
    }

    uid: RunUid
    filename: BaseName = Field(description="name of the data file, in XRF/")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
