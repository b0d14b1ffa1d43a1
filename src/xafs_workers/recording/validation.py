"""Validate a recording before it is replayed: check every document and message, and count the contents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xafs_workers.recording.record import PLAIN_TAG, Record, Topic
from xafs_workers.recording.references import ReferenceChecker, ReferenceProblem, Severity
from xafs_workers.recording.session import Session, SessionError

MAX_LISTED = 50
"""Number of problems that are stored with their text; further ones are only counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Problem of one line of a recording.

    Attributes
    ----------
    line
        Line number in the file.
    severity
        ``error``: an invalid document, or a line that is not a record. ``warning``: a control message that no worker
        understands, a record that cannot be decoded, an incomplete run.
    text
        Description of the problem.
    """

    line: int
    severity: Severity
    text: str


@dataclass(slots=True)
class ValidationReport:
    """Contents and problems of a recording.

    Attributes
    ----------
    longest_gap
        Longest time that a recorded gap counts, seconds.
    seconds
        Sum of the recorded gaps, each at most `longest_gap`.
    record_counts
        Number of records, by topic.
    run_count
        Number of start documents.
    problems
        First problems, with their texts.
    severity_counts
        Number of all problems, by severity.
    uids
        Uids of runs, descriptors, events and resources; collected only on request (about 150 bytes each).
    folders
        Pairs (cycle, data session) of the runs, in the order of their start.
    """

    longest_gap: float
    seconds: float = 0.0
    record_counts: Counter[Topic] = field(default_factory=Counter)
    run_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    severity_counts: Counter[Severity] = field(default_factory=Counter)
    uids: set[str] = field(default_factory=set)
    folders: dict[tuple[str, str], None] = field(default_factory=dict)
    _last_time: float | None = None

    @property
    def total(self) -> int:
        """Number of records of both topics."""
        return self.record_counts.total()

    def add_problem(self, line: int, severity: Severity, text: str) -> None:
        """Count a problem; store its text if the list is not full."""
        self.severity_counts[severity] += 1
        if len(self.problems) < MAX_LISTED:
            self.problems.append(Problem(line, severity, text))

    def add_record(self, record: Record) -> None:
        """Count a record and the time since the previous one."""
        self.record_counts[record.topic] += 1
        if self._last_time is not None:
            self.seconds += min(max(record.time - self._last_time, 0.0), self.longest_gap)
        self._last_time = record.time
        if record.topic == "documents" and record.name == "start" and record.body is not None:
            self.run_count += 1
            pair = find_run_folder(record.body)
            if pair:
                self.folders[pair] = None


def find_run_folder(start: Mapping[str, Any]) -> tuple[str, str] | None:
    """Find cycle and data session in a start document; None if one of them is missing."""
    facility = _to_mapping(_to_mapping(start.get("XDI")).get("Facility"))
    cycle, group = start.get("cycle") or facility.get("cycle"), start.get("data_session")
    return (cycle, group) if isinstance(cycle, str) and isinstance(group, str) and cycle and group else None


def _to_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def validate_session(
    session: Session,
    parse: Callable[[Mapping[str, Any]], object],
    *,
    longest_gap: float = 30.0,
    collect_uids: bool = False,
    on_record: Callable[[Record], bool] = lambda _record: True,
) -> ValidationReport:
    """Validate a whole recording: read it once, check each record and count the contents.

    Parameters
    ----------
    parse
        Function that parses the body of a control message, or raises a ValueError with the reason.
    longest_gap
        Longest time that a recorded gap counts, seconds.
    collect_uids
        Whether to collect the uids, too.
    on_record
        Function that is called with each record; if it returns False, the validation ends early.
    """
    result = ValidationReport(longest_gap)
    references = ReferenceChecker()
    latest = float("-inf")
    for record in session.read_records(on_error=lambda error: _add_bad_line(result, session, error)):
        result.add_record(record)
        for severity, text in _find_problems(record, session.header.tag, parse, references):
            result.add_problem(record.line, severity, text)
        if record.time < latest:
            text = f"recorded {latest - record.time:.3f} s before an earlier line (the order of the file is kept)"
            result.add_problem(record.line, "warning", text)
        latest = max(latest, record.time)
        if collect_uids and record.topic == "documents" and record.body is not None:
            result.uids.update(list_uids(record.name, record.body))
        if not on_record(record):
            return result
    for line, text in references.find_unfinished():
        result.add_problem(line, "warning", text)
    return result


def _add_bad_line(result: ValidationReport, session: Session, error: SessionError) -> None:
    text = str(error).removeprefix(f"{session.path}:").removeprefix(f"{error.line}:").strip()
    result.add_problem(error.line, "error", text)


def _find_problems(
    record: Record, tag: str, parse: Callable[[Mapping[str, Any]], object], references: ReferenceChecker
) -> Iterator[ReferenceProblem]:
    if record.body is None:
        yield "warning", f"record of the {record.topic} topic cannot be decoded (it is sent again byte for byte)"
    elif record.topic == "control":
        yield from _check_control(record.name, record.body, tag, parse)
    else:
        text = find_schema_problem(record.name, record.body)
        if text:
            yield "error", text
        else:
            for severity, one in references.check(record.name, record.body, record.line):
                yield severity, f"{record.name}: {one}"


def _check_control(
    name: str, body: Mapping[str, Any], tag: str, parse: Callable[[Mapping[str, Any]], object]
) -> Iterator[ReferenceProblem]:
    if name not in ("", tag):
        yield "warning", f"control message with the name {name!r:.40} (expected {tag!r})"
        return
    try:
        parse(body)
    except ValueError as error:
        yield "warning", f"control message {dict(body)!r:.80}: {error}"


def find_schema_problem(name: str, doc: Mapping[str, Any]) -> str | None:
    """Find the first contradiction between a document and event-model's schema; None without one."""
    from event_model import DocumentNames, schema_validators

    try:
        validator = schema_validators[DocumentNames[name]]
    except KeyError:
        hint = " (control messages belong to the control topic)" if name == PLAIN_TAG else ""
        return f"unknown document name {name!r:.40} (expected a name of Bluesky's event model){hint}"
    error = next(validator.iter_errors(_convert_columns(name, doc)), None)
    if error is None:
        return None
    where = ".".join(map(str, error.absolute_path))
    return f"{name}{f', field {where}' if where else ''}: {error.message:.300}"


def _convert_columns(name: str, doc: Mapping[str, Any]) -> Mapping[str, Any]:
    # The schema accepts arrays, but not the numpy numbers in them: the columns of a page are compared as lists.
    if not name.endswith("_page"):
        return doc
    return {key: part.tolist() if isinstance(part, np.ndarray) else part for key, part in doc.items()}


def list_uids(name: str, doc: Mapping[str, Any]) -> list[str]:
    """List the uids by which other documents and messages may refer to this document."""
    if name not in ("start", "descriptor", "event", "event_page", "resource", "stream_resource"):
        return []
    uid = doc.get("uid")
    found = uid if isinstance(uid, list) else uid.tolist() if isinstance(uid, np.ndarray) else [uid]
    return [one for one in found if isinstance(one, str) and one]
