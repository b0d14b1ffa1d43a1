"""Control message that asks for the data files of a raster scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import OVERWRITE_DESCRIPTION, Flag, RunUid


@kinds.register("raster")
class RasterFiles(ControlMessage):
    """Write a map as a spreadsheet and a Matlab file, named after its start document."""

    kind = "raster"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"raster": True, "uid": "5f1e6c2e-8f0c-4a54-9c43-b7b6e4c9a9d2"}

    uid: RunUid
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
