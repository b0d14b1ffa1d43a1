"""References between documents: checked before a replay, and used during it to find the Kafka key of each document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]
ReferenceProblem = tuple[Severity, str]


@dataclass(slots=True)
class _RunState:
    line: int
    is_closed: bool = False
    points: dict[str, set[int]] = field(default_factory=dict)
    external_streams: set[str] = field(default_factory=set)


class ReferenceChecker:
    """Checks that the uids by which documents refer to each other fit together.

    Points are counted by `seq_num`, so that a repeated point (pause, rewind) counts once.
    """

    def __init__(self) -> None:
        self._runs: dict[str, _RunState] = {}
        self._descriptors: dict[str, tuple[str, str]] = {}
        self._resources: dict[str, str] = {}
        self._checks: dict[str, Callable[[Mapping[str, Any]], Iterator[ReferenceProblem]]] = {
            "descriptor": self._check_descriptor,
            "event": self._check_event,
            "event_page": self._check_event,
            "stop": self._check_stop,
            "resource": self._check_resource,
            "stream_resource": self._check_resource,
            "datum": self._check_datum,
            "datum_page": self._check_datum,
            "stream_datum": self._check_stream_datum,
        }

    def check(self, name: str, doc: Mapping[str, Any], line: int = 0) -> list[ReferenceProblem]:
        """Check the references of a document that fits its schema; return the problems."""
        if name == "start":
            return list(self._check_start(doc, line))
        check = self._checks.get(name)
        return list(check(doc)) if check else []

    def find_unfinished(self) -> Iterator[tuple[int, str]]:
        """Find the runs without a stop document; yield line and text of each problem."""
        for uid, run in self._runs.items():
            if not run.is_closed:
                yield run.line, f"run {uid} has no stop document in this recording"

    def _check_start(self, doc: Mapping[str, Any], line: int) -> Iterator[ReferenceProblem]:
        uid = doc["uid"]
        if uid in self._runs:
            yield "error", f"run {uid}: second start document (the first is in line {self._runs[uid].line})"
        else:
            self._runs[uid] = _RunState(line)

    def _check_run(self, uid: str, name: str) -> Iterator[ReferenceProblem]:
        run = self._runs.get(uid)
        if run is None:
            yield "error", f"{name} of run {uid}: no start document on an earlier line"
        elif run.is_closed:
            yield "error", f"{name} of run {uid} after its stop document"

    def _check_descriptor(self, doc: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
        yield from self._check_run(doc["run_start"], "descriptor")
        if doc["uid"] in self._descriptors:
            yield "error", f"descriptor {doc['uid']} is on an earlier line already"
        self._descriptors[doc["uid"]] = (doc["run_start"], doc.get("name", "primary"))

    def _check_event(self, doc: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
        found = self._descriptors.get(doc["descriptor"])
        if found is None:
            yield "error", f"descriptor {doc['descriptor']} is not on an earlier line"
            return
        yield from self._check_run(found[0], "event")
        if found[0] in self._runs:
            numbers = doc["seq_num"]
            points = self._runs[found[0]].points.setdefault(found[1], set())
            points.update([numbers] if isinstance(numbers, int) else map(int, numbers))

    def _check_stop(self, doc: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
        uid = doc["run_start"]
        yield from self._check_run(uid, "stop")
        run = self._runs.get(uid)
        if run is None:
            return
        run.is_closed = True
        for stream, count in (doc.get("num_events") or {}).items():
            found = len(run.points.get(stream, ()))
            if found != count and stream not in run.external_streams:
                yield "warning", f"run {uid} counts {count} events in stream {stream!r}: the recording has {found}"
        run.points.clear()

    def _check_resource(self, doc: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
        self._resources[doc["uid"]] = doc.get("run_start", "")
        if doc.get("run_start"):
            yield from self._check_run(doc["run_start"], "resource")

    def _check_datum(self, doc: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
        if doc["resource"] not in self._resources:
            yield "error", f"resource {doc['resource']} is not on an earlier line"

    def _check_stream_datum(self, doc: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
        if doc["stream_resource"] not in self._resources:
            yield "error", f"stream_resource {doc['stream_resource']} is not on an earlier line"
        found = self._descriptors.get(doc["descriptor"])
        if found is None:
            yield "error", f"descriptor {doc['descriptor']} is not on an earlier line"
        elif found[0] in self._runs:
            self._runs[found[0]].external_streams.add(found[1])


class RunKeys:
    """Kafka keys of documents: the uid of a document's run, as bluesky-kafka uses it."""

    def __init__(self) -> None:
        self._runs: dict[str, str] = {}

    def find_key(self, name: str, doc: Mapping[str, Any]) -> str | None:
        """Find the uid of a document's run; None if the documents it refers to are unknown."""
        run = self._find_run(name, doc)
        uid = doc.get("uid")
        if run and isinstance(uid, str) and name in ("descriptor", "resource", "stream_resource"):
            self._runs[uid] = run
        return run

    def _find_run(self, name: str, doc: Mapping[str, Any]) -> str | None:
        if name == "start":
            return _to_uid(doc.get("uid"))
        if doc.get("run_start"):
            return _to_uid(doc["run_start"])
        parent = _to_uid(doc.get("descriptor") or doc.get("resource") or doc.get("stream_resource"))
        return self._runs.get(parent) if parent else None


def _to_uid(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
