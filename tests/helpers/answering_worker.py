"""A worker that answers: follows the control topic and sends with a worker's Publisher what a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from plugins.brokers import Broker
from xafs_workers import wire
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.settings import Settings

Reply = Callable[[Mapping[str, Any]], Iterable[wire.Answer]]


class AnsweringWorker:
    """Answers from now on, in a thread."""

    def __init__(
        self,
        broker: Broker,
        settings: Settings,
        reply: Reply,
        *,
        heard: Callable[[RawRecord], None] = lambda record: None,
    ):
        self.asked: list[Mapping[str, Any]] = []
        self._reply, self._heard, self._stop = reply, heard, threading.Event()
        self._publisher = Publisher(broker.config, settings, "file-manager")
        self._source = KafkaSource(broker.config, [settings.get_topic("control")], "worker")
        self._source.assign(
            {partition: high for partition, (_, high) in self._source.metadata.fetch_watermarks().items()}
        )
        self._thread = threading.Thread(target=self._answer_until_stopped)
        self._thread.start()

    def _answer_until_stopped(self) -> None:
        while not self._stop.is_set():
            for entry in self._source.poll(0.05):
                if isinstance(entry, RawRecord):
                    self._heard(entry)
                    _, body = wire.decode(entry.value)
                    self.asked.append(body)
                    for answer in self._reply(body):
                        self._publisher.send_answer(answer)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        assert self._publisher.flush(10)
        self._source.close()
