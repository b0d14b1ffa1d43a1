"""Control message that creates an empty file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import FileName


@kinds.register("touch")
class Touch(ControlMessage):
    """Create an empty file; an existing file is not changed."""

    kind = "touch"
    action = ""
    value = "field"
    owner = "file-manager"
    example: ClassVar[Example] = {"touch": "/nsls2/data3/bmm/proposals/2025-2/pass-316886/dossier/MANIFEST"}

    path: FileName = Field(alias="touch", description="absolute path of the file")
