"""Plan wrappers that open the plots of a measurement before it and end them after it, also after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xafs_workers.producer.send import kafka_message

Plan = Generator[Any, Any, Any]
SendFunction = Callable[[Mapping[str, Any]], None]


def send_plan(message: Mapping[str, Any], *, send: SendFunction = kafka_message) -> Plan:
    """Send a message when the RunEngine reaches it: once, also if the plan is resumed; never in a dry run."""
    from bluesky.utils import Msg

    sent = False

    def send_once() -> asyncio.Future[None]:
        nonlocal sent
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        if not sent:
            sent = True
            send(message)
        return done

    yield Msg("wait_for", None, [send_once])


def wrap_in_messages(
    plan: Plan,
    start: Mapping[str, Any],
    stop: Callable[[list[str]], Mapping[str, Any] | None],
    *,
    send: SendFunction = kafka_message,
) -> Plan:
    """Send `start`, run a plan, and send in a finalizer the message that `stop` builds from uids of finished runs.

    If `stop` returns None, nothing is sent. The plan's own value is returned.
    """
    from bluesky.preprocessors import finalize_wrapper

    finished: list[str] = []

    def run_measurement() -> Plan:
        yield from send_plan(start, send=send)
        return (yield from collect_run_uids(plan, finished))

    def send_stop() -> Plan:
        message = stop(finished)
        if message is not None:
            yield from send_plan(message, send=send)

    return (yield from finalize_wrapper(run_measurement(), send_stop))


def collect_run_uids(plan: Plan, finished: list[str]) -> Plan:
    """Run a plan and append the uid of each run that ends successfully."""
    from bluesky.preprocessors import plan_mutator

    def process_message(message: Any) -> tuple[Plan | None, None]:
        return (record_run_uid(message) if message.command == "close_run" else None), None

    def record_run_uid(message: Any) -> Plan:
        uid = yield message
        if uid is not None and message.kwargs.get("exit_status") in (None, "success"):
            finished.append(uid)
        return uid

    return (yield from plan_mutator(plan, process_message))


def plot_linescan(
    plan: Plan,
    *,
    motor: str | None = None,
    detector: str,
    fname: str | None = None,
    send: SendFunction = kafka_message,
    **more: Any,
) -> Plan:
    """Show a line scan while it is measured.

    Parameters
    ----------
    motor
        Name of the axis; without it the axis is time.
    detector
        Name of the signal: ``It``, ``I0``, ``Ir``, ``Iy``, ``If``, or the name of a data key.
    fname
        File name of the picture in ``snapshots/``; None for no picture.
    more
        Other fields of `linescan: start`: `fluo_detector`, `stack`.
    """
    start = {"linescan": "start", **_drop_missing(motor=motor), "detector": detector, **more}
    return (yield from wrap_in_messages(plan, start, _create_stop_builder("linescan", "fname", fname), send=send))


def plot_timescan(
    plan: Plan, *, detector: str, fname: str | None = None, send: SendFunction = kafka_message, **more: Any
) -> Plan:
    """Show a signal against time while it is measured; the parameters are those of `plot_linescan`."""
    start = {"timescan": "start", "detector": detector, **more}
    return (yield from wrap_in_messages(plan, start, _create_stop_builder("timescan", "fname", fname), send=send))


@dataclass(frozen=True, slots=True)
class MapAxis:
    """One axis of an area scan.

    Attributes
    ----------
    start, stop
        First and last position relative to `initial`, in the motor's unit.
    steps
        Number of points.
    initial
        Position before the scan.
    """

    motor: str
    start: float
    stop: float
    steps: int
    initial: float = 0.0


def plot_areascan(
    plan: Plan,
    *,
    slow: MapAxis,
    fast: MapAxis,
    detector: str,
    filename: str | None = None,
    send: SendFunction = kafka_message,
    **more: Any,
) -> Plan:
    """Show a map while it is measured.

    Parameters
    ----------
    filename
        File name of the picture in ``maps/``; None for no picture.
    more
        Other fields of `areascan: start`: `element` (symbol), `energy` (eV), `fluo_detector`.
    """
    axes = {
        f"{which}_{name}": value
        for which, axis in (("slow", slow), ("fast", fast))
        for name, value in asdict(axis).items()
    }
    start = {"areascan": "start", **axes, "detector": detector, "element": None, "energy": 0.0, **more}
    return (yield from wrap_in_messages(plan, start, _create_stop_builder("areascan", "filename", filename), send=send))


def _drop_missing(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _create_stop_builder(kind: str, key: str, picture: str | None) -> Callable[[list[str]], Mapping[str, Any]]:
    """Return a function that builds the stop message; it requests a picture only if a run was finished."""
    return lambda finished: {kind: "stop", **({key: picture, "uid": finished[0]} if picture and finished else {})}
