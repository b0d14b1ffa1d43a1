"""Base of the messages whose worker analyses a run and answers with numbers, for a plan that waits for them."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, WithJsonSchema

from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.fields import Name, build_error

LAST_RUN = "last"
"""Text in place of a uid that names the run which was measured last before the message."""

WHOLE_UID_LENGTH = 32
"""A shorter uid is the beginning of one; those of Bluesky have 32 hexadecimal digits, and mostly hyphens."""


def _unwrap_single(value: Any) -> Any:
    """Return the only member of a list or a tuple, which is how some plans return a uid."""
    if not isinstance(value, list | tuple):
        return value
    members = cast("list[Any]", value)
    if len(members) != 1:
        raise build_error("a uid, or a list of one uid")
    return members[0]


AnalysedUid = Annotated[
    Name,
    BeforeValidator(_unwrap_single),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 1}]}),
    Field(description=f"uid of the run, its first characters, or {LAST_RUN}: the run measured last"),
]


class AnalysingMessage(ControlMessage):
    """Message that asks for the analysis of a run; its kind has an entry in `scans.analysis.analysis_rules`."""

    uid: AnalysedUid

    @property
    def named_run(self) -> str | None:
        """Uid of the run, None where the message does not contain it whole."""
        return self.uid if len(self.uid) >= WHOLE_UID_LENGTH else None
