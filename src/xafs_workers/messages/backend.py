"""Control message that asks what draws the pictures."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds


@kinds.register("backend")
class Backend(ControlMessage):
    """Log which version of matplotlib draws the pictures, and by which backend; the answer states it too."""

    kind = "backend"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {"backend": True}
