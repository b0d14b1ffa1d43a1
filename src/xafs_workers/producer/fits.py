"""Plan wrappers that scan a motor, ask the workers where its peak, edge or slot is, and move it there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from xafs_workers.producer.answers import NoAnswer
from xafs_workers.producer.plans import Plan, SendFunction, collect_run_uids, plot_linescan
from xafs_workers.producer.requests import ANSWER_TIMEOUT, ask, ask_plan
from xafs_workers.producer.send import kafka_message

AskFunction = Callable[[Mapping[str, Any], float], Any]


class AlignmentOptions(TypedDict, total=False):
    """Options of all alignments.

    Attributes
    ----------
    timeout
        Longest time to wait for the answer, seconds; 10 if left out.
    send
        Function that sends a message.
    ask
        Function that sends a message, waits that long, and returns the value of its answer.
    """

    timeout: float
    send: SendFunction
    ask: AskFunction


def align_to_peak(
    plan: Plan,
    motor: Any,
    *,
    signal: str,
    choice: Literal["peak", "com", "fit"] = "peak",
    **options: Unpack[AlignmentOptions],
) -> Plan:
    """Run a plan that scans a motor, move the motor to the peak of a signal, and return the position.

    The scan is shown while it is measured, and the result after it. The motor is moved only to a position inside of the
    scan at which the signal is well above the noise.

    Parameters
    ----------
    plan
        Plan with one run, in which the motor's name is a data key.
    motor
        Device that is moved.
    signal
        ``I0``, ``It``, ``Ir`` or ``If``, or the name of a data key.
    choice
        ``peak``: the largest value; ``com``: the centre of mass; ``fit``: the largest value of a fitted skewed Gaussian
    options
        See `AlignmentOptions`.

    Raises
    ------
    NoAnswer
        There is no result, or none came in time; the motor stays where the plan left it.
    """
    message = {"peakfit": True, "choice": choice, "signal": signal}
    return (yield from _align(plan, motor, message, options))


def align_to_step(plan: Plan, motor: Any, *, signal: str, **options: Unpack[AlignmentOptions]) -> Plan:
    """Move a motor to the middle of an edge, rising or falling; parameters and errors are those of `align_to_peak`."""
    return (yield from _align(plan, motor, {"stepfit": True, "signal": signal}, options))


def align_to_rectangle(
    plan: Plan,
    motor: Any,
    *,
    signal: str,
    drop: int = 0,
    **options: Unpack[AlignmentOptions],
) -> Plan:
    """Move a motor to the middle of a slot, whose both edges are in the scan; see `align_to_peak`.

    Parameters
    ----------
    drop
        Number of points at the end of the scan that are left out.
    """
    message = {"rectanglefit": True, "drop": drop, "signal": signal}
    return (yield from _align(plan, motor, message, options))


def _align(plan: Plan, motor: Any, message: Mapping[str, Any], options: AlignmentOptions) -> Plan:
    """Scan, ask, move; return the position."""
    from bluesky import plan_stubs as bps

    finished: list[str] = []
    scan = collect_run_uids(plan, finished)
    send = options.get("send", kafka_message)
    yield from plot_linescan(scan, motor=motor.name, detector=message["signal"], send=send)
    if len(finished) != 1:
        raise NoAnswer(f"{motor.name}: {len(finished)} runs were finished (expected one): it is not moved")
    asked = {**message, "uid": finished[0], "motor_name": motor.name}
    timeout = options.get("timeout", ANSWER_TIMEOUT)
    position = _read_position((yield from ask_plan(asked, timeout, ask=options.get("ask", ask))), motor.name)
    yield from bps.mv(motor, position)
    return position


def _read_position(value: Any, motor: str) -> float:
    """Return the position in an answer; raise NoAnswer where it is no finite number."""
    position = value.get("position") if isinstance(value, Mapping) else None
    if isinstance(position, bool) or not isinstance(position, int | float) or not math.isfinite(position):
        raise NoAnswer(f"{motor}: position {position!r:.80} in the answer (expected a number): it is not moved")
    return float(position)
