"""Fluorescence spectra at chosen energies of an XAFS scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import EV, OVERWRITE_DESCRIPTION, Channel, Flag, Number, Numbers, OptionalFile, RunUid


@kinds.register("xrfat")
class XrfatStart(ControlMessage):
    """Draw the spectra at chosen energies of an XAFS scan. The action's name is not inspected."""

    kind = "xrfat"
    action = "start"
    value = "any"
    owner = "headless"
    helper = "file-manager"
    example: ClassVar[Example] = {
        "xrfat": "start",
        "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5",
        "energy": [-1],
        "xrffile": None,
        "add": True,
        "only": None,
        "xmax": 1500,
    }

    uid: RunUid
    energy: Numbers = Field(
        description="energy, or the index of a point (0, or counted from the end when negative)",
        json_schema_extra=EV,
    )
    xrffile: OptionalFile = Field(default=None, description="data file, in XRF/; only its base name is used")
    add: Flag = Field(default=True, description="true: the sum of the channels; false: each channel in one plot")
    only: Channel | None = Field(default=None, description="this channel alone, 1 to 8")
    xmax: Number = Field(
        default=1500.0, description="energy range shown beyond the incident energy", json_schema_extra=EV
    )
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)

    @property
    def requests_helper(self) -> bool:
        """Whether a data file is asked for, which the file manager writes."""
        return bool(self.xrffile)
