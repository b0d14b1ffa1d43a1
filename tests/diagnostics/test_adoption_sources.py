"""The newest finished runs are read from each source, and give the same suggestions as their recording."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest

from helpers.any_beamline import find_stream
from helpers.streams import Entry, read_entries
from helpers.zmq_proxy import PREFIX, ZmqProxy
from xafs_workers.diagnostics.adoption.adoption import adopt
from xafs_workers.diagnostics.adoption.collect import CollectionError, RunSelection, collect
from xafs_workers.settings import Settings
from xafs_workers.simulation.beamline import create_kafka_publisher
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets of Tiled's client
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),
]
SECONDS = 60.0


def read_stream() -> list[Entry]:
    return read_entries(find_stream("three_repetitions"))


def check(settings: Settings) -> dict[str, Any]:
    """Check the suggestions of a source; return those of the source alone."""
    data = collect(settings, RunSelection(3, SECONDS), threading.Event())
    uids = [item.doc["uid"] for item in data.documents if item.name == "start"]
    assert uids == [doc["uid"] for name, doc in read_stream() if name == "start"][1:]
    found = adopt(data, settings, None)
    assert not found.missing
    assert found.settings["columns"] == {
        "energy": "monochromator-energy",
        "i0": "I0-count_rate",
        "it": "It-count_rate",
        "dwell_time": "I0-mcs-scaler-elapsed_time",
    }
    return found.settings


def test_runs_on_kafka_are_adopted(embedded_broker: EmbeddedBroker) -> None:
    topic = f"adopt.{uuid.uuid4().hex[:8]}"
    embedded_broker.create_topic(topic)
    publisher = create_kafka_publisher(embedded_broker.bootstrap_servers, topic)
    for name, document in read_stream():
        publisher(name, document)
    publisher.flush()
    kafka = {"bootstrap_servers": embedded_broker.bootstrap_servers, "documents_topic": topic}
    found = check(Settings(profile="plain", beamline="any", kafka=kafka))  # type: ignore[arg-type]
    assert (found["beamline"], found["kafka"]) == ("any", kafka)


def test_runs_in_tiled_are_adopted(own_tiled_server: TiledServer, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = create_tiled_writer(own_tiled_server.uri, own_tiled_server.api_key)
    for name, document in read_stream():
        writer(name, document)
    writer.client.context.close()
    monkeypatch.setenv("TILED_API_KEY", own_tiled_server.api_key)
    uri = own_tiled_server.uri.removesuffix("/api/v1")
    found = check(Settings(profile="plain", sources={"tiled": {"uri": uri}}))  # type: ignore[arg-type]
    assert found["sources"] == {"tiled": {"uri": uri}}


def test_runs_by_zmq_are_adopted() -> None:
    entries = read_stream()
    with ZmqProxy() as proxy:
        publisher = proxy.create_publisher()
        ended = threading.Event()

        def publish() -> None:
            """Publish the session until the reader has it: what is sent before it is connected is lost."""
            while not ended.is_set():
                for name, document in entries:
                    publisher(name, document)
                ended.wait(0.5)

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            settings = Settings(
                profile="plain",
                sources={"zmq": {"address": proxy.address, "prefix": PREFIX.decode()}},  # type: ignore[arg-type]
            )
            data = collect(settings, RunSelection(4, SECONDS), threading.Event())
        finally:
            ended.set()
            thread.join()
    found = adopt(data, settings, None)
    assert found.settings["columns"]["energy"] == "monochromator-energy"
    assert found.settings["sources"] == {"zmq": {"address": proxy.address, "prefix": "any"}}


def test_source_that_is_away_is_named() -> None:
    for sources in ({"zmq": {"address": "tcp://127.0.0.1:9"}}, {"tiled": {"uri": "http://127.0.0.1:9"}}):
        with pytest.raises(CollectionError, match=r"zmq: not connected|tiled: "):
            collect(Settings(profile="plain", sources=sources), RunSelection(1, 1.0), threading.Event())  # type: ignore[arg-type]
    kafka = {"bootstrap_servers": "127.0.0.1:9"}
    with pytest.raises(CollectionError):
        collect(Settings(profile="plain", kafka=kafka), RunSelection(1, 1.0), threading.Event())  # type: ignore[arg-type]
