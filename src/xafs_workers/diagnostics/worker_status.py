"""State of all workers, from their heartbeats."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.consumer.records import EndOfPartition, RawRecord
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.wire import DecodeError, decode

MISSED_HEARTBEATS = 3.0
"""So many heartbeats in a row that did not come make a worker stale."""
ENDED_STATES = frozenset({"stopped", "died"})
"""States of a worker's last words."""
GONE_STATES = ENDED_STATES | {"stale"}
WRITERS = ("file-manager", "headless")
"""Workers that must run: without them no file is written. A viewer may be closed."""
READ_TIMEOUT = 5.0
"""How long what there is may take to be read, seconds."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker, by its newest heartbeat."""

    heartbeat: Mapping[str, Any]
    heartbeat_time: float

    def compute_age(self, now: float) -> float:
        """Return how old the heartbeat is, by its record's time, seconds."""
        return max(0.0, now - self.heartbeat_time)

    def determine_state(self, now: float) -> str:
        """Return the state that the heartbeat reports, or `stale`."""
        state = str(self.heartbeat.get("state", "?"))
        if state not in ENDED_STATES and self.compute_age(now) > MISSED_HEARTBEATS * _to_number(
            self.heartbeat.get("every"), 10.0
        ):
            return "stale"
        return state

    def is_well(self, now: float) -> bool:
        """Check whether it runs or is a standby, and all its sources can be read; a viewer may be stopped.

        What single messages wait for is no fault: the worker is healthy while a dossier waits for its pictures.
        """
        state = self.determine_state(now)
        if state == "stopped":
            return self.heartbeat.get("worker") not in WRITERS
        return state in ("running", "standby") and not self.find_source_problems()

    def find_source_problems(self) -> tuple[str, ...]:
        """Return the reasons why sources cannot be read."""
        sources = self.heartbeat.get("sources")
        reports = [one for one in sources if isinstance(one, Mapping)] if isinstance(sources, Sequence) else []
        return tuple(f"{one.get('name')}: {one['problem']}" for one in reports if one.get("problem"))

    def as_dict(self, now: float) -> dict[str, Any]:
        """Return the heartbeat with the values computed from it."""
        return {
            **self.heartbeat,
            "state": self.determine_state(now),
            "age": round(self.compute_age(now), 3),
            "well": self.is_well(now),
        }


@dataclass
class WorkerTable:
    """All workers that sent a heartbeat, the newest process of each kind on each machine."""

    workers: dict[tuple[str, str, int], WorkerStatus] = field(default_factory=dict)

    def add_record(self, record: RawRecord) -> None:
        """Take a record of the status topic; what is no heartbeat is passed over."""
        try:
            tag, beat = decode(record.value)
        except DecodeError:
            return
        if tag != "status" or not isinstance(beat.get("worker"), str):
            return
        place = (beat["worker"], str(beat.get("host", "?")), int(_to_number(beat.get("pid"), 0)))
        known = self.workers.get(place)
        if known is None or record.time >= known.heartbeat_time:
            self.workers[place] = WorkerStatus(beat, record.time)

    def list_workers(self, now: float) -> list[WorkerStatus]:
        """Return the workers by name and host; of one that ended only where no other took its place."""
        living = {place[:2] for place, worker in self.workers.items() if worker.determine_state(now) not in GONE_STATES}
        newest: dict[tuple[str, str], float] = {}
        for place, worker in self.workers.items():
            newest[place[:2]] = max(worker.heartbeat_time, newest.get(place[:2], -math.inf))
        return [
            worker
            for place, worker in sorted(self.workers.items())
            if worker.determine_state(now) not in GONE_STATES
            or (place[:2] not in living and worker.heartbeat_time == newest[place[:2]])
        ]


def list_problems(workers: Sequence[WorkerStatus], now: float, expected: Collection[str] = WRITERS) -> list[str]:
    """Return what is not healthy: workers that are not well, and expected ones without a heartbeat.

    Parameters
    ----------
    expected
        Names of the workers that must run.
    """
    problems = []
    for worker in workers:
        name, state = worker.heartbeat.get("worker"), worker.determine_state(now)
        if not worker.is_well(now) or (state == "stopped" and name in expected):
            reason = "; ".join(worker.find_source_problems()) if state in ("running", "standby") else state
            problems.append(f"{name} on {worker.heartbeat.get('host', '?')}: {reason}")
    known = {worker.heartbeat.get("worker") for worker in workers}
    return problems + [f"{name}: no heartbeat" for name in expected if name not in known]


class HeartbeatListener:
    """Follows the status topic.

    Parameters
    ----------
    look_back
        Greatest age of heartbeats that are read, seconds.
    """

    def __init__(self, settings: Settings, look_back: float):
        self._topic, self._look_back = settings.get_topic("status"), look_back
        self._source = Connections.from_settings(settings).open_topics([self._topic], "status", timeout=READ_TIMEOUT)
        self.worker_table = WorkerTable()

    def read_recent(self) -> None:
        """Read all recent heartbeats.

        Raises
        ------
        SourceError
            No broker answers, or the topic is not there.
        """
        positions = self._source.metadata.find_offsets(self._topic, time.time() - self._look_back)
        ends = {
            place: high
            for place, (_, high) in self._source.metadata.fetch_watermarks().items()
            if positions[place] < high
        }
        self._source.assign(positions)
        deadline = time.monotonic() + READ_TIMEOUT
        while ends and time.monotonic() < deadline:
            for entry in self.listen(0.1):
                if isinstance(entry, EndOfPartition) and entry.offset >= ends.get(entry.partition, math.inf):
                    del ends[entry.partition]

    def listen(self, timeout: float) -> Iterator[RawRecord | EndOfPartition]:
        """Read the heartbeats that arrive within `timeout` seconds."""
        for entry in self._source.poll(timeout):
            if isinstance(entry, RawRecord):
                self.worker_table.add_record(entry)
            yield entry

    def close(self) -> None:
        """Close the connection."""
        self._source.close()


def _to_number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else otherwise
