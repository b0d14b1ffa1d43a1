"""Control message that asks for the text file of a line scan on the goniometer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import BaseName, Flag, Motor, Name, RunUid


@kinds.register("xrr_linescan_file")
class XrrLinescanFile(ControlMessage):
    """Write a line scan of the goniometer to a text file, with the counts of each pixel."""

    kind = "xrr_linescan_file"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "xrr_linescan_file": True,
        "uid": "11111111-2222-3333-4444-555555555555",
        "stub": "film-a_eta",
        "motor": "eta",
        "detector": "mythen",
    }

    uid: RunUid
    stub: BaseName = Field(description="name of the file without ending")
    motor: Motor
    detector: Name = Field(description="signal that was scanned: mythen, dir, refl, mca_full, monitor, ...")
    overwrite: Flag = Field(
        default=False, description="replace an existing file; else the new one gets a number: film-a(1).xdi"
    )
