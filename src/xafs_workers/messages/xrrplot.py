"""Control message of the comparison of reflectivity scans."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Uids


@kinds.register("xrrplot")
class XrrPlot(ControlMessage):
    """Draw the reflectivity of several runs in one panel."""

    kind = "xrrplot"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "xrrplot": True,
        "uid": ["11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"],
    }

    uid: Uids = Field(min_length=1, description="uids of the runs; one may be sent as text")

    @property
    def named_run(self) -> str | None:
        """The first of the runs."""
        return self.uid[0]
