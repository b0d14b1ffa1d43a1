"""Control message that asks for the data file of a line scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import OVERWRITE_DESCRIPTION, BaseName, Flag, RunUid


@kinds.register("lsxdi")
class Lsxdi(ControlMessage):
    """Write a line scan to an XDI file."""

    kind = "lsxdi"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "lsxdi": True,
        "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5",
        "filename": "linescan.001",
    }

    uid: RunUid
    filename: BaseName = Field(description="name of the data file, in the proposal folder")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
