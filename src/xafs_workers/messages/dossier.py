"""Dossier: the HTML report of a measurement."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    OVERWRITE_DESCRIPTION,
    BaseName,
    Count,
    Flag,
    LongText,
    OptionalFile,
    OptionalName,
    Text,
    Uids,
)


@kinds.register("dossier.start")
class DossierStart(ControlMessage):
    """Start a new, empty dossier."""

    kind = "dossier"
    action = "start"
    owner = "file-manager"
    example: ClassVar[Example] = {"dossier": "start", "stub": "mysample"}

    stub: BaseName = Field(description="stub of the data files' names")


@kinds.register("dossier.set")
class DossierSet(ControlMessage):
    """Set fields of the dossier; fields that are left out keep their values."""

    kind = "dossier"
    action = "set"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "dossier": "set",
        "folder": "/nsls2/data3/bmm/proposals/2025-2/pass-316886",
        "rid": "1a2b3c4d",
        "uidlist": ["8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5"],
    }

    uid: OptionalName = Field(default=None, description="uid of one more run")
    uidlist: Uids | None = Field(default=None, description="uids of all runs, in order")
    folder: OptionalFile = Field(default=None, description="folder of the experiment")
    rid: Text | None = Field(default=None, description="anchor in the message log")
    force_seqnumber: Count | None = Field(
        default=None, description="sequence number of a dossier that is written again"
    )
    instrument: LongText | None = Field(default=None, description="HTML about the sample stage; sanitised before use")
    ini: LongText | None = Field(default=None, description="text of the INI file of the scan")


@kinds.register("dossier.show")
class DossierShow(ControlMessage):
    """Log the fields that the dossier has so far."""

    kind = "dossier"
    action = "show"
    owner = "file-manager"
    example: ClassVar[Example] = {"dossier": "show"}


@kinds.register("dossier.motors")
class DossierMotors(ControlMessage):
    """Log the motor positions that the dossier would show."""

    kind = "dossier"
    action = "motors"
    owner = "file-manager"
    example: ClassVar[Example] = {"dossier": "motors"}


@kinds.register("dossier.write")
class DossierWrite(ControlMessage):
    """Write the dossier of an XAFS sequence."""

    kind = "dossier"
    action = "write"
    owner = "file-manager"
    example: ClassVar[Example] = {"dossier": "write"}

    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)


@kinds.register("dossier.sead")
class DossierSead(ControlMessage):
    """Write the dossier of a single energy absorption detection."""

    kind = "dossier"
    action = "sead"
    owner = "file-manager"
    example: ClassVar[Example] = {"dossier": "sead"}

    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)


@kinds.register("dossier.raster")
class DossierRaster(ControlMessage):
    """Write the dossier of a raster scan."""

    kind = "dossier"
    action = "raster"
    owner = "file-manager"
    example: ClassVar[Example] = {"dossier": "raster"}

    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
