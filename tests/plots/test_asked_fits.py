"""Plans of the later client get their positions by a real Redis and a real Kafka, and by the answers; or nothing.

One headless worker serves all tests of this module; the process of its fits is loaded before the first one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.figures import get_run_uid, make_run
from helpers.fits import add_noise, compute_peak, compute_slot, compute_step
from helpers.kafka_server import KafkaServer
from helpers.patience import FACTOR
from helpers.processes import Station
from helpers.redis_server import RedisServer
from plugins.brokers import ApacheAdmin
from xafs_workers.producer.requests import RequestClient
from xafs_workers.settings import Settings
from xafs_workers.simulation.asked_fits import PRESET, FittedAlignments, ReplyPoller
from xafs_workers.simulation.axes import PEAK_PITCH
from xafs_workers.simulation.beam import Slot
from xafs_workers.simulation.beamline import (
    BEAM_HEIGHTS,
    SLOT_POSITION,
    Beamline,
    SimulationSetup,
    create_kafka_publisher,
)
from xafs_workers.simulation.metadata import Proposal

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.process]

LIMIT = 2.0 * FACTOR
"""Within this time after the run's stop document a value must be there, seconds."""

KEYS = ("BMM:peak_position", "BMM:peakposition")
FIT_KINDS = ("peakfit", "rectanglefit", "stepfit")
X = np.linspace(-3.0, 3.0, 31)


@dataclass
class Place:
    """A worker with its broker and its key store, and a simulated beamline that uses them."""

    station: Station
    redis: RedisServer
    beamline: Beamline

    @property
    def settings(self) -> Settings:
        return self.station.settings

    def list_fit_answers(self) -> list[dict[str, Any]]:
        """Return the final answers to fits, in the order of their arrival."""
        return [
            answer
            for answer in self.station.received["answer"]
            if answer["kind"] in FIT_KINDS and answer["state"] in ("value", "failed")
        ]

    def wait_for_answers(self, count: int) -> list[dict[str, Any]]:
        self.station.wait(lambda: len(self.list_fit_answers()) >= count, "the answers to fits")
        return self.list_fit_answers()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, apache_kafka: KafkaServer, larch: None) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("asked_fits")
    redis = RedisServer(folder)
    servers, name = apache_kafka.bootstrap_servers, f"b{uuid.uuid4().hex[:8]}"
    create = ApacheAdmin(apache_kafka).create_topic
    more = {"key_store": {"url": redis.url, "reply_seconds": 13.0 * FACTOR}}
    with ExitStack() as stack:
        stack.callback(redis.stop)
        redis.start()
        station = Station(folder, servers, create, name, **more)
        stack.callback(station.close)
        station.start()
        made = Place(station, redis, stack.enter_context(build_beamline(station, servers)))
        load_fits(made)
        yield made


def build_beamline(station: Station, servers: str) -> Beamline:
    """Build a beamline whose messages and documents go to the station's topics."""
    publish = create_kafka_publisher(servers, station.settings.get_topic("documents"))

    def publish_now(name: str, document: dict[str, Any]) -> None:
        publish(name, document)
        if name == "stop":
            publish.flush()

    def send(message: Mapping[str, Any]) -> None:
        station.put([("bmm", dict(message))])

    proposal = Proposal("2026-3", "pass-123456")
    setup = SimulationSetup(send, publish_now, str(station.folder / "proposals"), proposal, seed=5)
    beamline = Beamline(setup, context_managers=[])
    beamline.mount("Fe2O3", "4-element SDD")
    return beamline


def load_fits(place: Place) -> None:
    """Let the worker load the process of the fits, as the first line scan of a day does."""
    place.redis.write(dict.fromkeys(KEYS, PRESET))
    place.station.put([("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "It"})])
    put_fit(place, {"stepfit": True, "signal": "It"}, compute_step(X, 0.3))
    place.wait_for_answers(1)


def put_fit(place: Place, message: Mapping[str, Any], y: Any, *, x: Any = X, delay: float = 0.0) -> str:
    """Publish a run and the message that asks for its fit; return the uid."""
    columns = {"xafs_x": x.tolist(), "I0": [2.0] * len(x), "It": (2.0 * np.asarray(y)).tolist()}
    run = make_run(columns, motors=["xafs_x"], start={"time": time.time()})
    entries = [*run, ("bmm", {"motor_name": "xafs_x", "uid": get_run_uid(run), **message})]
    if delay:
        place.station.put_late(entries, delay)
    else:
        place.station.put(entries)
    return get_run_uid(run)


Client = FittedAlignments
PLANS: dict[str, tuple[Callable[[Client], Any], list[tuple[float, float]]]] = {
    "rocking curve": (lambda client: client.scan_rocking_curve("peak"), [(PEAK_PITCH, 0.01)]),
    "rocking curve, fitted": (lambda client: client.scan_rocking_curve("fit"), [(PEAK_PITCH, 0.03)]),
    "slit height": (lambda client: client.align_slit_height(), [(BEAM_HEIGHTS["dm3_bct"], 0.15)]),
    "mirror pitch": (lambda client: client.align_mirror_pitch(), [(BEAM_HEIGHTS["m2_yu"], 0.3)]),
    "wheel slot": (lambda client: client.find_slot(), [(SLOT_POSITION[1], 0.05), (SLOT_POSITION[0], 0.1)]),
    "wafer edge": (lambda client: client.find_wafer_edge(), [(SLOT_POSITION[0] - Slot().width / 2.0, 0.1)]),
    "change of edge": (
        lambda client: client.change_edge(8340.0),
        [(PEAK_PITCH, 0.01), (BEAM_HEIGHTS["dm3_bct"], 0.15)],
    ),
}


@pytest.mark.parametrize(("name", "key"), [*((name, KEYS[1]) for name in PLANS), ("rocking curve", KEYS[0])])
def test_a_plan_gets_its_position(name: str, key: str, place: Place) -> None:
    place.beamline.mount("Fe2O3", "4-element SDD")
    for axis, value in BEAM_HEIGHTS.items():
        place.beamline.axes[axis].set(value)
    place.beamline.axes["dcm_pitch"].set(PEAK_PITCH)
    client = FittedAlignments(place.beamline, ReplyPoller(place.redis.url, key))
    run, expected = PLANS[name]
    before = len(place.list_fit_answers())
    found: list[Any] = []
    uids = place.beamline.run(collect(run(client), found))
    assert [position for position, _ in expected] == [
        pytest.approx(position, abs=limit) for position, (_, limit) in zip(found, expected, strict=True)
    ]
    answers = place.wait_for_answers(before + len(expected))[before:]
    assert [answer["state"] for answer in answers] == ["value"] * len(expected)
    assert [answer["value"]["uid"] for answer in answers] == list(uids)
    assert max(client.replies.waited) < LIMIT
    assert max(answer["seconds"] for answer in answers) < LIMIT
    assert place.redis.read(*KEYS) == [repr(found[-1])] * 2


def collect(plan: Any, found: list[Any]) -> Any:
    found.extend((yield from plan))


def test_an_aligned_spinner_has_its_runs_and_its_picture(place: Place) -> None:
    place.beamline.mount("Fe2O3", "4-element SDD")
    picture = f"{place.beamline.folder}/snapshots/spinner3.png"
    client = FittedAlignments(place.beamline, ReplyPoller(place.redis.url))
    found: list[Any] = []
    uids = place.beamline.run(collect(client.align_spinner(3, picture), found))
    assert found[-3:] == [uids[2], uids[3], uids[4]]
    assert len(client.replies.waited) == 5
    assert max(client.replies.waited) < LIMIT
    place.station.wait(lambda: bool(place.station.list_final_answers("glancing_angle")), "the summary")
    (answer,) = place.station.list_final_answers("glancing_angle")
    assert (answer["state"], len(answer["paths"])) == ("done", 1)
    assert Path(picture).read_bytes().startswith(b"\x89PNG")


NO_RESULT: dict[str, tuple[dict[str, Any], Any]] = {
    f"{kind} {shape}": ({kind: True, "signal": "It", **more}, y)
    for kind, more, curve in (
        ("peakfit", {"choice": "peak"}, compute_peak(X, 0.4)),
        ("peakfit", {"choice": "fit"}, compute_peak(X, 0.4)),
        ("rectanglefit", {}, compute_slot(X, 0.4)),
        ("stepfit", {}, compute_step(X, 0.4)),
    )
    for shape, y in (
        (f"noisy {more}", add_noise(curve, 0.6)),
        (f"flat {more}", add_noise(np.ones(31), 0.01)),
        (f"empty {more}", np.array([])),
    )
}
NO_RESULT["peakfit inverted"] = ({"peakfit": True, "signal": "It", "choice": "com"}, 2.0 - compute_peak(X, 0.4))
NO_RESULT["rectanglefit one-sided"] = ({"rectanglefit": True, "signal": "It"}, compute_slot(X, 3.0))
NO_RESULT["stepfit one-sided"] = ({"stepfit": True, "signal": "It"}, compute_step(X, 3.5))


@pytest.mark.parametrize("name", NO_RESULT)
def test_a_scan_without_a_result_fails_at_once(name: str, place: Place) -> None:
    message, y = NO_RESULT[name]
    place.redis.write(dict.fromkeys(KEYS, PRESET))
    before = len(place.list_fit_answers())
    began = time.monotonic()
    put_fit(place, message, y, x=X[: len(y)])
    answer = place.wait_for_answers(before + 1)[-1]
    assert time.monotonic() - began < LIMIT
    assert (answer["state"], "position" in (answer["value"] or {})) == ("failed", False)
    assert answer["reason"]
    assert place.redis.read(*KEYS) == [PRESET] * 2


@pytest.mark.parametrize(
    ("message", "y", "position"),
    [
        ({"peakfit": True, "signal": "It", "choice": "peak"}, compute_peak(X, 3.0), 3.0),
        ({"rectanglefit": True, "signal": "It"}, 1.0 - compute_slot(X, 0.4), 0.4),
        ({"stepfit": True, "signal": "It"}, 1.0 - compute_step(X, 0.4), 0.4),
        ({"stepfit": True, "signal": "It"}, add_noise(compute_step(X, 0.4), 0.02), 0.4),
    ],
    ids=["one-sided peak", "inverted slot", "falling step", "noisy step"],
)
def test_an_unusual_scan_has_its_position(message: Any, y: Any, position: float, place: Place) -> None:
    place.redis.write(dict.fromkeys(KEYS, PRESET))
    before = len(place.list_fit_answers())
    put_fit(place, message, y)
    assert place.wait_for_answers(before + 1)[-1]["state"] == "value"
    assert [float(text or "nan") for text in place.redis.read(*KEYS)] == [pytest.approx(position, abs=0.05)] * 2


def test_a_run_that_comes_three_seconds_late_is_waited_for(place: Place) -> None:
    place.redis.write(dict.fromkeys(KEYS, PRESET))
    before = len(place.list_fit_answers())
    uid = put_fit(place, {"peakfit": True, "signal": "It", "choice": "peak"}, compute_peak(X, 0.4), delay=3.0)
    answer = place.wait_for_answers(before + 1)[-1]
    assert (answer["state"], answer["value"]["uid"]) == ("value", uid)
    assert place.redis.read(*KEYS) == [repr(float(X[np.argmax(compute_peak(X, 0.4))]))] * 2


def test_a_question_gets_the_value_without_a_preset(place: Place) -> None:
    place.redis.write(dict.fromkeys(KEYS, "7.5"))
    uid = put_fit(place, {"peakfit": True, "signal": "It", "choice": "peak"}, compute_peak(X, 0.4))
    client = RequestClient(place.settings)
    asked = {"peakfit": True, "signal": "It", "choice": "fit", "uid": uid[:8], "motor_name": "xafs_x"}
    answer = client.ask(asked, 30.0 * FACTOR)
    client.close()
    assert answer.state == "value", answer.reason
    assert answer.value["position"] == pytest.approx(0.4, abs=0.02)
    assert answer.seconds < LIMIT
    assert place.redis.read(*KEYS) == ["7.5"] * 2
