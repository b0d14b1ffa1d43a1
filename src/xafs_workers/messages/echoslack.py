"""Control message that posts to Slack and to the message log."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import Flag, OptionalFile, Text, build_field_error


@kinds.register("echoslack")
class Echoslack(ControlMessage):
    """Post a text or a picture; with a picture the text is not posted."""

    kind = "echoslack"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {
        "echoslack": True,
        "text": "Starting XAFS of Fe2O3 :tada:",
        "img": None,
        "icon": "message",
        "rid": None,
    }

    text: Text | None = Field(default=None, description="text to post; may contain :emoji: short codes")
    img: OptionalFile = Field(default=None, description="absolute path of a picture")
    icon: Text | None = Field(default=None, description="not used")
    rid: Flag | Text | None = Field(
        default=None,
        description="anchor in the message log; true: a horizontal rule above; null: continues the line before",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.text is None and self.img is None:
            raise build_field_error("text", "neither text nor img", "one of them")
        return self
