"""The producers of the beamline: bluesky-kafka's Publisher and BasicProducer, in one process and in two."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from helpers.processes import Station
from plugins.brokers import Broker
from xafs_workers.simulation.beamline import Beamline, SimulationSetup, create_kafka_publisher
from xafs_workers.simulation.metadata import Proposal
from xafs_workers.simulation.plans import XafsParameters, measure_linescan, measure_xafs


@pytest.fixture
def station(tmp_path: Path, broker: Broker) -> Iterator[Station]:
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    yield made
    made.close()


CHILD = """
import json, sys
from bluesky_kafka.produce import BasicProducer
producer = BasicProducer(topic=sys.argv[1], bootstrap_servers=[sys.argv[2]], key="abcdef")
for line in sys.stdin:
    producer.produce(["bmm", json.loads(line)])
    producer.flush()
    print("sent", flush=True)
"""


def in_one_process(station: Station, servers: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    from bluesky_kafka.produce import BasicProducer

    producer = BasicProducer(topic=station.settings.get_topic("control"), bootstrap_servers=[servers], key="abcdef")
    yield lambda message: producer.produce(["bmm", dict(message)])
    producer.flush()


def in_another_process(station: Station, servers: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    import json

    command = [sys.executable, "-c", CHILD, station.settings.get_topic("control"), servers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def send(message: Mapping[str, Any]) -> None:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(message) + "\n")
            child.stdin.flush()
            assert child.stdout.readline() == "sent\n"

        yield send


@pytest.mark.parametrize("sender", [in_one_process, in_another_process])
def test_a_session_at_the_beamline_gives_pictures(sender: Any, station: Station, broker: Broker) -> None:
    station.start()
    sending = sender(station, broker.bootstrap_servers)
    send = next(sending)
    publisher = create_kafka_publisher(broker.bootstrap_servers, station.settings.get_topic("documents"))
    proposal = Proposal("2026-3", "pass-123456")
    beamline = Beamline(
        SimulationSetup(send, publisher, str(station.folder / "proposals"), proposal), context_managers=[]
    )
    beamline.mount("Fe2O3", "4-element SDD")
    beamline.run(measure_linescan(beamline, "xafs_y", "If", (-3, 3, 9), stack=True, fname="y.png"))
    grid = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}
    beamline.run(measure_xafs(beamline, XafsParameters("fe", mode="fluorescence", repetitions=2, **grid)))
    publisher.flush()
    list(sending)
    kinds = ("linescan", "xafsscan", "xafs_sequence")
    station.wait(lambda: all(map(station.list_final_answers, kinds)), "the pictures")
    assert {answer["state"] for kind in kinds for answer in station.list_final_answers(kind)} == {"done"}
    assert sorted(name for name in station.read_files() if "/by-uid/" not in name) == [
        "2026-3/pass-123456/dossier/.sequence/fe-01",
        "2026-3/pass-123456/fe.merge_01.xdi",
        "2026-3/pass-123456/prj/fe_01.prj",
        "2026-3/pass-123456/snapshots/fe_01.png",
        "2026-3/pass-123456/snapshots/fe_liveplot_01.png",
        "2026-3/pass-123456/snapshots/y.png",
    ]
    assert not station.received["dead-letter"]
    assert not station.read_logged_errors()
