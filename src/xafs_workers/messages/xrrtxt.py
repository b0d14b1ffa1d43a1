"""Control message that asks for the text files of a reflectivity scan."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Flag, OptionalBaseName, RunUid

TextStyle = Literal["short", "long", "both"]


@kinds.register("xrrtxt")
class Xrrtxt(ControlMessage):
    """Write a reflectivity scan to text files, without and with the counts of each pixel."""

    kind = "xrrtxt"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "xrrtxt": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "stub": "film-a",
        "style": "both",
    }

    uid: RunUid
    stub: OptionalBaseName = Field(
        default=None, description="name of the files without ending; null: the run's own name"
    )
    style: TextStyle = Field(default="both", description="short: scalars; long: with each pixel; both: two files")
    overwrite: Flag = Field(
        default=False, description="replace an existing file; else the new one gets a number: film-a(1).xdi"
    )
