"""Control message after the regions of interest of the fluorescence detectors have changed."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds


@kinds.register("reset_rois")
class ResetRois(ControlMessage):
    """Read the file of the regions of interest again, in every worker that draws."""

    kind = "reset_rois"
    action = ""
    value = "true"
    owner = "headless"
    reloads_regions = True
    example: ClassVar[Example] = {"reset_rois": True}
