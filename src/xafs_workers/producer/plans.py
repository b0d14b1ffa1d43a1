"""Plan wrappers: a measurement's plots opened before it and, whatever happens, ended after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xafs_workers.producer.send import kafka_message

Plan = Generator[Any, Any, Any]
Send = Callable[[Mapping[str, Any]], None]


def send_plan(message: Mapping[str, Any], *, send: Send = kafka_message) -> Plan:
    """Send a message when the RunEngine gets there: once, also if the plan is resumed; never in a dry run."""
    from bluesky.utils import Msg

    sent = False

    def now() -> asyncio.Future[None]:
        nonlocal sent
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        if not sent:
            sent = True
            send(message)
        return done

    yield Msg("wait_for", None, [now])


def with_messages(
    plan: Plan,
    start: Mapping[str, Any],
    stop: Callable[[list[str]], Mapping[str, Any] | None],
    *,
    send: Send = kafka_message,
) -> Plan:
    """Send `start`, run a plan, and from a finalizer send what `stop` returns for the uids of the finished runs.

    None as that message sends nothing. The plan's own value is returned.
    """
    from bluesky.preprocessors import finalize_wrapper

    finished: list[str] = []

    def main() -> Plan:
        yield from send_plan(start, send=send)
        return (yield from noting_runs(plan, finished))

    def last() -> Plan:
        message = stop(finished)
        if message is not None:
            yield from send_plan(message, send=send)

    return (yield from finalize_wrapper(main(), last))


def noting_runs(plan: Plan, finished: list[str]) -> Plan:
    """Run a plan and append the uids of its runs as each of them ends well."""
    from bluesky.preprocessors import plan_mutator

    def note(message: Any) -> tuple[Plan | None, None]:
        return (closed(message) if message.command == "close_run" else None), None

    def closed(message: Any) -> Plan:
        uid = yield message
        if uid is not None and message.kwargs.get("exit_status") in (None, "success"):
            finished.append(uid)
        return uid

    return (yield from plan_mutator(plan, note))


def with_linescan_plot(
    plan: Plan,
    *,
    motor: str | None = None,
    detector: str,
    fname: str | None = None,
    send: Send = kafka_message,
    **more: Any,
) -> Plan:
    """Show a line scan while it is measured.

    Parameters
    ----------
    motor
        Name of the axis; without it the axis is time.
    detector
        The signal: ``It``, ``I0``, ``Ir``, ``Iy``, ``If``, or the name of a data key.
    fname
        Picture to be saved in ``snapshots/``.
    more
        Other fields of `linescan: start`: `fluo_detector`, `stack`.
    """
    start = {"linescan": "start", **_given(motor=motor), "detector": detector, **more}
    return (yield from with_messages(plan, start, _stop("linescan", "fname", fname), send=send))


def with_timescan_plot(
    plan: Plan, *, detector: str, fname: str | None = None, send: Send = kafka_message, **more: Any
) -> Plan:
    """Show a signal against time while it is measured; the parameters are those of `with_linescan_plot`."""
    start = {"timescan": "start", "detector": detector, **more}
    return (yield from with_messages(plan, start, _stop("timescan", "fname", fname), send=send))


@dataclass(frozen=True, slots=True)
class MapAxis:
    """One axis of an area scan.

    Attributes
    ----------
    start, stop
        Relative to `initial`, in the motor's unit.
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


def with_areascan_plot(
    plan: Plan,
    *,
    slow: MapAxis,
    fast: MapAxis,
    detector: str,
    filename: str | None = None,
    send: Send = kafka_message,
    **more: Any,
) -> Plan:
    """Show a map while it is measured.

    Parameters
    ----------
    filename
        Picture to be saved in ``maps/``.
    more
        Other fields of `areascan: start`: `element` (symbol), `energy` (eV), `fluo_detector`.
    """
    axes = {
        f"{which}_{name}": value
        for which, axis in (("slow", slow), ("fast", fast))
        for name, value in asdict(axis).items()
    }
    start = {"areascan": "start", **axes, "detector": detector, "element": None, "energy": 0.0, **more}
    return (yield from with_messages(plan, start, _stop("areascan", "filename", filename), send=send))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _stop(kind: str, key: str, picture: str | None) -> Callable[[list[str]], Mapping[str, Any]]:
    """Return what makes a stop message: a picture is asked for only where a run was finished."""
    return lambda finished: {kind: "stop", **({key: picture, "uid": finished[0]} if picture and finished else {})}
