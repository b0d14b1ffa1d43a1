"""Control message that asks for the XDI file of a reflectivity scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Flag, OptionalBaseName, RunUid


@kinds.register("xrrxdi")
class Xrrxdi(ControlMessage):
    """Write a reflectivity scan to an XDI file."""

    kind = "xrrxdi"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"xrrxdi": True, "uid": "11111111-2222-3333-4444-555555555555", "stub": None}

    uid: RunUid
    stub: OptionalBaseName = Field(
        default=None, description="name of the files without ending; null: the run's own name"
    )
    overwrite: Flag = Field(
        default=False, description="replace an existing file; else the new one gets a number: film-a(1).xdi"
    )
