"""Undecoded input from sources: records, and reports that a partition's end was reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from xafs_workers.scans.items import ReceivedMessage, RecordPosition

Partition = tuple[str, int]
"""Topic and number."""

MAX_FUTURE_SECONDS = 3600.0
"""A record time further ahead than this is a wrong clock: the record counts as of its arrival."""

RECORDING_TOPIC = "recording"
"""Topic of a recording, which has documents and control messages in the order of its lines."""

STAMPED_TOPICS = frozenset({"zmq", "tiled", RECORDING_TOPIC})
"""Topics of sources that keep no numbered records: the difference of two offsets is no count."""

NO_STAMP = -1
"""Stamp of a record to which the broker gives no time."""


class RawRecord(NamedTuple):
    """A record as a source gives it.

    Attributes
    ----------
    time
        POSIX seconds: the record time, or the arrival time where the broker gives none or one far in the future.
    is_replayed
        Whether `xafs-workers replay` sent it, with the times of a recording in its value.
    stamp_ms
        Time that Kafka stores with the record, ms, whatever it is; `NO_STAMP` if there is none.
    problem
        Reason why the source refuses the record, '' for none.
    """

    position: RecordPosition
    time: float
    key: bytes | None
    value: bytes | None
    is_replayed: bool = False
    stamp_ms: int = NO_STAMP
    problem: str = ""

    @property
    def partition(self) -> Partition:
        """Topic and number of its partition."""
        return (self.position.topic, self.position.partition)


@dataclass(frozen=True, slots=True)
class StampedMessage(ReceivedMessage):
    """A received message with the stamp of its record, which a restart reads again as it was.

    Attributes
    ----------
    stamp_ms
        Time that Kafka stores with the record, ms; `NO_STAMP` if there is none.
    """

    stamp_ms: int = NO_STAMP


@dataclass(frozen=True, slots=True)
class EndOfPartition:
    """Everything before `offset` was read, and nothing more is there at the moment."""

    partition: Partition
    offset: int


SourceEntry = RawRecord | EndOfPartition


@dataclass(slots=True)
class TopicObservations:
    """Properties of topics that show in the records of a source.

    Attributes
    ----------
    removed
        Number of records that Kafka removed (retention) before they were read, by partition and first offset.
    broker_stamped
        Topics whose records have the broker's time (LogAppendTime), not their sender's.
    """

    removed: dict[tuple[Partition, int], int] = field(default_factory=dict[tuple[Partition, int], int])
    broker_stamped: set[str] = field(default_factory=set[str])

    @property
    def removed_count(self) -> int:
        """Number of all records that were removed before they were read."""
        return sum(self.removed.values())


def compute_record_time(milliseconds: int | None, now: float) -> float:
    """Return the time of a record, POSIX seconds.

    Parameters
    ----------
    milliseconds
        Time that the broker gives it; None or negative if it gives none.
    now
        When the record arrived.
    """
    if milliseconds is None or milliseconds < 0:
        return now
    given = milliseconds / 1000
    return given if given <= now + MAX_FUTURE_SECONDS else now
