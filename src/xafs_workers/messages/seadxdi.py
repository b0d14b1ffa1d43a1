"""Control message that asks for the data file of a single energy absorption detection."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    DATA_FILE_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    Flag,
    OptionalBaseName,
    RunUid,
)


@kinds.register("seadxdi")
class Seadxdi(ControlMessage):
    """Write a time scan to an XDI file."""

    kind = "seadxdi"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "seadxdi": True,
        "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5",
        "filename": "mysample_sead.001",
    }

    uid: RunUid
    filename: OptionalBaseName = Field(default=None, description=DATA_FILE_DESCRIPTION)
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)

    @property
    def archives_older(self) -> bool:
        """Whether a file of the same name is renamed first: the run's own name asks for its file again."""
        return self.filename is None
