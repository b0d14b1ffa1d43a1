"""Runs that come from several sources, joined without doubles; and runs of which points never arrived.

The source that brought a run's start document leads the run: its documents are passed on as they come. Other sources
only fill the points that the leader lacks at the stop. A source that promises no more than at-most-once may lose
points; then the run is reported.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable

from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.required_offsets import PendingRecord
from xafs_workers.logs import get_logger
from xafs_workers.scans.items import Document, RecordPosition
from xafs_workers.sources.joined_run import Entry, JoinedRun, split_page

log = get_logger("sources")

WAIT_SECONDS = 5.0
"""How long a stop document is held back for points that other sources may bring, seconds."""
MAX_CLOSED_RUNS = 500
"""So many finished runs are remembered, so that their doubles are recognised."""
MISSED_START = "its start document never arrived"
POINT_DOCUMENTS = frozenset({"event", "event_page", "stream_datum"})


class RunJoiner:
    """Joins the documents of sources; called in the loop's thread.

    Parameters
    ----------
    sources
        Names of the sources of documents.
    losing
        Those of them that deliver at most once.
    get_source
        Returns the source of a topic.
    """

    def __init__(
        self,
        sources: Collection[str],
        losing: Collection[str],
        get_source: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._joins, self._losing = len(sources) > 1, frozenset(losing)
        self._get_source, self._clock = get_source, clock
        self._runs: OrderedDict[str, JoinedRun] = OrderedDict()
        self._streams: dict[str, tuple[str, str]] = {}
        self._headless: dict[str, None] = {}  # runs whose start document was missed, in order
        self._headless_now: dict[str, str] = {}  # by source: such a run that is being measured, or its descriptor
        self._losses: list[tuple[str, str]] = []

    def add(self, record: RawRecord, item: Document) -> list[Entry]:
        """Return what is to be applied now: the document, nothing, or the document and others that waited for it."""
        source = self._get_source(item.position.topic)
        if item.name == "start":
            return self._add_start(source, (record, item))
        found = self._find_run(item)
        if found is None:
            return self._add_stray(source, (record, item))
        run, stream = found
        run.first_positions.setdefault(record.partition, item.position)
        if item.name == "stop":
            return self._add_stop(run, source, (record, item))
        if source == run.leader:
            return self._pass_on(run, stream, (record, item))
        return self._add_other(run, stream, (record, item))

    def take_due(self) -> list[Entry]:
        """Return the stop documents, with what fills their runs, that were held back long enough."""
        now = self._clock()
        due = [run for run in self._runs.values() if run.due is not None and run.due <= now]
        return [entry for run in due for entry in self._finish(run)]

    def take_losses(self) -> list[tuple[str, str]]:
        """Return uid and reason of the runs of which something never arrived, each once."""
        losses, self._losses = self._losses, []
        return losses

    @property
    def waits_for(self) -> str:
        """Reason why a run that is being measured is not followed, '' for none."""
        return "; ".join(
            f"{source}: the next run, as the start document of the present one never arrived"
            for source in self._headless_now
        )

    def pending(self) -> Iterable[PendingRecord]:
        """Return the first records of the runs that are not finished, in every partition."""
        for run in self._runs.values():
            if not run.is_closed:
                yield from (PendingRecord(position, 0.0) for position in run.first_positions.values())

    def list_starts(self, uid: str) -> tuple[RecordPosition, ...]:
        """Return the first record of a run in each partition."""
        run = self._runs.get(uid)
        return () if run is None else tuple(run.first_positions.values())

    def _add_start(self, source: str, entry: Entry) -> list[Entry]:
        record, item = entry
        uid = str(item.doc["uid"])
        self._headless_now.pop(source, None)
        run = self._runs.get(uid)
        if run is None:
            run = self._runs[uid] = JoinedRun(uid, source, {record.partition: item.position})
            self._forget_old_runs()
            return [entry]
        run.first_positions.setdefault(record.partition, item.position)
        return [entry] if source == run.leader else []

    def _find_run(self, item: Document) -> tuple[JoinedRun, str] | None:
        """Return the run of a document and its stream, '' for none."""
        doc = item.doc
        if item.name == "descriptor":
            uid, stream = str(doc["run_start"]), str(doc.get("name", "primary"))
            self._streams[str(doc["uid"])] = (uid, stream)
        elif item.name in POINT_DOCUMENTS:
            uid, stream = self._streams.get(str(doc.get("descriptor")), ("", ""))
        else:
            uid, stream = str(doc.get("run_start", "")), ""
        run = self._runs.get(uid)
        return None if run is None else (run, stream)

    def _add_stray(self, source: str, entry: Entry) -> list[Entry]:
        """Take a document of no known run: from a source that loses documents, its run is reported."""
        _, item = entry
        if source not in self._losing:
            return [entry]
        if item.name == "stop":
            self._headless_now.pop(source, None)
            uid = str(item.doc["run_start"])
            if uid not in self._headless:
                self._headless[uid] = None
                self._losses.append((uid, MISSED_START))
                log.warning("run_incomplete", run=uid, source=source, reason=MISSED_START)
        elif source not in self._headless_now:
            known = item.doc.get("run_start") or item.doc.get("descriptor") or ""
            self._headless_now[source] = str(known)
            log.warning("run_not_followed", source=source, run=str(known), reason=MISSED_START)
        return []

    def _pass_on(self, run: JoinedRun, stream: str, entry: Entry) -> list[Entry]:
        _, item = entry
        if item.name == "descriptor":
            run.descriptors[stream] = str(item.doc["uid"])
        elif item.name in POINT_DOCUMENTS:
            if self._joins:
                self._compare_with_waiting(run, stream, item)
            run.note_passed(stream, item.doc, keeps_values=self._joins and not run.is_closed)
            if run.stop is not None and not run.is_closed and not run.count_missing():
                return [entry, *self._finish(run)]
        return [entry]

    def _add_other(self, run: JoinedRun, stream: str, entry: Entry) -> list[Entry]:
        """Take a document of a source that does not lead the run."""
        record, item = entry
        if item.name == "descriptor":
            if run.descriptors.get(stream) != item.doc["uid"]:
                run.descriptors_waiting.setdefault(stream, entry)
        elif item.name in ("event", "event_page"):
            for event in split_page(item) if item.name == "event_page" else (item,):
                self._keep_or_compare(run, stream, (record, event))
        elif not run.is_closed:
            run.others_waiting.append(entry)
        if run.is_closed:
            return self._fill(run)
        is_filled = self._has_leaders_stop(run) and len(run.waiting) >= run.missing_count
        return self._finish(run) if is_filled else []

    def _keep_or_compare(self, run: JoinedRun, stream: str, entry: Entry) -> None:
        number = entry[1].doc["seq_num"]
        if (stream, number) in run.passed:
            self._note_difference(run, stream, number, entry[1])
        else:
            run.waiting[stream, number] = entry

    def _compare_with_waiting(self, run: JoinedRun, stream: str, item: Document) -> None:
        if item.name == "event" and (waiting := run.waiting.get((stream, item.doc["seq_num"]))) is not None:
            run.note_passed(stream, item.doc, keeps_values=True)
            self._note_difference(run, stream, item.doc["seq_num"], waiting[1])

    def _note_difference(self, run: JoinedRun, stream: str, number: int, other: Document) -> None:
        if not run.differs and run.is_different(stream, number, other.doc["data"]):
            run.differs = True
            source = self._get_source(other.position.topic)
            log.warning("sources_differ", run=run.uid, stream=stream, point=number, used=run.leader, other=source)

    def _add_stop(self, run: JoinedRun, source: str, entry: Entry) -> list[Entry]:
        if run.is_closed:
            return [entry] if source == run.leader else []
        if run.stop is None or source == run.leader:
            run.stop = entry
        can_wait = self._joins and (run.missing_count > len(run.waiting) or source != run.leader)
        if can_wait:
            run.due = self._clock() + WAIT_SECONDS if run.due is None else run.due
            return []
        return self._finish(run)

    def _finish(self, run: JoinedRun) -> list[Entry]:
        """Return what fills a run, and its stop document."""
        if run.stop is None:
            return []
        others = [] if self._has_leaders_stop(run) else run.others_waiting
        entries = [*self._fill(run), *others, run.stop]
        problem = run.describe_missing() if run.leader in self._losing else ""
        if problem:
            self._losses.append((run.uid, problem))
            log.warning("run_incomplete", run=run.uid, source=run.leader, reason=problem)
        run.is_closed, run.due, run.others_waiting = True, None, []
        run.passed = {key: {} for key in run.passed}
        return entries

    def _has_leaders_stop(self, run: JoinedRun) -> bool:
        return run.stop is not None and self._get_source(run.stop[1].position.topic) == run.leader

    def _fill(self, run: JoinedRun) -> list[Entry]:
        """Return the points that the leader lacks, with the descriptors that they need."""
        entries: list[Entry] = []
        for (stream, number), (record, item) in sorted(run.waiting.items()):
            descriptor = run.descriptors.get(stream)
            if descriptor is None:
                own = run.descriptors_waiting.get(stream)
                if own is None:
                    continue
                entries.append(own)
                descriptor = run.descriptors[stream] = str(own[1].doc["uid"])
            entries.append((record, item._replace(doc={**item.doc, "descriptor": descriptor})))
            run.passed[stream, number] = {}
        filled = len(run.waiting)
        run.waiting.clear()
        if filled:
            log.info("run_filled", run=run.uid, points=filled, leader=run.leader)
        return entries

    def _forget_old_runs(self) -> None:
        closed = [uid for uid, run in self._runs.items() if run.is_closed]
        for uid in closed[: max(0, len(closed) - MAX_CLOSED_RUNS)]:
            del self._runs[uid]
            self._streams = {name: place for name, place in self._streams.items() if place[0] != uid}
