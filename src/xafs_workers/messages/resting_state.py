"""Control message at the end of every plan's clean-up."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds


@kinds.register("resting_state")
class RestingState(ControlMessage):
    """End the line, time, area and XAFS scans that are still open when a plan ended or failed."""

    kind = "resting_state"
    action = ""
    value = "true"
    owner = "headless"
    ends_open_scans = True
    example: ClassVar[Example] = {"resting_state": True}
