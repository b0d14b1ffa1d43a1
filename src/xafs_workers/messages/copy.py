"""Control message that copies a file into an experiment's folder."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import FileName, OptionalFile, OptionalName, build_field_error


@kinds.register("copy")
class Copy(ControlMessage):
    """Copy a file, named by its path or as the image or data file of a run."""

    kind = "copy"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "copy": True,
        "uuid": "c3f3a1d6-2d5a-4b0f-8d63-5d9ad1b1d7a0",
        "target": "/nsls2/data3/bmm/proposals/2025-2/pass-316886/snapshots/mysample_XASwebcam.jpg",
    }

    file: OptionalFile = Field(default=None, description="absolute path of the file to copy")
    uuid: OptionalName = Field(default=None, description="uid of the run whose first file is copied")
    target: FileName = Field(description="absolute path of the copy, or of the folder for it")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.uuid is None):
            got = "neither file nor uuid" if self.file is None else "both file and uuid"
            raise build_field_error("file", got, "one of them")
        return self
