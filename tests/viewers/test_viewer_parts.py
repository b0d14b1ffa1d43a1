"""Parts of the on-screen worker: clicks handed on, what is missing, the follower."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from structlog.testing import capture_logs

from helpers.kafka_records import open_source, read_records
from helpers.processes import PATIENCE, wait_until
from helpers.streams import build_run_documents, read_entries
from plugins.brokers import Broker
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.frontends.history import find_board_scan, list_history
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.sources.connections import Connections
from xafs_workers.threads import ThreadEnded
from xafs_workers.viewers import display_check
from xafs_workers.viewers.click_dispatcher import ClickDispatcher
from xafs_workers.viewers.follower import WAITING_FOR_HISTORY, WAITING_FOR_TOPICS, Follower
from xafs_workers.wire import decode, encode

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


def test_clicks_reach_all_subscribers_without_blocking() -> None:
    held, heard = threading.Event(), list[tuple[str, int]]()

    def slow(click: Mapping[str, Any]) -> None:
        assert held.wait(PATIENCE)
        heard.append(("slow", click["n"]))

    clicks = ClickDispatcher(slow, lambda click: heard.append(("other", click["n"])))
    clicks.start()
    for n in range(3):
        clicks.put({"n": n})
    assert heard == []
    held.set()
    clicks.close(PATIENCE)
    assert heard == [(who, n) for n in range(3) for who in ("slow", "other")]


def test_a_failing_subscriber_does_not_block_the_others() -> None:
    heard: list[Mapping[str, Any]] = []

    def failing(click: Mapping[str, Any]) -> None:
        raise ValueError("no")

    clicks = ClickDispatcher(failing, heard.append)
    with capture_logs() as logs:
        clicks.start()
        clicks.put({"motor": "xafs_x"})
        clicks.close(PATIENCE)
    assert heard == [{"motor": "xafs_x"}]
    assert [entry["event"] for entry in logs] == ["click_not_handed_on"]


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_a_missing_display_is_reported(no_display: None) -> None:
    assert "DISPLAY" in display_check.find_missing_part()


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "offscreen:enable_fonts"])
def test_an_offscreen_window_needs_no_display(platform: str, no_display: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert display_check.find_missing_part() == ""


def test_an_unreachable_display_is_reported(no_display: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7654")
    missing = display_check.find_missing_part()
    assert missing.startswith("a display that can be used: DISPLAY=:7654: ")


def test_a_missing_qt_is_reported(no_display: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtWidgets", None)
    assert display_check.find_missing_part().startswith("Qt (")
    assert "xafs-workers[screen]" in display_check.find_missing_part()


def test_an_unsafe_qt_version_is_reported(no_display: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """PySide6 6.12 takes None for immortal, which it is only from Python 3.12 on."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display_check.find_missing_part() == ""
    none = iter((5000, 5000 - display_check.PROBE_CALLS))
    monkeypatch.setattr(display_check.sys, "getrefcount", lambda _: next(none))
    assert "PySide6-Essentials<6.12" in display_check.find_missing_part()


class ViewerTopics:
    """Topics of one test, and followers on them."""

    def __init__(self, broker: Broker, settings: Settings | None = None):
        self.settings = settings or Settings(beamline=f"b{uuid.uuid4().hex[:8]}")
        self.config = broker.config
        self._broker = broker
        self.followers: list[Follower] = []

    def create_topics(self) -> None:
        for name in ("control", "documents", "answers", "status", "dead_letters"):
            self._broker.create_topic(self.settings.get_topic(name), 4)  # type: ignore[arg-type]

    def follower(self, config: KafkaConfig | None = None, **more: Any) -> Follower:
        made = Follower(self.settings, Connections(self.settings, config or self.config), SCREEN, **more)
        self.followers.append(made)
        made.start()
        return made

    def put(self, *entries: tuple[str, dict[str, Any]]) -> None:
        producer = Producer({**self.config.get_producer_properties(), "log_level": 3})
        for name, body in entries:
            topic = self.settings.get_topic("control" if name == "bmm" else "documents")
            producer.produce(topic, value=encode(name, body), key="k")
        assert producer.flush(PATIENCE) == 0


@pytest.fixture
def place(broker: Broker) -> Iterator[ViewerTopics]:
    made = ViewerTopics(broker)
    yield made
    for follower in made.followers:
        follower.stop(PATIENCE)


def run(points: int) -> list[tuple[str, dict[str, Any]]]:
    columns = {"xafs_x": [float(n) for n in range(points)], "I0": [1.0] * points, "It": [2.0] * points}
    return list(build_run_documents(hint=None, motors=["xafs_x"], columns=columns, finished=False))


@pytest.mark.slow
def test_an_open_scan_is_complete_before_it_is_shown(place: ViewerTopics) -> None:
    place.create_topics()
    place.put(("bmm", LINE), *run(30))
    hold = threading.Event()
    follower = place.follower(before_live=lambda: hold.wait(PATIENCE))
    assert follower.build_feed().waits_for == WAITING_FOR_TOPICS
    assert follower.build_feed().board.scans == ()
    hold.set()
    seen: set[tuple[str, int]] = set()

    def caught_up() -> bool:
        feed = follower.build_feed()
        seen.add((feed.waits_for, sum(len(one.points) for one in feed.board.runs.values())))
        return feed.waits_for == ""

    wait_until(caught_up, "everything to be folded")
    assert seen <= {(WAITING_FOR_TOPICS, 0), (WAITING_FOR_HISTORY, 0), ("", 30)}
    wait_until(lambda: follower.build_feed().backlog_size == 0, "the lag to be counted again")
    place.put(("bmm", {"linescan": "stop"}))
    wait_until(lambda: follower.build_feed().board.scans[0].has_ended, "the end of the scan")


def test_a_finished_scan_is_not_restored(place: ViewerTopics) -> None:
    place.create_topics()
    place.put(("bmm", LINE), *run(5), ("bmm", {"linescan": "stop"}))
    follower = place.follower()
    wait_until(lambda: follower.build_feed().waits_for == "", "the worker to be live")
    assert follower.build_feed().board.scans == ()


@pytest.mark.slow
def test_a_finished_scan_is_in_the_history(place: ViewerTopics) -> None:
    """Whatever follows it, and only once the worker is live."""
    place.create_topics()
    place.put(("bmm", {"linescan": "x"}), ("bmm", LINE), *run(5), ("bmm", {"linescan": "stop"}), ("bmm", LINE), *run(3))
    follower = place.follower()
    assert follower.build_feed().is_reading_history
    wait_until(lambda: not follower.build_feed().is_reading_history, "the history to be read")
    feed = follower.build_feed()
    assert feed.waits_for == ""
    (entry,) = list_history((feed.board, feed.history))
    found = find_board_scan((feed.board, feed.history), entry.figure_id)
    assert found is not None
    assert [len(one.points) for one in found[0].get_runs(found[1])] == [5]


@pytest.mark.slow
def test_a_sequence_of_the_history_is_reduced(place: ViewerTopics, measured: Path) -> None:
    """Only once its figure is looked at."""
    place.create_topics()
    place.put(*read_entries(measured / "ni2o3.jsonl"))
    follower = place.follower()
    wait_until(lambda: not follower.build_feed().is_reading_history, "the history to be read")
    history = follower.history.board
    (scan,) = [one for one in history.scans if one.kind == "xafs_sequence"]
    assert [panel.traces for panel in build_figure(history, scan).panels] == [(), (), ()]
    follower.history.request_results(scan.figure_id)

    def is_reduced() -> bool:
        figure = build_figure(follower.history.board, scan)
        return all(len(panel.traces) > 0 for panel in figure.panels)

    wait_until(is_reduced, "the merge")
    (line,) = build_figure(follower.history.board, scan).get_panel("mu").lines
    assert 8320 < line.x < 8355, "E0 of nickel"


@pytest.mark.slow
def test_missing_topics_are_waited_for(place: ViewerTopics) -> None:
    follower = place.follower(KafkaConfig("127.0.0.1:1"))
    assert follower.build_feed().waits_for == WAITING_FOR_TOPICS
    follower.publish_click({"motor": "xafs_x"})
    follower.stop(PATIENCE)
    assert follower.failure is None


def test_a_follower_that_dies_is_reported(place: ViewerTopics, monkeypatch: pytest.MonkeyPatch) -> None:
    place.create_topics()

    def failing() -> None:
        raise RuntimeError("broken")

    ended: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    with capture_logs() as logs:
        follower = place.follower(before_live=failing)
        wait_until(lambda: bool(ended), "its end")
    assert ended[0].exc_type is ThreadEnded
    assert str(follower.failure) == "broken"
    assert "died" in follower.build_feed().waits_for
    assert "follower_died" in [entry["event"] for entry in logs]


def test_a_click_is_published_as_an_answer(place: ViewerTopics) -> None:
    place.create_topics()
    follower = place.follower()
    wait_until(lambda: follower.build_feed().waits_for == "", "the worker to be live")
    follower.publish_click({"figure": "f", "run": "r", "motor": "xafs_x", "position": 1.5})
    topic = place.settings.get_topic("answers")
    with open_source(place.config, topic) as source:
        source.assign(dict.fromkeys(source.metadata.list_partitions(), 0))
        (record,) = read_records(source, 1)
    assert decode(record.value) == (
        "answer",
        {"click": {"figure": "f", "run": "r", "motor": "xafs_x", "position": 1.5}},
    )


@pytest.mark.slow
def test_a_lost_broker_is_reported_and_figures_stay_on_show() -> None:
    settings = Settings(beamline=f"b{uuid.uuid4().hex[:8]}")
    with EmbeddedBroker(settings) as broker:
        place = ViewerTopics(Broker("embedded", broker.bootstrap_servers, lambda name, partitions: None), settings)
        place.put(("bmm", LINE), *run(5))
        follower = place.follower()
        wait_until(lambda: follower.build_feed().waits_for == "", "the worker to be live")
    wait_until(lambda: follower.build_feed().waits_for == "the broker", "the loss to be noticed")
    assert len(follower.build_feed().board.scans) == 1
    follower.stop(PATIENCE)
    assert follower.failure is None
