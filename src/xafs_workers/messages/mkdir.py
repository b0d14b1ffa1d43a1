"""Control message that creates a folder."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import FileName


@kinds.register("mkdir")
class Mkdir(ControlMessage):
    """Create a folder and its parents unless they exist."""

    kind = "mkdir"
    action = ""
    value = "field"
    owner = "file-manager"
    example: ClassVar[Example] = {"mkdir": "/nsls2/data3/bmm/proposals/2025-2/pass-316886/maps"}

    path: FileName = Field(alias="mkdir", description="absolute path of the folder")
