"""Sending of messages and waiting for answers where there is no Kafka, as with Kafka's `ControlSender` and listener."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from xafs_workers import wire
from xafs_workers.producer.answers import FINAL_STATES, NoAnswer
from xafs_workers.producer.control_requests import ControlChannel, RequestError, open_channel
from xafs_workers.producer.delivery import EXIT_TIMEOUT, DeliveryError
from xafs_workers.settings import Settings

WAIT_SECONDS = 5.0
"""How long the file manager holds back one reply while there is no answer, seconds."""


class DirectSender:
    """Sender of control messages to the file manager; a message is on its disk when `send` returns."""

    def __init__(self, settings: Settings):
        self._tag, self._channel = settings.kafka.tag, open_channel(settings.control)
        self._lock = threading.Lock()

    def send(self, message: Mapping[str, Any], *, timestamp_ms: int | None = None) -> None:
        """Send a message and wait until it is accepted.

        Raises
        ------
        TypeError, ValueError
            The message cannot be encoded, or a record time is given, which only Kafka keeps.
        DeliveryError
            The file manager cannot be reached, or refused the message.
        """
        if timestamp_ms is not None:
            raise ValueError("a record time can only be given on Kafka")
        with self._lock:
            try:
                self._channel.request("send", {"message": wire.encode(self._tag, message)})
            except RequestError as error:
                raise DeliveryError(f"control message: {error}") from error

    def flush(self, timeout: float = EXIT_TIMEOUT) -> None:
        """Return at once: nothing waits."""

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._channel.close()


class DirectListener:
    """Listener for answers, which the file manager keeps."""

    def __init__(self, settings: Settings):
        self._channel: ControlChannel = open_channel(settings.control)
        self._timeout, self._deadline = 0.0, 0.0

    def begin(self, timeout: float) -> None:
        """Note how long is waited."""
        self._timeout, self._deadline = timeout, time.monotonic() + timeout

    def wait(self, message_id: str) -> wire.Answer:
        """Wait for the final answer to a message, also a failure, and return it.

        Raises
        ------
        NoAnswer
            No final answer came in the time given to `begin`, or the file manager cannot be reached.
        """
        accepted: wire.Answer | None = None
        while (left := self._deadline - time.monotonic()) > 0:
            for answer in self._fetch(message_id, min(left, WAIT_SECONDS)):
                if answer.state in FINAL_STATES:
                    return answer
                accepted = answer
        how = f"accepted by {accepted.worker}, but not done" if accepted else "no worker answered"
        raise NoAnswer(f"message {message_id}: {how} within {self._timeout:g} s", accepted)

    def end(self) -> None:
        """Return at once."""

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _fetch(self, message_id: str, seconds: float) -> list[wire.Answer]:
        try:
            reply = self._channel.request("answers", {"message_id": message_id, "wait": seconds}, seconds)
            return [wire.Answer.from_dict(body) for body in reply.get("answers", [])]
        except (RequestError, wire.DecodeError) as error:
            raise NoAnswer(f"message {message_id}: {error}") from error
