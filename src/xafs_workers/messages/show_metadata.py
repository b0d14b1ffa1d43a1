"""Control message that asks for the metadata of a run."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import RunUid


@kinds.register("show_metadata")
class ShowMetadata(ControlMessage):
    """Log the start document of a run and answer with it."""

    kind = "show_metadata"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"show_metadata": True, "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5"}

    uid: RunUid
