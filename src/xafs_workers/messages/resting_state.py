"""Control message of every plan's clean-up."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds


@kinds.register("resting_state")
class RestingState(ControlMessage):
    """A plan is over, well or not: line, time, area and XAFS scans still open are ended."""

    kind = "resting_state"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {"resting_state": True}
