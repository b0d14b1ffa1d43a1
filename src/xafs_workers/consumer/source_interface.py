"""Interface of all sources of records: Kafka, the topics of the state folder, ZMQ, Tiled, a recording, or several."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from xafs_workers.consumer.records import Partition, RawRecord, SourceEntry, TopicObservations

Promise = Literal["at-least-once", "at-most-once", "once"]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """State of one source, for heartbeats.

    Attributes
    ----------
    promise
        ``at-least-once``, ``at-most-once``, or ``once`` for a recording, which ends.
    problem
        Reason why nothing can be read, or what the staff should change; '' for none.
    """

    name: str
    promise: Promise
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a mapping."""
        return {"name": self.name, "promise": self.promise, "problem": self.problem}


class TopicLookup(Protocol):
    """Answers to questions about a source's topics; SourceError where there is none."""

    def wait_for_topics(self, stop: threading.Event) -> bool:
        """Wait until the source can be read; False if `stop` was set before."""
        ...

    def fetch_cluster_id(self) -> str:
        """Return the id of the store of control messages; one that is set up again has another."""
        ...

    def list_partitions(self) -> tuple[Partition, ...]:
        """Return all partitions of the topics."""
        ...

    def fetch_committed_offsets(self) -> dict[Partition, int]:
        """Return the stored offsets, of those partitions that have one."""
        ...

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return of each partition the oldest offset kept and the next one to be written."""
        ...

    def find_offsets(self, topic: str, time: float) -> dict[Partition, int]:
        """Return for each partition of a topic the first offset whose record time is `time` or later."""
        ...

    def read_record(self, partition: Partition, offset: int) -> RawRecord | None:
        """Return the first record at or after an offset; None out of range or at the end."""
        ...


class Source(Protocol):
    """A source of records. All methods are called from one thread."""

    @property
    def metadata(self) -> TopicLookup:
        """Answers to questions about the topics."""
        ...

    @property
    def observations(self) -> TopicObservations:
        """Properties of the topics that show in the records."""
        ...

    @property
    def reports(self) -> tuple[SourceReport, ...]:
        """State of the source, or of each of several."""
        ...

    @property
    def waits_for(self) -> str:
        """Reason why nothing can be read, '' for none."""
        ...

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        ...

    def poll(self, timeout: float, limit: int = 500) -> list[SourceEntry]:
        """Return the entries that have arrived; wait up to `timeout` seconds for the first."""
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading partitions that run ahead."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Go on reading them."""
        ...

    def refresh_partitions(self) -> tuple[Partition, ...]:
        """Take up partitions that were added."""
        ...

    def compute_lag(self) -> int:
        """Return how many records, as far as is known, `poll` has not returned yet."""
        ...

    def is_at_end(self) -> bool:
        """Check whether, as far as is known, everything that exists has been returned."""
        ...

    def store(self, positions: Mapping[Partition, int]) -> bool:
        """Store the next offsets to be read; False if that failed."""
        ...

    def count_removed(self, partition: Partition, offset: int, oldest: int) -> None:
        """Count the records between the offset to be read and the oldest one kept."""
        ...

    def close(self) -> None:
        """Close the source."""
        ...
