"""Requests of sessions without Kafka, carried out by the file manager: messages appended, answers returned."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from xafs_workers import wire
from xafs_workers.logs import get_logger
from xafs_workers.settings import Settings
from xafs_workers.sources.local_topics import LocalTopics

log = get_logger("sources")

MAX_WAIT_SECONDS = 30.0
MAX_ANSWERS = 1000
FINAL_STATES = frozenset({"done", "failed", "value"})
POLL_SECONDS = 0.02
LOGGED_REFUSALS = 20
"""So many refusals of a kind are logged; all are counted."""
ENVELOPE_BYTES = 4096
"""What a request may have around its message, bytes."""


class Refusal(ValueError):
    """A request that is refused.

    Attributes
    ----------
    kind
        ``too_large``, ``malformed``, ``unauthorised``, or ``unavailable`` where the disk refuses.
    """

    def __init__(self, kind: str, reason: str):
        super().__init__(reason)
        self.kind = kind


class ControlInbox:
    """Carries out requests; all methods may be called from any thread.

    Parameters
    ----------
    topics
        Topics of the state folder.
    """

    def __init__(self, topics: LocalTopics, settings: Settings):
        self._topics = topics
        self._control, self._answers = settings.get_topic("control"), settings.get_topic("answers")
        self._tags = ("", settings.kafka.tag)
        self.limit = settings.kafka.max_record_bytes
        self._lock = threading.Lock()
        self._accepted = 0
        self._refused: Counter[str] = Counter()

    def handle(self, payload: bytes) -> bytes:
        """Carry out a request at once and return the reply; an answer that is not there yet is not waited for."""
        try:
            name, body = self.parse(payload)
            if name == "send":
                return wire.encode("accepted", self._accept(body))
            return wire.encode("answers", {"answers": self.find_answers(body)[0]})
        except Refusal as refusal:
            return self.refuse(refusal)
        except sqlite3.Error as error:
            return self.refuse(Refusal("unavailable", f"the topics of the state folder: {error}"))

    def parse(self, payload: bytes) -> tuple[str, Mapping[str, Any]]:
        """Return name and body of a request.

        Raises
        ------
        Refusal
            It is too large or malformed.
        """
        if len(payload) > self.limit + ENVELOPE_BYTES:
            raise Refusal("too_large", f"{len(payload)} bytes: the limit is {self.limit}")
        try:
            name, body = wire.decode(payload, self.limit + ENVELOPE_BYTES)
        except wire.DecodeError as error:
            raise Refusal("malformed", str(error)) from error
        if name not in ("send", "answers"):
            raise Refusal("malformed", f"unknown request {name!r:.40} (expected send or answers)")
        return name, body

    def find_answers(self, body: Mapping[str, Any], since: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the answers to the message that a request names, in order, and the offset to go on from.

        Raises
        ------
        Refusal
            The request names no message.
        """
        message_id = body.get("message_id")
        if not isinstance(message_id, str) or not message_id:
            raise Refusal("malformed", f"answers to message_id {message_id!r:.40} (expected text)")
        low, high = self._topics.fetch_watermarks(self._answers)
        found: list[dict[str, Any]] = []
        if since >= high:
            return found, high
        for record in self._topics.read(self._answers, max(low, high - MAX_ANSWERS, since), MAX_ANSWERS):
            try:
                _, answer = wire.decode(record.value)
            except wire.DecodeError:
                continue
            if answer.get("message_id") == message_id:
                found.append(answer)
        return found, high

    def wait_for_answers(self, body: Mapping[str, Any], stop: threading.Event) -> bytes:
        """Return the answers as soon as there is a final one, or after the time that the request gives."""
        try:
            deadline = time.monotonic() + read_wait(body)
            answers, following = self.find_answers(body)
            while True:
                more, following = self.find_answers(body, following)
                answers += more
                if is_final(answers) or time.monotonic() >= deadline or stop.wait(POLL_SECONDS):
                    return wire.encode("answers", {"answers": answers})
        except Refusal as refusal:
            return self.refuse(refusal)
        except sqlite3.Error as error:
            return self.refuse(Refusal("unavailable", f"the topics of the state folder: {error}"))

    def refuse(self, refusal: Refusal) -> bytes:
        """Count and log a refusal, and return the reply."""
        with self._lock:
            self._refused[refusal.kind] += 1
            count = self._refused[refusal.kind]
        if count <= LOGGED_REFUSALS:
            log.warning("control_request_refused", kind=refusal.kind, reason=str(refusal), count=count)
        return wire.encode("refused", {"reason": str(refusal), "kind": refusal.kind})

    def summarize(self) -> dict[str, Any]:
        """Return the counts, for heartbeats."""
        with self._lock:
            return {"accepted": self._accepted, "refused": dict(self._refused)}

    def _accept(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Append a message; what it means is judged where all records are."""
        value = body.get("message")
        if not isinstance(value, bytes):
            raise Refusal("malformed", f"message is a {type(value).__name__} (expected msgpack of [tag, mapping])")
        try:
            tag, _ = wire.decode(value, self.limit)
        except wire.DecodeError as error:
            kind = "too_large" if len(value) > self.limit else "malformed"
            raise Refusal(kind, str(error)) from error
        if tag not in self._tags:
            raise Refusal("malformed", f"tag {tag!r:.40} (expected {self._tags[1]!r})")
        offset = self._topics.append(self._control, value)
        with self._lock:
            self._accepted += 1
        return {"position": f"{self._control}/0/{offset}"}


def read_wait(body: Mapping[str, Any]) -> float:
    """Return for how long a request is to be held back, seconds."""
    wait = body.get("wait", 0.0)
    return min(float(wait), MAX_WAIT_SECONDS) if isinstance(wait, int | float) and wait > 0 else 0.0


def is_final(answers: list[dict[str, Any]]) -> bool:
    """Check whether one of the answers ends the message."""
    return any(answer.get("state") in FINAL_STATES for answer in answers)
