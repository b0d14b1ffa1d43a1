"""Plans of the simulated beamline: they send the same control messages at the same moments as the real plans."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any
from uuid import uuid4

from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from cycler import cycler

from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.devices import Axis
from xafs_workers.simulation.grid import build_energy_grid
from xafs_workers.simulation.metadata import XafsParameters, build_xdi

Plan = Generator[Any, Any, Any]

LINE_DWELL = 0.5
"""Dwell time at each point of a line scan, s."""

BACKLASH = 5.0
"""Distance below a scan's first energy from which the monochromator starts, eV."""

_HINTS = {"fluorescence": "xafs xs"}
_PLAN_NAMES = {"yield": "scan_nd xafs yield + fluorescence"}
_FLUORESCENCE_SIGNALS = ("if", "xs", "xs1", "xs4", "xs7", "fluo", "fluorescence")


class NotReadyError(ValueError):
    """Error of a plan whose axis or detector is missing; nothing was measured and no message was sent."""


def enter_resting_state(beamline: Beamline) -> Plan:
    """Bring the beamline into its resting state; every plan does this in its clean-up."""
    beamline.send({"resting_state": True})
    yield from bps.null()


def measure_linescan(
    beamline: Beamline,
    motor: str,
    detector: str,
    span: tuple[float, float, int],
    *,
    stack: bool = False,
    fname: str | None = None,
) -> Plan:
    """Scan a motor around its position and measure a signal; the motor returns to its position at the end.

    Parameters
    ----------
    motor
        Name of an axis.
    detector
        Name of the signal: ``It``, ``I0``, ``Ir``, ``Iy``, or the fluorescence as ``If``, ``Xs`` or ``Xs1``.
    span
        (start, stop, number of points), relative to the motor's position.
    stack
        Whether one figure shows fluorescence above transmission.
    fname
        Name of the picture to be saved in ``snapshots/``.

    Raises
    ------
    NotReadyError
        The axis does not exist, or no mounted detector measures the signal.
    """
    find_axis(beamline, motor)  # fail before the clean-up is registered: a missing axis must send no message
    find_fluorescence_detector(beamline, detector)
    line = scan_line(beamline, motor, detector, span, stack=stack, fname=fname)
    return (yield from bpp.finalize_wrapper(line, lambda: enter_resting_state(beamline)))


def scan_line(
    beamline: Beamline,
    motor: str,
    detector: str,
    span: tuple[float, float, int],
    *,
    stack: bool = False,
    fname: str | None = None,
) -> Plan:
    """Scan a motor like `measure_linescan`, but without the clean-up: for use inside another plan."""
    axis = find_axis(beamline, motor)
    start = {
        "linescan": "start",
        "motor": motor,
        "detector": detector,
        "fluo_detector": find_fluorescence_detector(beamline, detector),
        "stack": stack,
    }
    md = {
        "plan_name": f"rel_scan linescan {motor} {detector}",
        "BMM_kafka": {"hint": f"linescan {detector} {motor}"},
        "XDI": {"Facility": beamline.proposal.build_facility()},
    }

    yield from bps.mv(beamline.axes["dwti_dwell_time"], LINE_DWELL)
    beamline.send(start)
    uid = yield from bp.rel_scan(beamline.detectors, axis, *span, md=md)
    beamline.send({"linescan": "stop", **({"fname": fname, "uid": uid} if fname else {})})
    return uid


def scan_without_messages(beamline: Beamline, motor: str, span: tuple[float, float, int]) -> Plan:
    """Scan a motor around its position as Bluesky's own plan does, which knows nothing of control messages.

    Parameters
    ----------
    span
        (start, stop, number of points), relative to the motor's position.
    """
    yield from bps.mv(beamline.axes["dwti_dwell_time"], LINE_DWELL)
    return (yield from bp.rel_scan(beamline.detectors, find_axis(beamline, motor), *span))


def measure_timescan(
    beamline: Beamline,
    detector: str,
    points: int,
    dwell: float,
    *,
    fname: str | None = None,
    xdi: Mapping[str, Any] | None = None,
) -> Plan:
    """Measure a signal against time.

    Parameters
    ----------
    dwell
        Dwell time of each point, s.
    fname
        Name of the picture to be saved in ``snapshots/``.
    xdi
        More XDI metadata, from a plan that contains this one.

    Raises
    ------
    NotReadyError
        No mounted detector measures the signal.
    """
    find_fluorescence_detector(beamline, detector)
    facility = {"Facility": beamline.proposal.build_facility()}
    beam = {"Beamline": {"energy": beamline.axes["dcm_energy"].position}}
    scan = {"Scan": {"dwell_time": dwell, "delay": 0.0, "element": beamline.sample.element}}
    md = {
        "plan_name": f"count measurement {detector}",
        "BMM_kafka": {"hint": f"timescan {detector}"},
        "XDI": {**facility, **beam, **scan, **(xdi or {})},
    }

    def measure() -> Plan:
        yield from bps.mv(beamline.axes["dwti_dwell_time"], dwell)
        beamline.send({"timescan": "start", "detector": detector})
        readables: Any = [*beamline.detectors, beamline.axes["dwti_dwell_time"]]
        uid = yield from bp.count(readables, num=points, md=md)
        beamline.send({"timescan": "stop", "fname": fname, "uid": uid})
        return uid

    return (yield from bpp.finalize_wrapper(measure(), lambda: enter_resting_state(beamline)))


def measure_xafs(beamline: Beamline, parameters: XafsParameters) -> Plan:
    """Measure a sequence of XAFS scans: the repetitions, with their files and the report.

    The plan sends the questions `next_index` and `file_exists` as the real one does, but does not wait for answers.

    Raises
    ------
    NotReadyError
        The mode needs a detector that is not mounted.
    GridError
        Bounds, steps and times do not fit together.
    """
    if parameters.mode == "fluorescence" and beamline.detector is None:
        raise NotReadyError(f"{parameters.filename}: mode fluorescence, but no fluorescence detector is mounted")
    if parameters.mode == "yield" and not beamline.electron_yield:
        raise NotReadyError(f"{parameters.filename}: mode yield, but the electron yield is not read")
    grid = build_energy_grid(parameters.bounds, parameters.steps, parameters.times, beamline.edge)
    done: list[str] = []
    scans = _measure_repetitions(beamline, parameters, grid, done)
    return (yield from bpp.finalize_wrapper(scans, lambda: _end_sequence(beamline, parameters, done)))


def find_axis(beamline: Beamline, motor: str) -> Axis:
    """Find an axis by name.

    Raises
    ------
    NotReadyError
        The beamline has no axis of this name.
    """
    try:
        return beamline.axes[motor]
    except KeyError:
        raise NotReadyError(f"no axis {motor!r} at this beamline") from None


def find_fluorescence_detector(beamline: Beamline, detector: str) -> str | None:
    """Find the name of the fluorescence detector that measures a signal; None for the current of an ion chamber.

    Raises
    ------
    NotReadyError
        No mounted detector measures the signal.
    """
    name = detector.lower()
    if name == "iy" and not beamline.electron_yield:
        raise NotReadyError(f"signal {detector}: the electron yield is not read")
    if name not in _FLUORESCENCE_SIGNALS:
        return None
    if beamline.detector is None:
        raise NotReadyError(f"signal {detector}: no fluorescence detector is mounted")
    return beamline.detector.name


def _measure_repetitions(
    beamline: Beamline, parameters: XafsParameters, grid: list[tuple[float, float]], done: list[str]
) -> Plan:
    send = beamline.send
    _open_sequence(beamline, parameters)
    energies, dwells = zip(*grid, strict=True)
    axes = [beamline.axes["dcm_energy"], beamline.axes["dwti_dwell_time"]]
    path = cycler(axes[0], energies) + cycler(axes[1], dwells)
    for count in range(1, parameters.repetitions + 1):
        name = f"{parameters.filename}.{count:03d}"
        numbers = {"start": count, "stop": count, "number": False}
        send({"file_exists": True, "folder": beamline.folder, "filename": name, **numbers})
        post_message(beamline, f"starting repetition {count} of {parameters.repetitions} -- {name}")
        yield from bps.mv(axes[0], energies[0] - BACKLASH)
        send({"xafsscan": "next", "count": count})
        uid = yield from bp.scan_nd(
            beamline.detectors, path, md=_build_start_metadata(beamline, parameters, count, axes)
        )
        done.append(uid)
        send({"xafs_sequence": "add", "uid": uid})
        send({"xasxdi": True, "uid": uid, "filename": name})
        post_message(beamline, f"{name} looks like XAFS")
    return tuple(done)


def post_message(beamline: Beamline, text: str, rid: str | None = None) -> None:
    """Request a Slack post of one line, which also enters the message log."""
    beamline.send({"echoslack": True, "text": text, "img": None, "icon": "message", "rid": rid})


def _open_sequence(beamline: Beamline, parameters: XafsParameters) -> None:
    send, rid, mounted = beamline.send, uuid4().hex[:8], beamline.mounted_sample
    sample = mounted.sample
    which = {
        "element": sample.element,
        "edge": sample.edge,
        "repetitions": parameters.repetitions,
        "mode": parameters.mode,
    }
    span = {"start": 1, "stop": parameters.repetitions, "number": True}
    send({"next_index": True, "folder": beamline.folder, "stub": parameters.filename})
    send({"file_exists": True, "folder": beamline.folder, "filename": parameters.filename, **span})
    send({"close": "all"})
    send({"dossier": "start", "stub": parameters.filename})
    send({"dossier": "set", "folder": beamline.folder, "rid": rid})
    post_message(
        beamline, f'"{parameters.filename}", {sample.element} {sample.edge} edge, {parameters.repetitions} scans', rid
    )
    places = {"folder": beamline.folder, "workspace": "/home/operator/Workspace"}
    send({"xafs_sequence": "start", **which, **places, "with_yield": beamline.electron_yield})
    shown = {"sample": _truncate_name(sample.name), "reference_material": mounted.reference_material}
    detector = mounted.detector if parameters.mode == "fluorescence" else None
    send({"xafsscan": "start", **which, "filename": parameters.filename, **shown, "fluo_detector": detector})


def _truncate_name(name: str) -> str:
    return name if len(name) <= 50 else f"{name[:45]} ..."


def _build_start_metadata(
    beamline: Beamline, parameters: XafsParameters, count: int, axes: list[Axis]
) -> dict[str, Any]:
    """Build the metadata of a repetition's start document.

    It names the axes, because bluesky alone would list them in any order.
    """
    sample = beamline.sample
    return {
        "plan_name": _PLAN_NAMES.get(parameters.mode, f"scan_nd xafs {parameters.mode}"),
        "motors": [axis.name for axis in axes],
        "hints": {"dimensions": [([axis.name], "primary") for axis in axes]},
        "plan_args": {"detectors": [detector.name for detector in beamline.detectors], "per_step": "None"},
        "BMM_kafka": {
            "hint": _HINTS.get(parameters.mode, f"xafs {parameters.mode}"),
            "filename": parameters.filename,
            "folder": beamline.folder,
            "element": sample.element,
            "edge": sample.edge,
            "repetitions": parameters.repetitions,
            "count": count,
        },
        "XDI": build_xdi(parameters, beamline.mounted_sample, beamline.proposal, count),
    }


def _end_sequence(beamline: Beamline, parameters: XafsParameters, done: list[str]) -> Plan:
    """End a sequence as the real plan's finalizer does: send the stop messages only if a scan was finished."""
    send = beamline.send
    complete = len(done) == parameters.repetitions
    post_message(beamline, f"== XAFS scan sequence {'finished  :tada:' if complete else '*stopped*  :warning:'}")
    if done:
        send({"dossier": "set", "uidlist": list(done)})
    send({"dossier": "write"})
    if done:
        send({"xafsscan": "stop", "filename": f"snapshots/{parameters.filename}_liveplot.png", "uid": done[0]})
        send({"xafs_sequence": "stop", "filename": f"snapshots/{parameters.filename}.png"})
    yield from enter_resting_state(beamline)
