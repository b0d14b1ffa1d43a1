"""Plan wrappers: what they send, when, and that the stop comes whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from bluesky import RunEngine
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from ophyd.sim import det, motor

from xafs_workers import producer
from xafs_workers.messages.parsing import parse

Log = list[tuple[str, Any]]


@pytest.fixture
def log(engine: RunEngine) -> Log:
    """Collect messages and documents in the order in which they were sent; each message must be valid."""
    entries: Log = []
    engine.subscribe(lambda name, doc: entries.append((name, doc)) if name in ("start", "stop") else None)
    return entries


def sender(log: Log) -> Any:
    def send(message: Mapping[str, Any]) -> None:
        parse(message)
        log.append(("message", dict(message)))

    return send


def messages(log: Log) -> list[Any]:
    return [body for name, body in log if name == "message"]


def shape(log: Log) -> list[str]:
    """Return the order of things, runs as `start` and `stop`, messages as `kind action`."""
    return [name if name != "message" else " ".join(map(str, next(iter(body.items())))) for name, body in log]


def test_a_line_scan_sends_start_stop_and_picture_request(engine: RunEngine, log: Log) -> None:
    scan = bp.scan([det], motor, -1, 1, 3)
    plan = producer.plot_linescan(scan, motor="motor", detector="If", fname="m.png", stack=True, send=sender(log))
    (uid,) = engine(plan)
    assert shape(log) == ["linescan start", "start", "stop", "linescan stop"]
    first, last = messages(log)
    assert first == {"linescan": "start", "motor": "motor", "detector": "If", "stack": True}
    assert last == {"linescan": "stop", "fname": "m.png", "uid": uid}


class Broken(Exception):
    """Something at the beamline."""


@pytest.mark.parametrize("kind", ["linescan", "timescan", "areascan"])
def test_a_failed_plan_sends_stop_without_a_picture(kind: str, engine: RunEngine, log: Log) -> None:
    axis = producer.MapAxis("y", -1, 1, 3)
    wrapped = {
        "linescan": lambda plan: producer.plot_linescan(plan, detector="I0", fname="a", send=sender(log)),
        "timescan": lambda plan: producer.plot_timescan(plan, detector="I0", fname="a", send=sender(log)),
        "areascan": lambda plan: producer.plot_areascan(
            plan, slow=axis, fast=axis, detector="I0", filename="a", send=sender(log)
        ),
    }[kind]
    with pytest.raises(Broken):
        engine(wrapped(bpp.run_wrapper(failing_in_run())))
    assert shape(log) == [f"{kind} start", "start", "stop", f"{kind} stop"]
    assert messages(log)[-1] == {kind: "stop"}


def failing_in_run() -> Any:
    yield from bps.null()
    raise Broken


def test_the_value_of_the_plan_is_returned(engine: RunEngine, log: Log) -> None:
    found: list[Any] = []

    def plan() -> Any:
        inner = bp.count([det])
        found.append((yield from producer.plot_timescan(inner, detector="I0", send=sender(log))))

    assert engine(plan()) == tuple(found)


def test_a_map_sends_its_axes(engine: RunEngine, log: Log) -> None:
    slow, fast = producer.MapAxis("y", -1, 1, 2, 10.0), producer.MapAxis("x", -2, 2, 3)
    plan = producer.plot_areascan(
        bp.count([det]), slow=slow, fast=fast, detector="Xs", filename="map.png", element="Fe", send=sender(log)
    )
    (uid,) = engine(plan)
    first, last = messages(log)
    assert (first["slow_motor"], first["slow_initial"], first["fast_steps"]) == ("y", 10.0, 3)
    assert (first["element"], first["energy"]) == ("Fe", 0.0)
    assert last == {"areascan": "stop", "filename": "map.png", "uid": uid}


SEQUENCE = producer.SequenceDescription("Fe", "K", "transmission", "foil", repetitions=2, sample="Fe foil")


def test_a_sequence_sends_each_repetition(engine: RunEngine, log: Log) -> None:
    plan = producer.plot_xafs_sequence(
        lambda count: bp.count([det], md={"count": count}),
        SEQUENCE,
        between=lambda count, uid: {"xasxdi": True, "uid": uid, "filename": f"foil.{count:03d}"},
        send=sender(log),
    )
    uids = engine(plan)
    one = ["xafsscan next", "start", "stop", "xafs_sequence add", "xasxdi True"]
    ends = ["xafsscan stop", "xafs_sequence stop"]
    assert shape(log) == ["xafs_sequence start", "xafsscan start", *one, *one, *ends]
    assert [body["uid"] for body in messages(log) if body.get("xafs_sequence") == "add"] == list(uids)
    assert [body["filename"] for body in messages(log) if "xasxdi" in body] == ["foil.001", "foil.002"]
    assert messages(log)[-2:] == [
        {"xafsscan": "stop", "filename": "snapshots/foil_liveplot.png", "uid": uids[0]},
        {"xafs_sequence": "stop", "filename": "snapshots/foil.png"},
    ]


def test_a_sequence_that_ends_early_keeps_finished_scans(engine: RunEngine, log: Log) -> None:
    def repetition(count: int) -> Any:
        return bp.count([det]) if count == 1 else bpp.run_wrapper(failing_in_run())

    with pytest.raises(Broken):
        engine(producer.plot_xafs_sequence(repetition, SEQUENCE, send=sender(log)))
    assert shape(log).count("xafs_sequence add") == 1
    assert shape(log)[-2:] == ["xafsscan stop", "xafs_sequence stop"]


def test_a_sequence_without_a_finished_scan_sends_resting_state(engine: RunEngine, log: Log) -> None:
    with pytest.raises(Broken):
        engine(producer.plot_xafs_sequence(lambda count: failing_in_run(), SEQUENCE, send=sender(log)))
    assert shape(log)[-1] == "resting_state True"
    assert "xafsscan stop" not in shape(log)


def result(**more: Any) -> producer.AlignmentResult:
    import numpy as np

    return producer.AlignmentResult("xafs_y", np.arange(4.0), [0.0, 1, 2, 1], 1.5, np.float64(2.0), **more)


def test_alignments_send_start_results_and_stop(engine: RunEngine, log: Log) -> None:
    send = sender(log)

    def wheel() -> Any:
        for axis in ("xafs_y", "xafs_x"):
            yield from producer.plot_linescan(bp.count([det]), motor=axis, detector="It", send=send)
            yield from producer.plot_slot_result(result(best_fit=[0, 1, 2, 1]), send=send)

    def spinner() -> Any:
        yield from producer.plot_spinner_result(
            "linear", result(best_fit=[0, 1, 2, 1]), spinner=3, inverted=True, send=send
        )
        yield from producer.plot_spinner_result("pitch", result(), spinner=3, send=send)
        yield from producer.plot_spinner_result("fluo", result(), spinner=3, send=send)

    engine(producer.plot_wheel_alignment(wheel(), send=send))
    assert [entry for entry in shape(log) if "align" in entry] == [
        "align_wheel start",
        "align_wheel find_slot",
        "align_wheel find_slot",
        "align_wheel stop",
    ]
    engine(producer.plot_spinner_alignment(spinner(), filename="/p/s.png", send=send))
    assert shape(log)[-5:] == [f"glancing_angle {step}" for step in ("start", "linear", "pitch", "fluo", "stop")]
    assert messages(log)[-4]["inverted"] == "inverted "
    engine(producer.plot_wafer_edge(result(best_fit=[0, 1, 2, 1]), send=send))
    assert messages(log)[-1]["center"] == 1.5


def test_a_dry_run_sends_nothing(log: Log) -> None:
    plan = producer.plot_linescan(bp.scan([det], motor, -1, 1, 3), motor="motor", detector="It", send=sender(log))
    commands = [message.command for message in plan]
    assert {"open_run", "close_run"} <= set(commands)
    assert log == []


def test_a_paused_and_resumed_plan_sends_its_start_once(engine: RunEngine, log: Log) -> None:
    from bluesky.utils import RunEngineInterrupted

    def plan() -> Any:
        yield from bps.checkpoint()
        yield from producer.send_plan({"close": "all"}, send=sender(log))
        yield from bps.pause()

    with pytest.raises(RunEngineInterrupted):
        engine(plan())
    engine.resume()
    assert messages(log) == [{"close": "all"}]
