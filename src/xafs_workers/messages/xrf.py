"""X-ray fluorescence spectrum of a single-point run: plot or data file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    EV,
    NEEDS_EPICS,
    OVERWRITE_DESCRIPTION,
    BaseName,
    Channel,
    Flag,
    Index,
    Number,
    OptionalFile,
    OptionalName,
    RunUid,
)

ADD_DESCRIPTION = "true: the sum of the channels; false: each channel in one plot"
ONLY_DESCRIPTION = "this channel alone, 1 to 8"


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
    add: Flag = Field(default=True, description=ADD_DESCRIPTION)
    only: Channel | None = Field(default=None, description=ONLY_DESCRIPTION)
    show_roi: Flag = Field(default=True, description="mark the element's region of interest")
    filename: OptionalFile = Field(
        default=None, description="name of the picture, in XRF/; without it no picture is saved"
    )
    post: Flag = Field(default=False, description="post the picture to Slack too")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)


@kinds.register("xrf.quickplot")
class XrfQuickplot(ControlMessage):
    """Show the spectra that the fluorescence detector measures now, without a run."""

    kind = "xrf"
    action = "quickplot"
    owner = "headless"
    not_acted_on = NEEDS_EPICS
    example: ClassVar[Example] = {
        "xrf": "quickplot",
        "add": True,
        "only": None,
        "energy": 7300.0,
        "element": "Fe",
        "edge": "K",
        "roi_min": 600,
        "roi_size": 80,
    }

    add: Flag = Field(default=True, description=ADD_DESCRIPTION)
    only: Channel | None = Field(default=None, description=ONLY_DESCRIPTION)
    energy: Number | None = Field(default=None, description="incident energy", json_schema_extra=EV)
    element: OptionalName = Field(default=None, description="symbol of the element whose region is marked")
    edge: OptionalName = Field(default=None, description="absorption edge of this element")
    roi_min: Index | None = Field(default=None, description="first bin of the region")
    roi_size: Index | None = Field(default=None, description="number of bins of the region")


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
