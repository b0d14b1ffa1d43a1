"""Answers that a worker sent before it was started again, so that none is sent twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.records import EndOfPartition, RawRecord
from xafs_workers.consumer.source_interface import Source
from xafs_workers.logs import get_logger
from xafs_workers.sources.connections import Connections
from xafs_workers.wire import Answer, DecodeError, decode

log = get_logger("workers")

CLOCK_MARGIN = 3600.0
"""Largest difference of the clocks of senders and workers with which every answer is found, seconds."""

LOOKUP_SECONDS = 10.0
"""How long a start waits for the answers topic, seconds."""

POLL_SECONDS = 0.5

ENDS = frozenset({"done", "value"})
"""States of an answer after which a failure of the same message is no news."""


class SentAnswers:
    """Answers of one worker by the record of their message; none before `read`.

    Parameters
    ----------
    connections
        Connections to the answers topic.
    topic
        Name of the answers topic.
    worker
        Name of the worker.
    """

    def __init__(self, connections: Connections, topic: str, worker: str):
        self._connections, self._topic, self._worker = connections, topic, worker
        self._states: dict[str, set[str]] = {}

    def is_sent(self, answer: Answer) -> bool:
        """Check whether an answer of this state to the same record, or one that excludes it, was sent."""
        states = self._states.get(answer.origin, set())
        return answer.state in states or (answer.state == "failed" and not ENDS.isdisjoint(states))

    def read(self, since: float) -> None:
        """Read the answers to messages that arrived since a time, POSIX seconds.

        If the topic cannot be read, the answers to messages that are read again are sent again.
        """
        states: defaultdict[str, set[str]] = defaultdict(set)
        source = None
        try:
            source = self._connections.open_topics(
                [self._topic], f"{self._worker}.sent-answers", timeout=LOOKUP_SECONDS
            )
            for answer in self._iter_answers(source, since - CLOCK_MARGIN):
                states[answer.origin].add(answer.state)
        except SourceError as error:
            log.warning("answers_may_repeat", topic=self._topic, reason=str(error))
        finally:
            if source is not None:
                source.close()
        self._states = dict(states)
        log.info("sent_answers_read", messages=len(states))

    def _iter_answers(self, source: Source, since: float) -> Iterator[Answer]:
        waiting = source.metadata.find_offsets(self._topic, since)
        source.assign(waiting)
        left = set(waiting)
        while left:
            for entry in source.poll(POLL_SECONDS):
                if isinstance(entry, EndOfPartition):
                    left.discard(entry.partition)
                elif (answer := _parse_answer(entry)) is not None and answer.worker == self._worker and answer.origin:
                    yield answer


def _parse_answer(record: RawRecord) -> Answer | None:
    """Return an answer, None for any other record."""
    try:
        tag, body = decode(record.value or b"")
        return Answer.from_dict(body) if tag == "answer" and "message_id" in body else None
    except DecodeError:
        return None
