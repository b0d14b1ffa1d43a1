"""Log file in an experiment's folder."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import FileName, Text


@kinds.register("logger.start")
class LoggerStart(ControlMessage):
    """Start logging to a file as well."""

    kind = "logger"
    action = "start"
    owner = "file-manager"
    example: ClassVar[Example] = {"logger": "start", "folder": "/nsls2/data3/bmm/proposals/2025-2/pass-316886"}

    folder: FileName = Field(description="folder of the log file")


@kinds.register("logger.clear")
class LoggerClear(ControlMessage):
    """Stop logging to the file."""

    kind = "logger"
    action = "clear"
    owner = "file-manager"
    example: ClassVar[Example] = {"logger": "clear"}


@kinds.register("logger.entry")
class LoggerEntry(ControlMessage):
    """Write a line to the log."""

    kind = "logger"
    action = "entry"
    owner = "file-manager"
    example: ClassVar[Example] = {"logger": "entry", "text": "changed the gas of the ion chambers"}

    text: Text = Field(description="text of the line")
