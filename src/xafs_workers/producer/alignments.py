"""Plan wrappers for alignments: start and end messages around a plan, and plots of the fitted results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xafs_workers.producer.plans import Plan, SendFunction, send_plan, wrap_in_messages
from xafs_workers.producer.send import kafka_message


@dataclass(frozen=True, slots=True)
class AlignmentResult:
    """Result of the analysis of a line scan.

    Attributes
    ----------
    xaxis, data, best_fit
        Positions in the motor's unit, signal, and its fit, all of one length; `best_fit` is None without a fit.
    center
        Aligned position of the motor, in its unit.
    amplitude
        Fitted height, or the maximum; in the unit of `data`.
    """

    motor: str
    xaxis: Sequence[float]
    data: Sequence[float]
    center: float
    amplitude: float
    best_fit: Sequence[float] | None = None
    uid: str | None = None

    def to_fields(self) -> dict[str, Any]:
        """Return the fields of a message, with arrays as lists."""
        curves = {"xaxis": self.xaxis, "data": self.data, "best_fit": self.best_fit}
        plain = {name: [float(x) for x in curve] for name, curve in curves.items() if curve is not None}
        numbers = {"center": float(self.center), "amplitude": float(self.amplitude)}
        return {"motor": self.motor, **plain, **numbers, "uid": self.uid}


def plot_wheel_alignment(plan: Plan, *, send: SendFunction = kafka_message) -> Plan:
    """Run a plan that searches for a slot of the sample wheel, and draw the summary of its two results at the end."""
    return (yield from wrap_in_messages(plan, {"align_wheel": "start"}, lambda _: {"align_wheel": "stop"}, send=send))


def plot_slot_result(result: AlignmentResult, *, detector: str = "it", send: SendFunction = kafka_message) -> Plan:
    """Show one of the two results of `plot_wheel_alignment`."""
    yield from send_plan({"align_wheel": "find_slot", "detector": detector, **result.to_fields()}, send=send)


def plot_spinner_alignment(plan: Plan, *, filename: str | None = None, send: SendFunction = kafka_message) -> Plan:
    """Run a plan that aligns a glancing-angle spinner, and draw the summary at the end.

    Parameters
    ----------
    filename
        Picture of the summary, an absolute path in the proposal folder.
    """
    start = {"glancing_angle": "start", "filename": filename}
    return (yield from wrap_in_messages(plan, start, lambda _: {"glancing_angle": "stop"}, send=send))


def plot_spinner_result(
    step: Literal["linear", "pitch", "fluo"],
    result: AlignmentResult,
    *,
    spinner: int,
    inverted: bool = False,
    send: SendFunction = kafka_message,
) -> Plan:
    """Show the result of one step of `plot_spinner_alignment`; `inverted` is True if the signal was inverted."""
    turned = {} if step == "pitch" else {"inverted": "inverted " if inverted else ""}
    yield from send_plan({"glancing_angle": step, "spinner": spinner, **turned, **result.to_fields()}, send=send)


def plot_wafer_edge(result: AlignmentResult, *, send: SendFunction = kafka_message) -> Plan:
    """Show the edge of a wafer that a line scan found."""
    yield from send_plan({"wafer": "edge", **result.to_fields()}, send=send)
