"""Watch for topics that were deleted and created again: offsets of the old topic would skip records of the new one."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from xafs_workers.consumer.topic_admin import AdminRequestError, describe_topics
from xafs_workers.logs import get_logger
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.threads import SupervisedThread

log = get_logger("workers")

CHECK_SECONDS = 60.0
"""Pause between two look-ups of the topics' ids, each by a child process, seconds."""
UNKNOWN_SECONDS = 600.0
"""The pause where the broker does not give the ids (the embedded one, one without rights), seconds."""


class TopicRecreated(RuntimeError):
    """A topic was created again: the worker must start again, at the oldest record of the topic."""


class TopicRecord:
    """File of the state folder with the ids of the topics that a worker reads, and the topics to be read again."""

    def __init__(self, path: Path):
        self._path = path

    def read(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the ids and the topics to be read again; nothing where the file is missing or unusable."""
        try:
            content = json.loads(self._path.read_text())
            return dict(content["ids"]), tuple(content["read_again"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}, ()

    def write(self, ids: Mapping[str, str], read_again: Collection[str] = ()) -> None:
        """Replace the file durably; OSError where that fails."""
        draft = self._path.with_suffix(".new")
        with draft.open("w") as stream:
            json.dump({"ids": dict(ids), "read_again": sorted(read_again)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self._path)


def fetch_topic_ids(config: KafkaConfig, topics: Collection[str]) -> dict[str, str]:
    """Return the ids of topics, of those whose id the broker gives."""
    try:
        return {name: facts.id for name, facts in describe_topics(config, topics).items() if facts.id}
    except AdminRequestError as error:
        log.warning("topic_ids_unknown", reason=str(error))
        return {}


class TopicWatch:
    """Thread that compares the ids of the topics with those that the worker read before.

    A topic with another id is noted in the state folder, and the thread ends with `TopicRecreated`. That ends the
    worker, which begins again at the oldest record of that topic.

    Parameters
    ----------
    fetch_ids
        Returns the topics' ids, of those that are known.
    """

    def __init__(self, record: TopicRecord, fetch_ids: Callable[[], Mapping[str, str]], stop: threading.Event):
        self._record, self._fetch_ids, self._stop = record, fetch_ids, stop

    def start(self) -> None:
        """Start watching."""
        SupervisedThread(self._run, "topics", self._stop.is_set).start()

    def check(self) -> bool:
        """Compare the ids once and note them; return whether the broker gave any.

        Raises
        ------
        TopicRecreated
            A topic has another id.
        """
        known, waiting = self._record.read()
        ids = self._fetch_ids()
        changed = [topic for topic, now in ids.items() if known.get(topic, now) != now]
        if {**known, **ids} != known:
            try:
                self._record.write({**known, **ids}, {*waiting, *changed})
            except OSError as error:
                log.warning("topic_ids_not_stored", reason=str(error))
                return bool(ids)
        if changed:
            raise TopicRecreated(f"{', '.join(changed)}: created again; to be read from the oldest record on")
        return bool(ids)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(CHECK_SECONDS if self.check() else UNKNOWN_SECONDS)
