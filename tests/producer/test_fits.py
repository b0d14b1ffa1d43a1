"""Plans that align a motor by the answer of a worker: they move it to a number, or raise and leave it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from bluesky import RunEngine
from bluesky import plans as bp
from ophyd.sim import SynAxis, det

from xafs_workers import producer
from xafs_workers.messages.parsing import parse
from xafs_workers.producer.answers import NoAnswer

Sent = list[dict[str, Any]]


@pytest.fixture
def axis() -> Any:
    return SynAxis(name="xafs_x", value=0.5)


def build_parts(value: Any, sent: Sent) -> dict[str, Any]:
    """Return functions that collect what is sent, and that answer each question with a value or an error."""

    def ask(message: Mapping[str, Any], timeout: float) -> Any:
        parse(message)
        sent.append(dict(message))
        if isinstance(value, Exception):
            raise value
        return value

    return {"send": lambda message: sent.append(dict(message)), "ask": ask}


@pytest.mark.parametrize(
    ("wrapper", "more", "asked"),
    [
        (producer.align_to_peak, {"choice": "com"}, {"peakfit": True, "choice": "com"}),
        (producer.align_to_step, {}, {"stepfit": True}),
        (producer.align_to_rectangle, {"drop": 2}, {"rectanglefit": True, "drop": 2}),
    ],
)
def test_the_motor_moves_to_the_answer(wrapper: Any, more: Any, asked: Any, axis: Any, engine: RunEngine) -> None:
    sent: Sent = []
    returned: list[float] = []

    def plan() -> Any:
        scan = bp.rel_scan([det], axis, -1, 1, 5)
        returned.append((yield from wrapper(scan, axis, signal="It", **more, **build_parts({"position": 1.25}, sent))))

    (uid,) = engine(plan())
    assert axis.position == returned[0] == 1.25
    assert sent == [
        {"linescan": "start", "motor": "xafs_x", "detector": "It"},
        {"linescan": "stop"},
        {**asked, "uid": uid, "motor_name": "xafs_x", "signal": "It"},
    ]


@pytest.mark.parametrize(
    "value", [NoAnswer("no worker answered"), {"position": math.nan}, {"position": None}, {"position": True}, {}, None]
)
def test_without_a_position_the_motor_stays(value: Any, axis: Any, engine: RunEngine) -> None:
    sent: Sent = []
    scan = bp.rel_scan([det], axis, -1, 1, 5)
    with pytest.raises(NoAnswer):
        engine(producer.align_to_peak(scan, axis, signal="I0", **build_parts(value, sent)))
    assert axis.position == 0.5
    assert sent[-1]["peakfit"] is True


def test_a_plan_without_a_run_asks_nothing(axis: Any, engine: RunEngine) -> None:
    sent: Sent = []
    with pytest.raises(NoAnswer, match="0 runs were finished"):
        engine(producer.align_to_step((item for item in ()), axis, signal="It", **build_parts({"position": 1.0}, sent)))
    assert axis.position == 0.5
    assert [next(iter(message.items())) for message in sent] == [("linescan", "start"), ("linescan", "stop")]
