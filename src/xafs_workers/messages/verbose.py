"""Control message that sets how much the workers log."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Flag


@kinds.register("verbose")
class Verbose(ControlMessage):
    """Set whether each message is logged in full or briefly."""

    kind = "verbose"
    action = ""
    value = "field"
    owner = "file-manager"
    example: ClassVar[Example] = {"verbose": False}

    on: Flag = Field(alias="verbose", description="true: messages are logged in full")

    @property
    def detailed_logging(self) -> bool:
        """Whether the workers log messages in full from now on."""
        return self.on
