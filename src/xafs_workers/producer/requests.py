"""Questions: a message is sent and its answer waited for; in a plan without blocking the RunEngine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from xafs_workers import settings as settings_module
from xafs_workers import wire
from xafs_workers.producer.answers import AnswerListener, NoAnswer
from xafs_workers.producer.kafka_config import KafkaConfig, read_kafka_config
from xafs_workers.producer.send import ControlSender

ANSWER_TIMEOUT = 10.0
"""How long an answer is waited for unless told otherwise, seconds."""

Plan = Generator[Any, Any, Any]


class RequestClient:
    """Sends messages and waits for their answers; any thread may ask, several at a time.

    Parameters
    ----------
    settings
        Topics, tag and key.
    config
        How Kafka is reached; else as the settings say.
    """

    def __init__(self, settings: settings_module.Settings, config: KafkaConfig | None = None):
        self._settings = settings
        self._config = config or read_kafka_config(settings.kafka)
        self._sender = ControlSender(settings, self._config)
        self._idle_listeners: list[AnswerListener] = []

    def ask(self, message: Mapping[str, Any], timeout: float = ANSWER_TIMEOUT) -> wire.Answer:
        """Send a message and return the final answer, whatever it says.

        The message gets an id of its own unless it has one. The answers topic is heard from its end on before
        anything is sent, so an answer that comes at once is not missed.

        Raises
        ------
        NoAnswer
            No final answer within `timeout` seconds, or Kafka cannot be reached.
        """
        asked = {"message_id": uuid4().hex, **message}
        ear = self._idle_listeners.pop() if self._idle_listeners else AnswerListener(self._settings, self._config)
        try:
            ear.begin(timeout)
            self._sender.send(asked)
            return ear.wait(asked["message_id"])
        finally:
            ear.end()
            self._idle_listeners.append(ear)

    def close(self) -> None:
        """Let go of the connections."""
        while self._idle_listeners:
            self._idle_listeners.pop().close()


def extract_value(answer: wire.Answer) -> Any:
    """Return the value of an answer; NoAnswer if the worker failed."""
    if answer.state == "failed":
        what = f"{answer.kind} {answer.action}".strip()
        raise NoAnswer(f"{what}: {answer.worker} failed: {answer.reason or 'no reason given'}", answer)
    return answer.value


_client: RequestClient | None = None
_client_lock = threading.Lock()


def ask(message: Mapping[str, Any], timeout: float = ANSWER_TIMEOUT) -> Any:
    """Send a message as the settings of this machine say, and return the value of its answer.

    It blocks: in a plan use ``value = yield from ask_plan(...)``.

    Raises
    ------
    NoAnswer
        No answer within `timeout` seconds, or the worker failed. What was asked is unknown then: a name that could
        not be asked for is not free.
    """
    return extract_value(_get_shared_client().ask(message, timeout))


def ask_plan(
    message: Mapping[str, Any],
    timeout: float = ANSWER_TIMEOUT,
    *,
    ask: Callable[[Mapping[str, Any], float], Any] = ask,
) -> Plan:
    """Ask in a plan: ``free = not (yield from ask_plan({"file_exists": True, ...}))``.

    The RunEngine goes on with its own work (pauses, suspenders, monitors) while the answer is waited for. The
    question is sent when the RunEngine gets there and only once, also if the plan is paused and resumed meanwhile;
    in a dry run it is not sent, and there is no answer.

    Parameters
    ----------
    ask
        What asks and waits, in a thread of its own.

    Raises
    ------
    NoAnswer
        As `ask`; or no RunEngine carried the plan out.
    """
    from bluesky.utils import Msg

    question = _PlanRequest(lambda: ask(message, timeout))
    yield Msg("wait_for", None, [question.start])
    return question.get_result()


class _PlanRequest:
    """Something asked in a thread of its own while a RunEngine's event loop waits.

    Parameters
    ----------
    ask
        Blocks until there is a value, or raises.
    """

    def __init__(self, ask: Callable[[], Any]):
        self._ask = ask
        self._is_started = False
        self._done: Future[None] = Future()
        self._value: Any = None
        self._error: BaseException | None = NoAnswer("the question was not asked: no RunEngine carried the plan out")

    def start(self) -> asyncio.Future[None]:
        """Return what the event loop waits for; the first call asks. A resumed plan calls again."""
        if not self._is_started:
            self._is_started = True
            threading.Thread(target=self._run, name="ask", daemon=True).start()
        return asyncio.wrap_future(self._done)

    def get_result(self) -> Any:
        """Return the value, or raise what was raised instead."""
        if self._error is not None:
            raise self._error
        return self._value

    def _run(self) -> None:
        try:
            self._value, self._error = self._ask(), None
        except BaseException as error:  # noqa: BLE001 - whatever it is, the plan is told
            self._error = error
        self._done.set_result(None)


def _get_shared_client() -> RequestClient:
    global _client
    with _client_lock:
        if _client is None:
            _client = RequestClient(settings_module.load())
    return _client
