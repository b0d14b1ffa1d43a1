"""Question for the number of the next data file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import BaseName, FileName


@kinds.register("next_index")
class NextIndex(ControlMessage):
    """Answer with 1 + the highest numeric extension of the stub's files, or 1 if no file exists."""

    kind = "next_index"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "next_index": True,
        "folder": "/nsls2/data3/bmm/proposals/2025-2/pass-316886",
        "stub": "mysample",
    }

    folder: FileName = Field(description="absolute path of the folder")
    stub: BaseName = Field(description="file name without its number")
