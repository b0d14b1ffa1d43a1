"""Control message that asks for the report of a sample's alignment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import BaseName, FileName, Flag, PictureFolder, Results


@kinds.register("sample_alignment")
class SampleAlignment(ControlMessage):
    """Write the report (PowerPoint) of a sample's alignment on the goniometer."""

    kind = "sample_alignment"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "sample_alignment": True,
        "path": "/nsls2/data/bmm/proposals/2026-1/pass-123456",
        "stub": "film-a",
        "folder": "snapshots",
        "results": [
            {
                "v_uid": "11111111-2222-3333-4444-555555555555",
                "e_uid": "22222222-3333-4444-5555-666666666666",
                "samplez": 1.2,
                "eta_peakpos": 0.01,
                "eta_com": 0.011,
                "eta_fwhm_center": 0.0105,
            },
            {
                "v_uid": "11111111-2222-3333-4444-555555555555",
                "e_uid": "22222222-3333-4444-5555-666666666666",
                "samplez": 1.21,
                "eta_peakpos": 0.01,
                "eta_com": 0.011,
                "eta_fwhm_center": 0.0105,
            },
            {
                "v_uid": "11111111-2222-3333-4444-555555555555",
                "e_uid": "22222222-3333-4444-5555-666666666666",
                "samplez": 1.215,
                "eta_peakpos": 0.01,
                "eta_com": 0.011,
                "eta_fwhm_center": 0.0105,
            },
        ],
    }

    path: FileName = Field(description="absolute path of the proposal folder")
    stub: BaseName = Field(description="beginning of the names of pictures and report")
    folder: PictureFolder = Field(default="snapshots", description="folder of the pictures, in the proposal folder")
    results: Results = Field(
        description="passes: samplez (mm), eta_peakpos, eta_com, eta_fwhm_center (degrees), v_uid, e_uid"
    )
    overwrite: Flag = Field(default=False, description="replace an existing report; else the new one gets a number")
