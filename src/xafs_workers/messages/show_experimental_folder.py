"""Control message that asks for the proposal folder in use."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import EndStation


@kinds.register("show_experimental_folder")
class ShowExperimentalFolder(ControlMessage):
    """Log the proposal folder in use and answer with its path, null where none is known."""

    kind = "show_experimental_folder"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"show_experimental_folder": True}

    end_station: EndStation = None
