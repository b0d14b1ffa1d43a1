"""Plans of the simulated beamline: the same control messages at the same moments as the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from cycler import cycler

from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.grid import energy_grid
from xafs_workers.simulation.metadata import Told, xdi

Plan = Iterator[Any]

HINTS = {"fluorescence": "xafs xs", "yield": "xafs yield", "reference": "xafs reference", "test": "xafs test"}
PLAN_NAMES = {"yield": "scan_nd xafs yield + fluorescence"}


@dataclass(frozen=True, slots=True)
class Xafs:
    """The parameters of an XAFS sequence."""

    filename: str
    mode: str = "transmission"
    repetitions: int = 3
    bounds: str = "-200 -30 -10 25 12k"
    steps: str = "10 2 0.5 0.05k"
    times: str = "0.5 0.5 0.5 0.25k"


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
    """Move a motor relative to its position and watch a signal.

    Parameters
    ----------
    span
        (start, stop, number of points), relative.
    fname
        Picture to be saved in ``snapshots/``.
    """
    fluorescence = detector.lower() in ("if", "xs", "xs1", "fluo", "fluorescence") and beamline.detector is not None
    start = {
        "linescan": "start",
        "motor": motor,
        "detector": detector,
        "fluo_detector": beamline.detector.name if fluorescence and beamline.detector else None,
        "stack": stack,
    }
    axis = beamline.axes[motor]

    def main() -> Any:
        beamline.send(start)
        uid = yield from bp.rel_scan(
            beamline.detectors,
            axis,
            *span,
            md={
                "plan_name": f"rel_scan linescan {motor} {detector}",
                "BMM_kafka": {"hint": f"linescan {detector} {motor}"},
                "XDI": {"Facility": {"GUP": 123456, "SAF": 654321}},
            },
        )
        beamline.send({"linescan": "stop", **({"fname": fname, "uid": uid} if fname else {})})

    return (yield from bpp.finalize_wrapper(main(), lambda: resting_state(beamline)))


def timescan(beamline: Beamline, detector: str, points: int, dwell: float, *, fname: str | None = None) -> Plan:
    """Watch a signal against time."""

    def main() -> Any:
        yield from bps.mv(beamline.axes["dwti_dwell_time"], dwell)
        beamline.send({"timescan": "start", "detector": detector})
        md = {
            "plan_name": f"count measurement {detector}",
            "BMM_kafka": {"hint": f"timescan {detector}"},
            "XDI": {"Beamline": {"energy": float(beamline.axes["dcm_energy"].position)}, "Scan": {"dwell_time": dwell}},
        }
        readables: Any = [*beamline.detectors, beamline.axes["dwti_dwell_time"]]
        uid = yield from bp.count(readables, num=points, md=md)
        beamline.send({"timescan": "stop", "fname": fname, "uid": uid})

    return (yield from bpp.finalize_wrapper(main(), lambda: resting_state(beamline)))


def xafs(beamline: Beamline, asked: Xafs) -> Plan:
    """Measure repetitions of an XAFS scan."""
    done: list[str] = []
    return (yield from bpp.finalize_wrapper(_sequence(beamline, asked, done), lambda: _ended(beamline, asked, done)))


def _sequence(beamline: Beamline, asked: Xafs, done: list[str]) -> Plan:
    sample, send = beamline.sample, beamline.send
    _open_sequence(beamline, asked)
    grid = energy_grid(asked.bounds, asked.steps, asked.times, beamline.edge)
    path = cycler(beamline.axes["dcm_energy"], [e for e, _ in grid]) + cycler(
        beamline.axes["dwti_dwell_time"], [t for _, t in grid]
    )
    for count in range(1, asked.repetitions + 1):
        name = f"{asked.filename}.{count:03d}"
        send({"file_exists": True, "folder": beamline.folder, "filename": name, "number": False})
        text = f"starting repetition {count} of {asked.repetitions} -- {name}"
        send({"echoslack": True, "text": text, "img": None, "icon": "message", "rid": None})
        yield from bps.mv(beamline.axes["dcm_energy"], grid[0][0] - 5.0)
        send({"xafsscan": "next", "count": count})
        md = {
            "motors": [beamline.axes["dcm_energy"].name, beamline.axes["dwti_dwell_time"].name],
            "plan_name": PLAN_NAMES.get(asked.mode, f"scan_nd xafs {asked.mode}"),
            "BMM_kafka": {
                "hint": HINTS.get(asked.mode, f"xafs {asked.mode}"),
                "filename": asked.filename,
                "folder": beamline.folder,
                "element": sample.element,
                "edge": sample.edge,
                "repetitions": asked.repetitions,
                "count": count,
            },
            "XDI": _xdi(beamline, asked, count, len(grid)),
        }
        uid = yield from bp.scan_nd(beamline.detectors, path, md=md)
        done.append(uid)
        send({"xafs_sequence": "add", "uid": uid})
        send({"xasxdi": True, "uid": uid, "filename": name})
        send({"echoslack": True, "text": "the scan looks like XAFS", "img": None, "icon": "message", "rid": None})


def _open_sequence(beamline: Beamline, asked: Xafs) -> None:
    sample, send, rid = beamline.sample, beamline.send, uuid4().hex[:8]
    which = {"element": sample.element, "edge": sample.edge, "repetitions": asked.repetitions, "mode": asked.mode}
    send({"next_index": True, "folder": beamline.folder, "stub": asked.filename})
    span = {"start": 1, "stop": asked.repetitions, "number": True}
    send({"file_exists": True, "folder": beamline.folder, "filename": asked.filename, **span})
    send({"close": "all"})
    send({"dossier": "start", "stub": asked.filename})
    send({"dossier": "set", "folder": beamline.folder, "rid": rid})
    text = f'"{asked.filename}", {sample.element} {sample.edge} edge, {asked.repetitions} scans'
    send({"echoslack": True, "text": text, "img": None, "icon": "message", "rid": rid})
    extra = {"folder": beamline.folder, "workspace": "/tmp", "with_yield": asked.mode == "yield"}  # noqa: S108 - a text
    send({"xafs_sequence": "start", **which, **extra})
    detector = beamline.detector.name if beamline.detector and asked.mode == "fluorescence" else None
    shown = {"sample": sample.name[:50], "reference_material": f"{sample.reference} foil", "fluo_detector": detector}
    send({"xafsscan": "start", **which, "filename": asked.filename, **shown})


def _xdi(beamline: Beamline, asked: Xafs, count: int, points: int) -> dict[str, Any]:
    sample = beamline.sample
    detector = beamline.detector.name if beamline.detector else None
    told = Told(
        sample.name,
        sample.element,
        sample.edge,
        beamline.edge,
        f"{sample.reference} foil",
        asked.mode,
        asked.filename,
        detector,
    )
    user = {
        "filename": asked.filename,
        "sample": sample.name,
        "element": sample.element,
        "edge": sample.edge,
        "mode": asked.mode,
        "bounds": asked.bounds,
        "steps": asked.steps,
        "times": asked.times,
        "start": 1,
        "end": asked.repetitions,
        "nscans": asked.repetitions,
        "npoints": points,
        "e0": beamline.edge,
    }
    return xdi(told, beamline.proposal, beamline.roi_columns, index=count, user=user)


def _ended(beamline: Beamline, asked: Xafs, done: list[str]) -> Plan:
    """Do what the real plan's finalizer does: dossier and stop messages only matter if a scan was finished."""
    send = beamline.send
    text = f"== XAFS scan sequence {'finished' if len(done) == asked.repetitions else '*stopped*'}"
    send({"echoslack": True, "text": text, "img": None, "icon": "message", "rid": None})
    if done:
        send({"dossier": "set", "uidlist": list(done)})
    send({"dossier": "write"})
    if done:
        send({"xafsscan": "stop", "filename": f"snapshots/{asked.filename}_liveplot.png", "uid": done[0]})
        send({"xafs_sequence": "stop", "filename": f"snapshots/{asked.filename}.png"})
    yield from resting_state(beamline)
