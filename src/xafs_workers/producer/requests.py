"""Requests: send a message and wait for its answer, in a plan without blocking the RunEngine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from xafs_workers import configuration, wire
from xafs_workers import settings as settings_module
from xafs_workers.producer.answers import AnswerListener, NoAnswer
from xafs_workers.producer.delivery import DeliveryError
from xafs_workers.producer.direct import DirectListener, DirectSender
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.producer.send import open_sender

ANSWER_TIMEOUT = 10.0
"""Default time to wait for an answer, seconds."""

Plan = Generator[Any, Any, Any]


class RequestClient:
    """Client that sends messages and waits for their answers; several threads may use it at once.

    Parameters
    ----------
    settings
        Settings with topics, tag and key.
    config
        Kafka configuration; without it that of the settings.
    """

    def __init__(self, settings: settings_module.Settings, config: KafkaConfig | None = None):
        self._settings = settings
        self._config = config
        self._sender = open_sender(settings, config)
        self._idle_listeners: list[AnswerListener | DirectListener] = []

    def ask(self, message: Mapping[str, Any], timeout: float = ANSWER_TIMEOUT) -> wire.Answer:
        """Send a message and return the final answer, also a failure.

        The message gets an id unless it has one. Listening to the answers topic starts before the message is sent,
        so that an immediate answer is not missed.

        Raises
        ------
        NoAnswer
            No final answer within `timeout` seconds, or Kafka cannot be reached.
        """
        asked = {"message_id": uuid4().hex, **message}
        listener = self._idle_listeners.pop() if self._idle_listeners else self._open_listener()
        try:
            listener.begin(timeout)
            self._send(asked)
            return listener.wait(asked["message_id"])
        finally:
            listener.end()
            self._idle_listeners.append(listener)

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self._sender.send(message)
        except DeliveryError as error:
            raise NoAnswer(str(error)) from error

    def _open_listener(self) -> AnswerListener | DirectListener:
        settings = self._settings
        return AnswerListener(settings, self._config) if settings.has_kafka_control else DirectListener(settings)

    def close(self) -> None:
        """Close the connections."""
        while self._idle_listeners:
            self._idle_listeners.pop().close()
        if isinstance(self._sender, DirectSender):
            self._sender.close()


def extract_value(answer: wire.Answer) -> Any:
    """Return the value of an answer; raise NoAnswer if the worker failed."""
    if answer.state == "failed":
        what = f"{answer.kind} {answer.action}".strip()
        raise NoAnswer(f"{what}: {answer.worker} failed: {answer.reason or 'no reason given'}", answer)
    return answer.value


_client: RequestClient | None = None
_client_lock = threading.Lock()


def ask(message: Mapping[str, Any], timeout: float = ANSWER_TIMEOUT) -> Any:
    """Send a message with the settings of this machine and return the value of its answer.

    This blocks. In a plan use ``value = yield from ask_plan(...)``.

    Raises
    ------
    NoAnswer
        No answer within `timeout` seconds, or the worker failed. The value is then unknown: do not treat
        a file name without an answer as free.
    """
    return extract_value(_get_shared_client().ask(message, timeout))


def ask_plan(
    message: Mapping[str, Any],
    timeout: float = ANSWER_TIMEOUT,
    *,
    ask: Callable[[Mapping[str, Any], float], Any] = ask,
) -> Plan:
    """Send a request in a plan and return the value: ``free = not (yield from ask_plan({"file_exists": True, ...}))``.

    The RunEngine continues its own work (pauses, suspenders, monitors) while the plan waits. The message is sent
    when the RunEngine reaches it and only once, also if the plan is paused and resumed meanwhile. In a dry run it
    is not sent, and there is no answer.

    Parameters
    ----------
    ask
        Function that sends the message and waits, called in a thread of its own.

    Raises
    ------
    NoAnswer
        As `ask`; or the plan was not run by a RunEngine.
    """
    from bluesky.utils import Msg

    question = _PlanRequest(lambda: ask(message, timeout))
    yield Msg("wait_for", None, [question.start])
    return question.get_result()


class _PlanRequest:
    """Request that runs in a thread of its own while a RunEngine's event loop waits.

    Parameters
    ----------
    ask
        Function that blocks until it returns a value or raises.
    """

    def __init__(self, ask: Callable[[], Any]):
        self._ask = ask
        self._is_started = False
        self._done: Future[None] = Future()
        self._value: Any = None
        self._error: BaseException | None = NoAnswer("the message was not sent: the plan was not run by a RunEngine")

    def start(self) -> asyncio.Future[None]:
        """Return the future for the event loop; the first call starts the thread. A resumed plan calls again."""
        if not self._is_started:
            self._is_started = True
            threading.Thread(target=self._run, name="ask", daemon=True).start()
        return asyncio.wrap_future(self._done)

    def get_result(self) -> Any:
        """Return the value, or raise the error of the request."""
        if self._error is not None:
            raise self._error
        return self._value

    def _run(self) -> None:
        try:
            self._value, self._error = self._ask(), None
        except BaseException as error:  # noqa: BLE001 - `get_result` raises it in the plan
            self._error = error
        self._done.set_result(None)


def _get_shared_client() -> RequestClient:
    global _client
    with _client_lock:
        if _client is None:
            _client = RequestClient(configuration.load())
    return _client
