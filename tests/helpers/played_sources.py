"""Documents published to each kind of source, and received from it as a worker receives them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from helpers.kafka_records import open_source, produce
from helpers.processes import wait_until
from helpers.streams import EPOCH, Entry
from helpers.zmq_proxy import PREFIX, ZmqProxy
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.source_interface import Source
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.items import Document
from xafs_workers.settings import Settings, TiledDocuments, ZmqDocuments
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer
from xafs_workers.sources.recorded_documents import RecordingSource
from xafs_workers.sources.tiled_documents import TiledSource
from xafs_workers.sources.zmq_documents import ZmqSource
from xafs_workers.wire import encode

LIMIT = 8 * 1024 * 1024
AT_ONCE = 400
"""Documents published without a wait: a proxy drops those above its limit of 1000 silently."""
PROBE = "probe"
"""Run of the documents that only show that something comes through."""


class Follower:
    """A source and the documents that it has delivered, parsed."""

    def __init__(self, source: Source, position: int | None = None):
        self.source = source
        self.parser = RecordParser(Settings())
        self.documents: list[Document] = []
        self.probes, self.ends = 0, 0
        at = time.time_ns() // 1000 if position is None else position
        source.assign(dict.fromkeys(source.metadata.list_partitions(), at))

    def poll(self) -> None:
        for entry in self.source.poll(0.05):
            if not isinstance(entry, RawRecord):
                self.ends += 1
                continue
            item = self.parser.parse_record(entry)
            assert isinstance(item, Document), item
            if item.doc.get("run_start") == PROBE:
                self.probes += 1
            else:
                self.documents.append(item)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            self.poll()
            return condition()

        wait_until(holds, what)

    def wait_for_stops(self, entries: Iterable[Entry]) -> list[Document]:
        """Wait until each run has ended; return the documents."""
        uids = {doc["uid"] for name, doc in entries if name == "start"}

        def list_ended() -> set[str]:
            return {item.doc["run_start"] for item in self.documents if item.name == "stop"}

        self.wait(lambda: uids <= list_ended(), f"the stop documents of {len(uids)} runs")
        return self.documents

    def close(self) -> None:
        self.source.close()


def play_recording(folder: Path, entries: list[Entry]) -> list[Document]:
    path = folder / "recording.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    with ExitStack() as stack:
        follower = Follower(RecordingSource(path, threading.Event()))
        stack.callback(follower.close)
        return follower.wait_for_stops(entries)


def play_zmq(entries: list[Entry]) -> list[Document]:
    with ZmqProxy() as proxy, ExitStack() as stack:
        follower = Follower(
            ZmqSource(ZmqDocuments(address=proxy.address, prefix=PREFIX.decode()), LIMIT, threading.Event())
        )
        stack.callback(follower.close)
        publisher = proxy.create_publisher()
        probe = partial(publisher, "stop", {"uid": "p", "run_start": PROBE, "time": EPOCH})
        follower.wait(lambda: (probe(), follower.probes > 0)[-1], "the first document")
        for begin in range(0, len(entries), AT_ONCE):
            for name, document in entries[begin : begin + AT_ONCE]:
                publisher(name, document)
            count = min(begin + AT_ONCE, len(entries))
            follower.wait(lambda c=count: len(follower.documents) >= c, f"{count} documents")
        return follower.documents


def play_tiled(server: TiledServer, entries: list[Entry], batch_size: int | None = None) -> list[Document]:
    with ExitStack() as stack:
        follower = Follower(TiledSource(find_address(server), 50, None, threading.Event()))
        stack.callback(follower.close)
        follower.wait(lambda: follower.ends > 0, "what was there before: a viewer passes over runs that ended earlier")
        writer = create_tiled_writer(server.uri, server.api_key, batch_size=batch_size)
        stack.callback(writer.client.context.close)
        for name, document in entries:
            writer(name, document)
        return follower.wait_for_stops(entries)


def play_kafka(config: KafkaConfig, topic: str, entries: list[Entry]) -> list[Document]:
    produce(config, topic, [encode(name, document) for name, document in entries])
    with open_source(config, topic) as source:
        return Follower(source, 0).wait_for_stops(entries)


def find_address(server: TiledServer) -> TiledDocuments:
    """Return the settings of a source of documents from a server."""
    return TiledDocuments(uri=server.uri.removesuffix("/api/v1"), api_key_file=server.api_key_file)


def move_files(entries: list[Entry], folder: Path) -> list[Entry]:
    """Return a stream whose files lie in a folder."""
    moved: list[Entry] = []
    for name, document in entries:
        more: dict[str, Any] = {}
        if name == "stream_resource":
            more["uri"] = f"file://localhost{folder}/{document['uri'].rpartition('/')[2]}"
        moved.append((name, {**document, **more}))
    return moved
