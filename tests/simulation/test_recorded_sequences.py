"""Compare sequences of the simulated beamline with recorded ones: equal messages, also when aborted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bluesky.utils import RunEngineInterrupted

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.simulation import beamline as module
from xafs_workers.simulation import plans
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.metadata import Proposal
from xafs_workers.simulation.samples import SAMPLES

pytestmark = pytest.mark.slow


SHORT = {"bounds": "-20 0 40", "steps": "10 20", "times": "0.5 0.25"}
POINTS = 5

Entry = tuple[str, dict[str, Any]]


class Session:
    """Beamline that stores what it sends, and can be interrupted from another thread at a point of a run."""

    def __init__(self, pace: float = 0.0):
        self.log: list[Entry] = []
        self.reached = threading.Event()
        self.run, self.point = 0, 0
        proposal = Proposal(cycle="2025-1", session="pass-333333")
        self.beamline = Beamline(
            SimulationSetup(lambda m: self.take("bmm", dict(m)), self.take, "/proposals", proposal, pace)
        )

    def take(self, name: str, doc: dict[str, Any]) -> None:
        self.log.append((name, doc))
        begun = sum(kind == "start" for kind, _ in self.log)
        if name == "event" and "I0" in doc["data"] and (begun, doc["seq_num"]) == (self.run, self.point):
            self.reached.set()

    def interrupt(self, act: Any, *, run: int, point: int) -> threading.Thread:
        """Call `act` from another thread when a run reaches a point; both are counted from 1."""
        self.run, self.point = run, point
        other = threading.Thread(target=lambda: self.reached.wait(PATIENCE) and act())
        other.start()
        return other

    def list_messages(self) -> list[str]:
        marks = {"start": "[", "stop": "]"}
        return [
            _format_message(doc) if name == "bmm" else marks[name] for name, doc in self.log if name in ("bmm", *marks)
        ]

    def documents(self, name: str) -> list[dict[str, Any]]:
        return [doc for kind, doc in self.log if kind == name]


def _format_message(message: dict[str, Any]) -> str:
    kind = next(iter(message))
    return kind if message[kind] is True else f"{kind} {message[kind]}"


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(pace=0.02)
    yield session
    session.beamline.close()


def recorded(path: Path) -> list[Entry]:
    return [(name, doc) for name, doc in map(json.loads, path.read_text().splitlines())]


def comparable(entries: Iterable[Entry]) -> list[Any]:
    """List messages, begins and ends of runs: runs by their number, values of one session alone left out.

    The recordings leave out the questions to the file manager and the verdict on each scan.
    """
    numbers: dict[str, int] = {}
    listed: list[Any] = []
    for name, doc in entries:
        if name == "start":
            listed.append(("start", numbers.setdefault(doc["uid"], len(numbers) + 1)))
        elif name == "stop":
            listed.append(("stop", numbers[doc["run_start"]], doc["exit_status"]))
        elif name == "bmm" and not {"next_index", "file_exists"} & doc.keys() and "looks like" not in str(doc):
            listed.append(_remove_positions(doc, numbers))
    return listed


def _remove_positions(message: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    plain = {key: ("text" if value else None) if key == "rid" else value for key, value in message.items()}
    plain |= dict.fromkeys(plain.keys() & {"folder", "workspace"}, "a folder")
    if "uid" in plain:
        plain["uid"] = numbers[plain["uid"]]
    if "uidlist" in plain:
        plain["uidlist"] = [numbers[uid] for uid in plain["uidlist"]]
    return plain


def measure(session: Session, element: str, mode: str, repetitions: int) -> tuple[str, ...]:
    detector = "4-element SDD" if mode == "fluorescence" else None
    name = f"{element}2O3"
    session.beamline.mount(name, detector)
    return session.beamline.run(
        plans.measure_xafs(session.beamline, plans.XafsParameters(name, mode, repetitions, **SHORT))
    )


@pytest.fixture(autouse=True)
def _set_recorded_nickel(monkeypatch: pytest.MonkeyPatch) -> None:
    nickel = replace(SAMPLES["NiO"], name="Ni2O3")
    monkeypatch.setattr(module, "SAMPLES", {**SAMPLES, nickel.name: nickel})


@pytest.mark.parametrize(
    ("recording", "element", "mode", "repetitions"),
    [("ni2o3", "Ni", "transmission", 3), ("cr2o3_fluo", "Cr", "fluorescence", 5)],
)
def test_a_sequence_sends_the_recorded_messages(
    session: Session, measured: Path, recording: str, element: str, mode: str, repetitions: int
) -> None:
    measure(session, element, mode, repetitions)
    assert comparable(session.log) == comparable(recorded(measured / f"{recording}.jsonl"))


@pytest.mark.parametrize(
    ("recording", "element", "mode"), [("ni2o3", "Ni", "transmission"), ("cr2o3_fluo", "Cr", "fluorescence")]
)
def test_columns_are_described_as_in_the_recording(
    session: Session, measured: Path, recording: str, element: str, mode: str
) -> None:
    measure(session, element, mode, 1)
    real, ours = (
        next(doc for name, doc in entries if name == "descriptor" and doc["name"] == "primary")
        for entries in (recorded(measured / f"{recording}.jsonl"), session.log)
    )
    assert ours.keys() == real.keys()
    assert ours["object_keys"] == real["object_keys"]
    assert ours["hints"] == real["hints"]
    without_source = [
        {key: {k: v for k, v in about.items() if k != "source"} for key, about in doc["data_keys"].items()}
        for doc in (ours, real)
    ]
    assert without_source[0] == without_source[1]


def test_an_aborted_sequence_sends_the_recorded_messages(session: Session, measured: Path) -> None:
    """Finish two scans and abort the third from another thread while it runs."""
    engine = session.beamline.engine
    other = session.interrupt(lambda: engine.abort("no beam"), run=3, point=2)
    with pytest.raises(RunEngineInterrupted):
        measure(session, "Cr", "fluorescence", 3)
    other.join(PATIENCE)
    assert comparable(session.log) == comparable(recorded(measured / "cr2o3_fluo-realabort.jsonl"))
    assert session.documents("stop")[-1]["num_events"]["primary"] < POINTS


@pytest.mark.parametrize("kind", ["linescan", "timescan"])
@pytest.mark.parametrize(("way", "status"), [("abort", "abort"), ("stop", "success")])
def test_a_scan_ended_early_sends_resting_state_but_no_stop(session: Session, kind: str, way: str, status: str) -> None:
    beamline = session.beamline
    before = beamline.axes["xafs_x"].position
    plan = {
        "linescan": plans.measure_linescan(beamline, "xafs_x", "It", (-1.0, 1.0, 50), fname="x.png"),
        "timescan": plans.measure_timescan(beamline, "It", 50, 0.5, fname="t.png"),
    }[kind]
    other = session.interrupt(getattr(beamline.engine, way), run=1, point=3)
    with pytest.raises(RunEngineInterrupted):
        beamline.run(plan)
    other.join(PATIENCE)
    assert session.list_messages() == [f"{kind} start", "[", "]", "resting_state"]
    (stop,) = session.documents("stop")
    assert stop["exit_status"] == status
    assert stop["num_events"]["primary"] < 50
    assert beamline.axes["xafs_x"].position == before


def test_a_paused_and_resumed_scan_repeats_no_message(session: Session) -> None:
    beamline = session.beamline
    beamline.mount("Cr2O3", "4-element SDD")
    other = session.interrupt(beamline.engine.request_pause, run=1, point=3)
    with pytest.raises(RunEngineInterrupted):
        beamline.run(plans.measure_linescan(beamline, "xafs_y", "If", (-1.0, 1.0, 12)))
    other.join(PATIENCE)
    assert session.list_messages() == ["linescan start", "["]
    beamline.engine.resume()
    assert session.list_messages() == ["linescan start", "[", "]", "linescan stop", "resting_state"]
    points = [doc for doc in session.documents("event") if "I0" in doc["data"]]
    assert [doc["seq_num"] for doc in points] == list(range(1, 13))
    assert [doc["data"]["xafs_y"] for doc in points] == sorted({doc["data"]["xafs_y"] for doc in points})


def test_file_questions_have_all_known_fields(session: Session) -> None:
    measure(session, "Cr", "fluorescence", 2)
    questions = [doc for name, doc in session.log if name == "bmm" and "file_exists" in doc]
    assert [(q["filename"], q["start"], q["stop"], q["number"]) for q in questions] == [
        ("Cr2O3", 1, 2, True),
        ("Cr2O3.001", 1, 1, False),
        ("Cr2O3.002", 2, 2, False),
    ]
    folders = {q["folder"] for q in questions}
    assert folders == {"/proposals/2025-1/pass-333333"}
