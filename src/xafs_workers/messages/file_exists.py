"""Question whether a data file exists."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import BaseName, FileName, Flag, Index, build_field_error


@kinds.register("file_exists")
class FileExists(ControlMessage):
    """Answer with true if the file, or any of the numbered files, exists."""

    kind = "file_exists"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "file_exists": True,
        "folder": "/nsls2/data3/bmm/proposals/2025-2/pass-316886",
        "filename": "mysample",
        "start": 1,
        "stop": 4,
        "number": True,
    }

    folder: FileName = Field(description="absolute path of the folder")
    filename: BaseName = Field(description="file name, without its number where number is true")
    start: Index | None = Field(default=None, description="first number; needed where number is true")
    stop: Index | None = Field(default=None, description="the number after the last; needed where number is true")
    number: Flag = Field(default=False, description="check filename.<start> up to, but not including, filename.<stop>")

    @model_validator(mode="after")
    def _range(self) -> Self:
        for name in ("start", "stop") if self.number else ():
            if getattr(self, name) is None:
                raise build_field_error(name, "", "a whole number, because number is true")
        return self
