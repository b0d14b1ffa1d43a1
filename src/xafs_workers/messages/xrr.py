"""Control messages of X-ray reflectivity scans on the goniometer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    OVERWRITE_DESCRIPTION,
    Flag,
    Motor,
    Name,
    OptionalFile,
    OptionalName,
    OptionalUid,
)


@kinds.register("xrr.start")
class XrrStart(ControlMessage):
    """A reflectivity scan begins; its run follows."""

    kind = "xrr"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {"xrr": "start", "motor": "eta", "detector": "mythen", "title": "film a"}

    motor: Motor = "eta"
    detector: Name = Field(default="mythen", description="detector; its regions of interest are plotted")
    title: OptionalName = Field(default=None, description="title of the figure and of the Slack post")


@kinds.register("xrr.stop")
class XrrStop(ControlMessage):
    """The reflectivity scan is over; with a file name its picture is saved, unless `uid` is empty."""

    kind = "xrr"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {
        "xrr": "stop",
        "uid": "11111111-2222-3333-4444-555555555555",
        "filename": "film-a.png",
    }

    uid: OptionalUid = Field(default=None, description="uid of the run; empty: the scan was aborted")
    filename: OptionalFile = Field(default=None, description="picture, below pictures/; null: not saved")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)

    @property
    def is_aborted(self) -> bool:
        """Whether the plan states that nothing was measured to the end, by a uid without text."""
        return self.uid is None and "uid" in self.model_fields_set
