"""A viewer on real sources: two at once, runs with holes, runs whose start was missed, runs of the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from helpers.figures import join_notes
from helpers.kafka_server import KafkaServer
from helpers.played_sources import find_address
from helpers.processes import PATIENCE
from helpers.run_maker import RunMaker
from helpers.streams import Entry
from helpers.viewer import Viewer, publish_all
from helpers.zmq_proxy import PREFIX, ZmqProxy
from plugins.brokers import ApacheAdmin
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Catalog, Kafka, Sources, ZmqDocuments
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer
from xafs_workers.sources import joiner
from xafs_workers.wire import encode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets of Tiled's client
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),
]
Publish = Callable[[str, dict[str, Any]], object]
POINTS = 6


def build_run(**changed: float) -> list[Entry]:
    """Build a line scan of six points; `d4=1.0` gives the fourth another value."""
    run = RunMaker()
    run.add_start(num_points=POINTS)
    primary = run.add_descriptor("primary", "x", "d")
    for number in range(1, POINTS + 1):
        run.add_event(primary, number, x=float(number), d=changed.get(f"d{number}", 10.0 * number))
    run.add_stop(primary=POINTS)
    return run.entries


def drop(entries: list[Entry], *numbers: int) -> list[Entry]:
    """Leave points out."""
    return [entry for entry in entries if entry[1].get("seq_num") not in numbers]


def change(entries: list[Entry], number: int, value: float) -> list[Entry]:
    """Give a point another value."""
    return [
        (name, {**doc, "data": {**doc["data"], "d": value}} if doc.get("seq_num") == number else doc)
        for name, doc in entries
    ]


def get_values(run: Run) -> dict[int, float]:
    return dict(zip(run.points.sequence_numbers, run.points.get_column("d").tolist(), strict=True))


@pytest.fixture
def proxy() -> Iterator[ZmqProxy]:
    with ZmqProxy() as made:
        yield made


@pytest.fixture
def zmq(proxy: ZmqProxy) -> ZmqDocuments:
    return ZmqDocuments(address=proxy.address, prefix=PREFIX.decode())


@pytest.fixture
def write_tiled(own_tiled_server: TiledServer) -> Iterator[Publish]:
    made = create_tiled_writer(own_tiled_server.uri, own_tiled_server.api_key, batch_size=1)
    yield made
    made.client.context.close()


@pytest.fixture
def differences(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what is logged of differences between sources."""
    found: list[dict[str, Any]] = []
    original = joiner.log.warning

    def note(event: str, **fields: Any) -> None:
        if event == "sources_differ":
            found.append(fields)
        original(event, **fields)

    monkeypatch.setattr(joiner.log, "warning", note)
    return found


@pytest.fixture
def kafka(apache_kafka: KafkaServer) -> KafkaConfig:
    return KafkaConfig(apache_kafka.bootstrap_servers)


def open_kafka(viewer: Viewer, kafka: KafkaConfig, server: KafkaServer) -> Publish:
    """Create the viewer's topics; return the publisher of documents."""
    for name in ("control", "documents", "answers", "status", "dead_letters"):
        ApacheAdmin(server).create_topic(viewer.settings.get_topic(name), 1)  # type: ignore[arg-type]
    producer = Producer({**kafka.get_producer_properties(), "log_level": 3})

    def publish(name: str, document: dict[str, Any]) -> None:
        producer.produce(viewer.settings.get_topic("documents"), value=encode(name, document), key="k")
        assert producer.flush(PATIENCE) == 0

    return publish


@pytest.mark.kafka
@pytest.mark.parametrize("second", ["zmq", "tiled"])
def test_second_source_fills_the_holes_of_kafka(
    second: str,
    request: pytest.FixtureRequest,
    kafka: KafkaConfig,
    apache_kafka: KafkaServer,
    differences: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    if second == "zmq":
        sources = Sources(kafka=Kafka(), zmq=request.getfixturevalue("zmq"))
        publish_second = request.getfixturevalue("proxy").create_publisher()
    else:
        sources = Sources(kafka=Kafka(), tiled=find_address(request.getfixturevalue("own_tiled_server")))
        publish_second = request.getfixturevalue("write_tiled")
    viewer = Viewer(tmp_path, kafka, sources=sources)
    publish = open_kafka(viewer, kafka, apache_kafka)
    run = build_run()
    uid = run[0][1]["uid"]
    with viewer:
        viewer.wait_until_live()
        if second == "zmq":
            viewer.join(publish_second)
        publish_all(publish, drop(run[:-1], 3, 5))
        viewer.wait(lambda board: uid in board.runs and len(board.runs[uid].points) == POINTS - 2, "points by Kafka")
        publish_all(publish_second, change(change(run, 2, 21.0), 4, 41.0))
        publish(*run[-1])
        viewer.wait_for_stop(uid)
        known = viewer.wait(lambda board: len(board.runs[uid].points) == POINTS, "the points by the other").runs[uid]
        assert get_values(known) == {number: 10.0 * number for number in range(1, POINTS + 1)}
        assert known.points.generation == POINTS, "no point arrived twice"
        assert [(one["used"], one["other"], one["point"]) for one in differences] == [("kafka", second, 2)]
        (panel,) = viewer.draw().panels
        assert panel.traces[0].y.tolist() == [10.0 * number for number in range(1, POINTS + 1)]


def test_holes_are_filled_from_the_catalog(
    proxy: ZmqProxy, zmq: ZmqDocuments, own_tiled_server: TiledServer, write_tiled: Publish, tmp_path: Path
) -> None:
    catalog = Catalog(uri=own_tiled_server.uri, api_key_file=own_tiled_server.api_key_file)
    publish, holed, headless = proxy.create_publisher(), build_run(), build_run()
    for run in (holed, headless):
        publish_all(write_tiled, run)
    with Viewer(tmp_path, sources=Sources(zmq=zmq), catalog=catalog) as viewer:
        viewer.wait_until_live()
        viewer.join(publish)
        publish_all(publish, drop(holed, 2, 6))
        publish_all(publish, headless[1:])
        uids = [run[0][1]["uid"] for run in (holed, headless)]
        board = viewer.wait(
            lambda board: all(uid in board.runs and len(board.runs[uid].points) == POINTS for uid in uids), "all points"
        )
        drawn = {scan.run_uids: viewer.draw_scan(scan) for scan in board.scans}
        assert drawn.keys() == {(uid,) for uid in uids}
        for figure in drawn.values():
            (panel,) = figure.panels
            assert (panel.key, panel.traces[0].y.tolist()) == ("d", [10.0 * n for n in range(1, POINTS + 1)])
            assert join_notes(figure) == ""


def test_what_never_arrived_is_shown(proxy: ZmqProxy, zmq: ZmqDocuments, tmp_path: Path) -> None:
    publish, holed, headless = proxy.create_publisher(), build_run(), build_run()
    with Viewer(tmp_path, sources=Sources(zmq=zmq)) as viewer:
        viewer.wait_until_live()
        viewer.join(publish)
        publish_all(publish, headless[1:-1])
        missed = "zmq: the next run, as the start document of the present one never arrived"
        viewer.wait(lambda board: viewer.feed.waits_for == missed, "the reason why nothing is drawn")
        publish_all(publish, [headless[-1], *drop(holed, 2, 6)])
        viewer.wait_for_stop(holed[0][1]["uid"])
        viewer.wait(lambda board: len(board.missing_runs) > 1 and viewer.feed.waits_for == "", "the reasons")
        assert viewer.board.missing_runs[headless[0][1]["uid"]] == "its start document never arrived"
        figure = viewer.draw()
        assert figure.panels[0].traces[0].y.tolist() == [10.0, 30.0, 40.0, 50.0]
        assert join_notes(figure) == "2 of 6 points never arrived"


def test_viewer_draws_a_run_that_had_begun(own_tiled_server: TiledServer, write_tiled: Publish, tmp_path: Path) -> None:
    run = build_run()
    uid = run[0][1]["uid"]
    publish_all(write_tiled, run[:5])
    with Viewer(tmp_path, sources=Sources(tiled=find_address(own_tiled_server))) as viewer:
        viewer.wait(lambda board: uid in board.runs and len(board.runs[uid].points) == 3, "the points before the start")
        publish_all(write_tiled, run[5:])
        viewer.wait_for_stop(uid)
        (scan,) = [scan for scan in viewer.board.scans if scan.run_uids == (uid,)]
        assert viewer.draw_scan(scan).panels[0].traces[0].y.tolist() == [10.0 * n for n in range(1, POINTS + 1)]


@pytest.mark.parametrize("second", ["tiled", "catalog"])
def test_the_past_is_there_after_a_restart(
    second: str,
    zmq: ZmqDocuments,
    proxy: ZmqProxy,
    own_tiled_server: TiledServer,
    write_tiled: Publish,
    tmp_path: Path,
) -> None:
    """ZMQ keeps nothing: its runs come from the catalog. A figure has the address that it had before."""
    if second == "tiled":
        settings: dict[str, Any] = {"sources": Sources(tiled=find_address(own_tiled_server))}
    else:
        catalog = Catalog(uri=own_tiled_server.uri, api_key_file=own_tiled_server.api_key_file)
        settings = {"sources": Sources(zmq=zmq), "catalog": catalog}
    run, later = build_run(), build_run()
    uid = run[0][1]["uid"]
    with Viewer(tmp_path, **settings) as viewer:
        viewer.wait_until_live()
        publish_all(write_tiled, run)
        if second == "catalog":
            publish = proxy.create_publisher()
            viewer.join(publish)
            publish_all(publish, run)
        viewer.wait_for_stop(uid)
        (before,) = [scan.figure_id for scan in viewer.board.scans if scan.run_uids == (uid,)]
    publish_all(write_tiled, later)
    with Viewer(tmp_path, **settings) as viewer:
        entries = {entry.figure_id: entry.uids for entry in viewer.list_history()}
        assert entries[before] == (uid,)
        assert {uid, later[0][1]["uid"]} <= {uid for uids in entries.values() for uid in uids}
        (panel,) = viewer.draw_past(before).panels
        assert panel.traces[0].y.tolist() == [10.0 * n for n in range(1, POINTS + 1)]
