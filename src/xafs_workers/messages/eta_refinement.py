"""Control message that asks for the report of a refinement of eta."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import BaseName, FileName, Flag, PictureFolder, Results


@kinds.register("eta_refinement")
class EtaRefinement(ControlMessage):
    """Write the report (PowerPoint) of a refinement of the zero of eta."""

    kind = "eta_refinement"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "eta_refinement": True,
        "path": "/nsls2/data/bmm/proposals/2026-1/pass-123456",
        "stub": "film-a",
        "folder": "snapshots",
        "results": [
            {
                "uid": "11111111-2222-3333-4444-555555555555",
                "eta_nominal": 0.5,
                "delta": 1.0,
                "attenuator": 3,
                "eta_found": 0.502,
                "diff": 0.002,
            },
            {
                "uid": "11111111-2222-3333-4444-555555555555",
                "eta_nominal": 1.0,
                "delta": 2.0,
                "attenuator": 3,
                "eta_found": 1.003,
                "diff": 0.003,
            },
            {
                "uid": "11111111-2222-3333-4444-555555555555",
                "eta_nominal": 1.5,
                "delta": 3.0,
                "attenuator": 3,
                "eta_found": 1.501,
                "diff": 0.001,
            },
            {
                "uid": "11111111-2222-3333-4444-555555555555",
                "eta_nominal": 2.0,
                "delta": 4.0,
                "attenuator": 3,
                "eta_found": 2.002,
                "diff": 0.002,
            },
        ],
    }

    path: FileName = Field(description="absolute path of the proposal folder")
    stub: BaseName = Field(description="beginning of the names of pictures and report")
    folder: PictureFolder = Field(default="snapshots", description="folder of the pictures, in the proposal folder")
    results: Results = Field(
        description="steps: eta_nominal, delta, eta_found, diff (degrees), attenuator (setting), uid"
    )
    overwrite: Flag = Field(default=False, description="replace an existing report; else the new one gets a number")
