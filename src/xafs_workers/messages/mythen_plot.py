"""Control message that asks for the present spectrum of the Mythen detector."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import NEEDS_EPICS, Index


@kinds.register("mythen_plot")
class MythenPlot(ControlMessage):
    """Show the spectrum that the Mythen detector measures now, with one of its regions."""

    kind = "mythen_plot"
    action = ""
    value = "true"
    owner = "headless"
    not_acted_on = NEEDS_EPICS
    example: ClassVar[Example] = {"mythen_plot": True, "roi": 1, "xmin": 600, "xmax": 700}

    roi: Index | None = Field(default=None, description="number of the region, 1 to 4")
    xmin: Index | None = Field(default=None, description="first channel shown")
    xmax: Index | None = Field(default=None, description="last channel shown")
