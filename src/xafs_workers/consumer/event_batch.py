"""Events that are folded together, which costs less than one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

from xafs_workers.consumer.records import RawRecord
from xafs_workers.scans.items import Document

MAX_EVENTS_TOGETHER = 500
"""Largest number of events that are folded together."""


@dataclass(slots=True)
class EventBatch:
    """Events of one descriptor that follow each other."""

    events: list[tuple[RawRecord, Document]] = field(default_factory=list[tuple[RawRecord, Document]])

    def accepts(self, event: Document) -> bool:
        """Check whether an event may be folded together with those collected."""
        if not self.events:
            return True
        return (
            len(self.events) < MAX_EVENTS_TOGETHER and self.events[-1][1].doc["descriptor"] == event.doc["descriptor"]
        )
