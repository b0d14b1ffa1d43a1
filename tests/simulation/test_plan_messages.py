"""Check which control messages the plans send, in which order, and when relative to the documents."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from bluesky.utils import RunEngineInterrupted

from helpers.patience import SECONDS as TIMEOUT
from xafs_workers.messages.parsing import parse
from xafs_workers.simulation import beamline as module
from xafs_workers.simulation import plans
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.grid import GridError
from xafs_workers.simulation.samples import SAMPLES

pytestmark = pytest.mark.slow

SHORT = {"bounds": "-20 0 40", "steps": "10 20", "times": "0.5 0.25"}


class Session:
    """Beamline whose messages and documents are stored in the order in which they were sent."""

    def __init__(self, **options: Any):
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.found = threading.Event()
        self.listen_for: Callable[[str, dict[str, Any]], bool] = lambda name, doc: False
        self.beamline = Beamline(
            SimulationSetup(lambda message: self.take("bmm", dict(message)), self.take, "/proposals", **options)
        )

    def take(self, name: str, doc: dict[str, Any]) -> None:
        self.log.append((name, doc))
        if self.listen_for(name, doc):
            self.found.set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [doc for name, doc in self.log if name == "bmm"]

    def documents(self, name: str) -> list[dict[str, Any]]:
        return [doc for kind, doc in self.log if kind == name]

    def list_events(self) -> list[str]:
        """Return messages as `kind` or `kind: action`, runs as [ and ], and leave all else out."""
        marks = {"start": "[", "stop": "]"}
        return [
            format_message(doc) if name == "bmm" else marks[name] for name, doc in self.log if name in ("bmm", *marks)
        ]


def format_message(message: dict[str, Any]) -> str:
    kind = next(iter(message))
    if kind == "dossier" and message[kind] == "set":
        return f"dossier: set {' '.join(key for key in message if key != kind)}"
    return kind if message[kind] is True else f"{kind}: {message[kind]}"


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.beamline.close()


OPENING = [
    "next_index",
    "file_exists",
    "close: all",
    "dossier: start",
    "dossier: set folder rid",
    "echoslack",
    "xafs_sequence: start",
    "xafsscan: start",
]
REPETITION = ["file_exists", "echoslack", "xafsscan: next", "[", "]", "xafs_sequence: add", "xasxdi", "echoslack"]
CLOSING = [
    "echoslack",
    "dossier: set uidlist",
    "dossier: write",
    "xafsscan: stop",
    "xafs_sequence: stop",
    "resting_state",
]


def test_an_xafs_sequence_sends_its_messages_in_order(session: Session) -> None:
    session.beamline.mount("Fe2O3", "4-element SDD")
    uids = session.beamline.run(
        plans.measure_xafs(session.beamline, plans.XafsParameters("hematite", "fluorescence", 2, **SHORT))
    )
    assert session.list_events() == [*OPENING, *REPETITION, *REPETITION, *CLOSING]
    assert [doc["uid"] for doc in session.documents("start")] == list(uids)
    sent = {format_message(message): message for message in reversed(session.messages)}
    assert sent["xafsscan: start"] == {
        "xafsscan": "start",
        "element": "Fe",
        "edge": "K",
        "repetitions": 2,
        "mode": "fluorescence",
        "filename": "hematite",
        "sample": "Fe2O3",
        "reference_material": "Fe foil",
        "fluo_detector": "4-element SDD",
    }
    assert sent["xafs_sequence: start"]["with_yield"] is False
    assert [m["count"] for m in session.messages if format_message(m) == "xafsscan: next"] == [1, 2]
    assert [m["uid"] for m in session.messages if format_message(m) == "xafs_sequence: add"] == list(uids)
    assert [m["filename"] for m in session.messages if format_message(m) == "xasxdi"] == [
        "hematite.001",
        "hematite.002",
    ]
    assert sent["dossier: set uidlist"]["uidlist"] == list(uids)
    assert sent["xafsscan: stop"] == {
        "xafsscan": "stop",
        "filename": "snapshots/hematite_liveplot.png",
        "uid": uids[0],
    }
    assert sent["xafs_sequence: stop"]["filename"] == "snapshots/hematite.png"
    assert sent["next_index"]["folder"] == "/proposals/2026-3/pass-123456"
    assert "finished" in session.messages[-6]["text"]


def test_every_message_is_parsed(session: Session) -> None:
    beamline = session.beamline
    beamline.mount("NiO", "7-element SDD", electron_yield=True)
    beamline.run(plans.measure_linescan(beamline, "xafs_x", "If", (-1.0, 1.0, 2), stack=True, fname="x.png"))
    beamline.run(plans.measure_timescan(beamline, "Iy", 2, 0.1))
    beamline.run(plans.measure_xafs(beamline, plans.XafsParameters("nio", "yield", 1, **SHORT)))
    for message in session.messages:
        assert parse(message).extras.keys() <= {"icon"}


def test_a_line_scan_sends_its_messages_in_order(session: Session) -> None:
    beamline = session.beamline
    before = beamline.axes["xafs_x"].position
    uids = beamline.run(plans.measure_linescan(beamline, "xafs_x", "It", (-3.0, 3.0, 7), fname="slot.png"))
    assert session.list_events() == ["linescan: start", "[", "]", "linescan: stop", "resting_state"]
    assert session.messages[0] == {
        "linescan": "start",
        "motor": "xafs_x",
        "detector": "It",
        "fluo_detector": None,
        "stack": False,
    }
    assert session.messages[1] == {"linescan": "stop", "fname": "slot.png", "uid": uids[0]}
    assert beamline.axes["xafs_x"].position == before


def test_a_line_scan_without_a_picture_sends_a_plain_stop(session: Session) -> None:
    session.beamline.mount("Cu foil", "1-element SDD")
    session.beamline.run(plans.measure_linescan(session.beamline, "xafs_y", "Xs1", (-1.0, 1.0, 3), stack=True))
    assert session.messages[0]["fluo_detector"] == "1-element SDD"
    assert session.messages[0]["stack"] is True
    assert session.messages[1] == {"linescan": "stop"}


def test_a_time_scan_sends_its_messages_in_order(session: Session) -> None:
    uids = session.beamline.run(plans.measure_timescan(session.beamline, "It", 3, 0.2, fname="sead.png"))
    assert session.list_events() == ["timescan: start", "[", "]", "timescan: stop", "resting_state"]
    assert session.messages[:2] == [
        {"timescan": "start", "detector": "It"},
        {"timescan": "stop", "fname": "sead.png", "uid": uids[0]},
    ]
    assert [event["data"]["dwti_dwell_time"] for event in session.documents("event") if "It" in event["data"]] == [
        0.2
    ] * 3


def test_a_time_scan_without_a_picture_sends_null(session: Session) -> None:
    session.beamline.run(plans.measure_timescan(session.beamline, "I0", 1, 0.1))
    assert session.messages[1]["fname"] is None


class Broken(Exception):
    """Error that the beamline raises in these tests."""


def break_at(session: Session, axis: str, moves: int) -> None:
    """Let an axis fail at the given move, counted from 1."""
    device, move_count = session.beamline.axes[axis], [0]
    original = device.set

    def set_or_fail(value: float) -> Any:
        move_count[0] += 1
        if move_count[0] == moves:
            raise Broken("the axis is stuck")
        return original(value)

    device.set = set_or_fail


def test_a_line_scan_that_fails_sends_no_stop(session: Session) -> None:
    break_at(session, "xafs_x", 3)
    with pytest.raises(Broken):
        session.beamline.run(plans.measure_linescan(session.beamline, "xafs_x", "It", (-3.0, 3.0, 7), fname="slot.png"))
    assert session.list_events() == ["linescan: start", "[", "]", "resting_state"]
    assert session.documents("stop")[0]["exit_status"] == "fail"


def test_a_time_scan_that_fails_sends_no_stop(session: Session) -> None:
    def fail(detector: object) -> Any:
        raise Broken

    session.beamline._exposure.take = fail
    with pytest.raises(Broken):
        session.beamline.run(plans.measure_timescan(session.beamline, "It", 3, 0.1, fname="sead.png"))
    assert session.list_events() == ["timescan: start", "[", "]", "resting_state"]


def test_a_sequence_failing_in_its_second_scan_keeps_the_first(session: Session) -> None:
    break_at(session, "dcm_energy", 9)  # each scan: rewind, then six points
    with pytest.raises(Broken):
        session.beamline.run(plans.measure_xafs(session.beamline, plans.XafsParameters("iron", repetitions=3, **SHORT)))
    assert session.list_events() == [
        *OPENING,
        *REPETITION,
        "file_exists",
        "echoslack",
        "xafsscan: next",
        "[",
        "]",
        *CLOSING,
    ]
    first, second = (doc["uid"] for doc in session.documents("start"))
    assert [doc["exit_status"] for doc in session.documents("stop")] == ["success", "fail"]
    assert [m["uid"] for m in session.messages if "uid" in m] == [first, first, first]
    assert {"dossier": "set", "uidlist": [first]} in session.messages
    assert second not in str(session.messages)
    assert "*stopped*" in session.messages[-6]["text"]


def test_a_sequence_without_a_finished_scan_sends_no_stop(session: Session) -> None:
    break_at(session, "dcm_energy", 4)
    with pytest.raises(Broken):
        session.beamline.run(plans.measure_xafs(session.beamline, plans.XafsParameters("iron", repetitions=3, **SHORT)))
    began = ["file_exists", "echoslack", "xafsscan: next", "[", "]"]
    assert session.list_events() == [*OPENING, *began, "echoslack", "dossier: write", "resting_state"]


def test_an_aborted_sequence_is_cleaned_up() -> None:
    session = Session(pace=0.02)
    engine = session.beamline.engine
    session.listen_for = lambda name, doc: name == "event" and doc["seq_num"] == 2 and "I0" in doc["data"]

    def interrupt() -> None:
        if session.found.wait(TIMEOUT):
            engine.request_pause()

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(RunEngineInterrupted):
        session.beamline.run(
            plans.measure_xafs(
                session.beamline, plans.XafsParameters("iron", bounds="-50 0 50", steps="1 1", times="1 1")
            )
        )
    other.join(TIMEOUT)
    engine.abort("no beam")
    began = ["file_exists", "echoslack", "xafsscan: next", "[", "]"]
    assert session.list_events() == [*OPENING, *began, "echoslack", "dossier: write", "resting_state"]
    assert [doc["exit_status"] for doc in session.documents("stop")] == ["abort"]
    assert session.messages[-1] == {"resting_state": True}
    session.beamline.close()


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (lambda b: plans.measure_linescan(b, "xafs_z", "It", (0, 1, 2)), "no axis 'xafs_z'"),
        (lambda b: plans.measure_linescan(b, "xafs_x", "Xs", (0, 1, 2)), "no fluorescence detector"),
        (lambda b: plans.measure_linescan(b, "xafs_x", "Iy", (0, 1, 2)), "electron yield is not read"),
        (lambda b: plans.measure_timescan(b, "If", 2, 0.1), "no fluorescence detector"),
        (lambda b: plans.measure_xafs(b, plans.XafsParameters("a", "fluorescence")), "mode fluorescence"),
        (lambda b: plans.measure_xafs(b, plans.XafsParameters("a", "yield")), "mode yield"),
    ],
)
def test_an_unready_beamline_raises_before_sending(
    session: Session, plan: Callable[[Beamline], Any], reason: str
) -> None:
    with pytest.raises(plans.NotReadyError, match=reason):
        session.beamline.run(plan(session.beamline))
    assert session.log == []


def test_impossible_parameters_are_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="mode 'transmision'"):
        plans.XafsParameters("a", "transmision")
    with pytest.raises(ValueError, match="repetitions"):
        plans.XafsParameters("a", repetitions=0)
    with pytest.raises(GridError):
        session.beamline.run(plans.measure_xafs(session.beamline, plans.XafsParameters("a", bounds="1 2 3")))
    assert session.log == []


@pytest.mark.parametrize(("length", "shown"), [(50, 50), (51, 49)])
def test_a_long_sample_name_is_cut(session: Session, monkeypatch: pytest.MonkeyPatch, length: int, shown: int) -> None:
    long = replace(SAMPLES["Fe foil"], name="x" * length)
    monkeypatch.setattr(module, "SAMPLES", {long.name: long})
    session.beamline.mount(long.name)
    session.beamline.run(plans.measure_xafs(session.beamline, plans.XafsParameters("a", repetitions=1, **SHORT)))
    sample = next(m["sample"] for m in session.messages if format_message(m) == "xafsscan: start")
    assert len(sample) == shown
    assert sample.endswith(" ...") == (length > 50)
