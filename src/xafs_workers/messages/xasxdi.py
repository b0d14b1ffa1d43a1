"""Control message that asks for the data file of an XAFS scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import OVERWRITE_DESCRIPTION, BaseName, Flag, RunUid


@kinds.register("xasxdi")
class Xasxdi(ControlMessage):
    """Write an XAFS scan to an XDI file."""

    kind = "xasxdi"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "xasxdi": True,
        "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5",
        "filename": "mysample.001",
    }

    uid: RunUid
    filename: BaseName = Field(description="name of the data file, in the proposal folder")
    include_yield: Flag = Field(default=False, description="true: with the column of the electron yield")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
