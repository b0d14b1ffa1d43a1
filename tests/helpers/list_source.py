"""Records from a list in place of a broker, for tests of the loop alone."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.streams import CONTROL, DOCUMENTS, EPOCH, Entry
from xafs_workers.consumer.source import EndOfPartition, Partition, RawRecord
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import AwaitedMessages, ReceivedMessage, RecordPosition
from xafs_workers.wire import encode


class ListSource:
    """Returns what it was given, then reports the end of the partitions."""

    def __init__(self) -> None:
        self.stored: dict[Partition, int] = {}
        self._waiting: list[RawRecord] = []
        self._ends: dict[Partition, int] = {(CONTROL, 0): 0, (DOCUMENTS, 0): 0}

    def put(self, topic: str, value: bytes | None, time: float | None = None) -> RecordPosition:
        offset = self._ends[topic, 0]
        self._ends[topic, 0] = offset + 1
        origin = RecordPosition(topic, 0, offset)
        moment = EPOCH + 0.001 * sum(self._ends.values()) if time is None else time
        self._waiting.append(RawRecord(origin, moment, None, value, stamp_ms=round(moment * 1000)))
        return origin

    def put_entries(self, entries: Iterable[Entry]) -> None:
        for name, body in entries:
            if name == "start" and body.get("time") == EPOCH:  # made up: it starts when it is published
                body = {**body, "time": EPOCH + 0.001 * (1 + sum(self._ends.values()))}
            self.put(CONTROL if name == "bmm" else DOCUMENTS, encode(name, body))

    def poll(self, timeout: float, limit: int = 500) -> list[RawRecord | EndOfPartition]:
        ready, self._waiting = self._waiting[:limit], self._waiting[limit:]
        if self._waiting:
            return list(ready)
        return [*ready, *(EndOfPartition(partition, end) for partition, end in self._ends.items())]

    def store(self, positions: dict[Partition, int]) -> bool:
        self.stored = dict(positions)
        return True

    def pause(self, partitions: Iterable[Partition]) -> None:
        pass

    def resume(self, partitions: Iterable[Partition]) -> None:
        pass

    def refresh_partitions(self) -> tuple[Partition, ...]:
        return ()

    def is_at_end(self) -> bool:
        return True

    @property
    def positions(self) -> dict[Partition, int]:
        return dict(self._ends)


class CollectingHandler:
    """A duty that only remembers."""

    def __init__(self) -> None:
        self.received: list[ReceivedMessage] = []
        self.waiting: list[ReceivedMessage] = []

    def on_message(self, control: ReceivedMessage, board: Board) -> None:
        self.received.append(control)

    def poll(self, board: Board) -> None:
        pass

    def pending(self) -> list[ReceivedMessage]:
        return list(self.waiting)

    awaited = AwaitedMessages()
