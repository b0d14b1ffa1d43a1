"""Records that a demo receives from the workers: heartbeats, answers, dead letters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from xafs_workers.consumer.source import KafkaSource, RawRecord
from xafs_workers.demo.environment import DemoError
from xafs_workers.messages.parsing import parse
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings
from xafs_workers.wire import decode

FINAL_STATES = frozenset({"done", "failed", "value"})
PICTURE_KINDS = frozenset({"areascan", "glancing_angle", "linescan", "timescan", "xafsscan", "xafs_sequence"})
"""Kinds whose stop messages may ask for pictures."""

DATA_FILE_KINDS = frozenset({"xasxdi", "seadxdi", "lsxdi", "raster"})

MessageCounts = Counter[tuple[str, str]]


def find_answered_action(workers: Collection[str], body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (kind, action) of a message that one of the workers answers, None for any other."""
    message = parse(body)
    return (message.kind, message.action) if message.owner in workers else None


def find_file_action(workers: Collection[str], body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (kind, action) of the message whose answer must name a file, None where nothing is to be written."""
    message = parse(body)
    if message.owner not in workers:
        return None
    named = bool(body.get("fname") or body.get("filename"))
    if message.kind == "glancing_angle":  # its first message names the picture, its last one asks for it
        return (message.kind, "stop") if message.action == "start" and named else None
    picture = named and message.action in ("stop", "plot", "write")
    dossier = message.kind == "dossier" and message.action in ("write", "sead", "raster")
    return (message.kind, message.action) if picture or dossier or message.kind in DATA_FILE_KINDS else None


class WorkerListener:
    """Listens to the workers' topics."""

    def __init__(self, config: KafkaConfig, settings: Settings):
        topics = [settings.get_topic("status"), settings.get_topic("answers"), settings.get_topic("dead_letters")]
        self._source = KafkaSource(config, topics, f"{settings.beamline}.demo")
        self._source.assign({p: high for p, (_, high) in self._source.metadata.fetch_watermarks().items()})
        self.heartbeats: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.dead_letters: list[dict[str, Any]] = []

    def listen(self, timeout: float = 0.2) -> None:
        """Take what has come."""
        heard = {"status": self.heartbeats, "answer": self.answers, "dead-letter": self.dead_letters}
        for entry in self._source.poll(timeout):
            if isinstance(entry, RawRecord):
                tag, body = decode(entry.value)
                heard.get(tag, []).append(body)

    def wait_for(self, what: str, condition: Callable[[], bool], is_alive: Callable[[], bool], timeout: float) -> None:
        """Listen until a condition holds.

        Raises
        ------
        DemoError
            It did not within `patience` seconds, or the worker died.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if not is_alive():
                raise DemoError(f"a worker died while the demo waited for {what}")
            if time.monotonic() > deadline:
                raise DemoError(f"{what}: not within {timeout:.0f} s")
            self.listen()

    def list_final_answers(self) -> list[dict[str, Any]]:
        """Return the last answer to each message."""
        last = {answer["message_id"]: answer for answer in self.answers if answer["state"] in FINAL_STATES}
        return list(last.values())

    def has_all_answers(self, asked: MessageCounts) -> bool:
        """Check whether every message that was sent has its final answer."""
        counts = Counter((answer["kind"], answer["action"]) for answer in self.list_final_answers())
        return all(counts[key] >= number for key, number in asked.items())

    def close(self) -> None:
        """Leave the brokers."""
        self._source.close()
