"""Plans of the simulated beamline: the same control messages at the same moments as the real ones."""

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
from xafs_workers.simulation.grid import energy_grid
from xafs_workers.simulation.metadata import Xafs, xdi

Plan = Generator[Any, Any, Any]

DWELL = 0.5
"""Dwell time at each point of a line scan, s."""

BACKLASH = 5.0
"""How far below a scan's first energy the monochromator starts, eV."""

_HINTS = {"fluorescence": "xafs xs"}
_PLAN_NAMES = {"yield": "scan_nd xafs yield + fluorescence"}
_FLUORESCENCE = ("if", "xs", "xs1", "xs4", "xs7", "fluo", "fluorescence")


class NotReady(ValueError):
    """The beamline lacks what a plan needs; nothing was measured and no message was sent."""


def resting_state(beamline: Beamline) -> Plan:
    """Bring the beamline to rest; part of every plan's clean-up."""
    beamline.send({"resting_state": True})
    yield from bps.null()


def linescan(
    beamline: Beamline,
    motor: str,
    detector: str,
    span: tuple[float, float, int],
    *,
    stack: bool = False,
    fname: str | None = None,
) -> Plan:
    """Move a motor relative to its position and watch a signal; afterwards the motor is where it was.

    Parameters
    ----------
    motor
        Name of an axis.
    detector
        The signal: ``It``, ``I0``, ``Ir``, ``Iy``, or the fluorescence as ``If``, ``Xs`` or ``Xs1``.
    span
        (start, stop, number of points), relative.
    stack
        Fluorescence above transmission, in one figure.
    fname
        Picture to be saved in ``snapshots/``.

    Raises
    ------
    NotReady
        There is no such axis, or nothing that sees the signal.
    """
    axis_of(beamline, motor)  # or nothing is begun, nor ended
    fluorescence_detector_of(beamline, detector)
    line = measured_line(beamline, motor, detector, span, stack=stack, fname=fname)
    return (yield from bpp.finalize_wrapper(line, lambda: resting_state(beamline)))


def measured_line(
    beamline: Beamline,
    motor: str,
    detector: str,
    span: tuple[float, float, int],
    *,
    stack: bool = False,
    fname: str | None = None,
) -> Plan:
    """Do what `linescan` does, as a part of another plan: without the clean-up."""
    axis = axis_of(beamline, motor)
    start = {
        "linescan": "start",
        "motor": motor,
        "detector": detector,
        "fluo_detector": fluorescence_detector_of(beamline, detector),
        "stack": stack,
    }
    md = {
        "plan_name": f"rel_scan linescan {motor} {detector}",
        "BMM_kafka": {"hint": f"linescan {detector} {motor}"},
        "XDI": {"Facility": beamline.proposal.facility()},
    }

    yield from bps.mv(beamline.axes["dwti_dwell_time"], DWELL)
    beamline.send(start)
    uid = yield from bp.rel_scan(beamline.detectors, axis, *span, md=md)
    beamline.send({"linescan": "stop", **({"fname": fname, "uid": uid} if fname else {})})
    return uid


def timescan(
    beamline: Beamline,
    detector: str,
    points: int,
    dwell: float,
    *,
    fname: str | None = None,
    xdi: Mapping[str, Any] | None = None,
) -> Plan:
    """Watch a signal against time.

    Parameters
    ----------
    dwell
        Of each point, s.
    fname
        Picture to be saved in ``snapshots/``.
    xdi
        Metadata of a plan that this is a part of.

    Raises
    ------
    NotReady
        Nothing sees the signal.
    """
    fluorescence_detector_of(beamline, detector)
    facility = {"Facility": beamline.proposal.facility()}
    beam = {"Beamline": {"energy": beamline.axes["dcm_energy"].position}}
    scan = {"Scan": {"dwell_time": dwell, "delay": 0.0, "element": beamline.sample.element}}
    md = {
        "plan_name": f"count measurement {detector}",
        "BMM_kafka": {"hint": f"timescan {detector}"},
        "XDI": {**facility, **beam, **scan, **(xdi or {})},
    }

    def main() -> Plan:
        yield from bps.mv(beamline.axes["dwti_dwell_time"], dwell)
        beamline.send({"timescan": "start", "detector": detector})
        readables: Any = [*beamline.detectors, beamline.axes["dwti_dwell_time"]]
        uid = yield from bp.count(readables, num=points, md=md)
        beamline.send({"timescan": "stop", "fname": fname, "uid": uid})
        return uid

    return (yield from bpp.finalize_wrapper(main(), lambda: resting_state(beamline)))


def xafs(beamline: Beamline, asked: Xafs) -> Plan:
    """Measure repetitions of an XAFS scan.

    Nobody answers its questions (`next_index`, `file_exists`) in time: it asks and goes on.

    Raises
    ------
    NotReady
        The mode needs a detector that is not there.
    BadGrid
        Bounds, steps and times do not fit together.
    """
    if asked.mode == "fluorescence" and beamline.detector is None:
        raise NotReady(f"{asked.filename}: mode fluorescence, and no fluorescence detector is mounted")
    if asked.mode == "yield" and not beamline.electron_yield:
        raise NotReady(f"{asked.filename}: mode yield, and the electron yield is not read")
    grid = energy_grid(asked.bounds, asked.steps, asked.times, beamline.edge)
    done: list[str] = []
    scans = _sequence(beamline, asked, grid, done)
    return (yield from bpp.finalize_wrapper(scans, lambda: _ended(beamline, asked, done)))


def axis_of(beamline: Beamline, motor: str) -> Axis:
    """Return an axis, NotReady where there is none of this name."""
    try:
        return beamline.axes[motor]
    except KeyError:
        raise NotReady(f"no axis {motor!r} at this beamline") from None


def fluorescence_detector_of(beamline: Beamline, detector: str) -> str | None:
    """Return the name of the detector that sees a signal, None for a current's; NotReady where nothing does."""
    name = detector.lower()
    if name == "iy" and not beamline.electron_yield:
        raise NotReady(f"signal {detector}: the electron yield is not read")
    if name not in _FLUORESCENCE:
        return None
    if beamline.detector is None:
        raise NotReady(f"signal {detector}: no fluorescence detector is mounted")
    return beamline.detector.name


def _sequence(beamline: Beamline, asked: Xafs, grid: list[tuple[float, float]], done: list[str]) -> Plan:
    send = beamline.send
    _open_sequence(beamline, asked)
    energies, dwells = zip(*grid, strict=True)
    axes = [beamline.axes["dcm_energy"], beamline.axes["dwti_dwell_time"]]
    path = cycler(axes[0], energies) + cycler(axes[1], dwells)
    for count in range(1, asked.repetitions + 1):
        name = f"{asked.filename}.{count:03d}"
        numbers = {"start": count, "stop": count, "number": False}
        send({"file_exists": True, "folder": beamline.folder, "filename": name, **numbers})
        say(beamline, f"starting repetition {count} of {asked.repetitions} -- {name}")
        yield from bps.mv(axes[0], energies[0] - BACKLASH)
        send({"xafsscan": "next", "count": count})
        uid = yield from bp.scan_nd(beamline.detectors, path, md=_about(beamline, asked, count, axes))
        done.append(uid)
        send({"xafs_sequence": "add", "uid": uid})
        send({"xasxdi": True, "uid": uid, "filename": name})
        say(beamline, f"{name} looks like XAFS")
    return tuple(done)


def say(beamline: Beamline, text: str, rid: str | None = None) -> None:
    """Have a line posted and put into the message log."""
    beamline.send({"echoslack": True, "text": text, "img": None, "icon": "message", "rid": rid})


def _open_sequence(beamline: Beamline, asked: Xafs) -> None:
    send, rid, mounted = beamline.send, uuid4().hex[:8], beamline.mounted
    sample = mounted.sample
    which = {"element": sample.element, "edge": sample.edge, "repetitions": asked.repetitions, "mode": asked.mode}
    span = {"start": 1, "stop": asked.repetitions, "number": True}
    send({"next_index": True, "folder": beamline.folder, "stub": asked.filename})
    send({"file_exists": True, "folder": beamline.folder, "filename": asked.filename, **span})
    send({"close": "all"})
    send({"dossier": "start", "stub": asked.filename})
    send({"dossier": "set", "folder": beamline.folder, "rid": rid})
    say(beamline, f'"{asked.filename}", {sample.element} {sample.edge} edge, {asked.repetitions} scans', rid)
    places = {"folder": beamline.folder, "workspace": "/home/operator/Workspace"}
    send({"xafs_sequence": "start", **which, **places, "with_yield": beamline.electron_yield})
    shown = {"sample": _short(sample.name), "reference_material": mounted.reference_material}
    detector = mounted.detector if asked.mode == "fluorescence" else None
    send({"xafsscan": "start", **which, "filename": asked.filename, **shown, "fluo_detector": detector})


def _short(name: str) -> str:
    return name if len(name) <= 50 else f"{name[:45]} ..."


def _about(beamline: Beamline, asked: Xafs, count: int, axes: list[Axis]) -> dict[str, Any]:
    """Return what the start document of a repetition tells; bluesky alone would name the axes in any order."""
    sample = beamline.sample
    return {
        "plan_name": _PLAN_NAMES.get(asked.mode, f"scan_nd xafs {asked.mode}"),
        "motors": [axis.name for axis in axes],
        "hints": {"dimensions": [([axis.name], "primary") for axis in axes]},
        "plan_args": {"detectors": [detector.name for detector in beamline.detectors], "per_step": "None"},
        "BMM_kafka": {
            "hint": _HINTS.get(asked.mode, f"xafs {asked.mode}"),
            "filename": asked.filename,
            "folder": beamline.folder,
            "element": sample.element,
            "edge": sample.edge,
            "repetitions": asked.repetitions,
            "count": count,
        },
        "XDI": xdi(asked, beamline.mounted, beamline.proposal, count),
    }


def _ended(beamline: Beamline, asked: Xafs, done: list[str]) -> Plan:
    """Do what the real plan's finalizer does: the stop messages are sent only if a scan was finished."""
    send = beamline.send
    complete = len(done) == asked.repetitions
    say(beamline, f"== XAFS scan sequence {'finished  :tada:' if complete else '*stopped*  :warning:'}")
    if done:
        send({"dossier": "set", "uidlist": list(done)})
    send({"dossier": "write"})
    if done:
        send({"xafsscan": "stop", "filename": f"snapshots/{asked.filename}_liveplot.png", "uid": done[0]})
        send({"xafs_sequence": "stop", "filename": f"snapshots/{asked.filename}.png"})
    yield from resting_state(beamline)
