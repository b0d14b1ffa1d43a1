"""Control message that asks for the page of a reflectivity measurement."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import OVERWRITE_DESCRIPTION, Flag, OptionalBaseName, RunUid


@kinds.register("xrr_dossier")
class XrrDossier(ControlMessage):
    """Write the page of a reflectivity measurement; a page of the program's own is replaced."""

    kind = "xrr_dossier"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"xrr_dossier": True, "uid": "11111111-2222-3333-4444-555555555555", "stub": "film-a"}

    uid: RunUid
    stub: OptionalBaseName = Field(default=None, description="name of the page and of the files; null: the run's own")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
