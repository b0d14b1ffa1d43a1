"""Control message that asks for all files of a reflectivity scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Flag, OptionalBaseName, RunUid
from xafs_workers.messages.xrrtxt import TextStyle


@kinds.register("xrrout")
class Xrrout(ControlMessage):
    """Write a reflectivity scan to an XDI file and to text files."""

    kind = "xrrout"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "xrrout": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "stub": "film-a",
        "style": "both",
    }

    uid: RunUid
    stub: OptionalBaseName = Field(
        default=None, description="name of the files without ending; null: the run's own name"
    )
    style: TextStyle = Field(default="both", description="short: scalars; long: with each pixel; both: two text files")
    overwrite: Flag = Field(
        default=False, description="replace an existing file; else the new one gets a number: film-a(1).xdi"
    )
