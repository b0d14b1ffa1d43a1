"""Plans of the simulated beamline that measure maps: an area scan alone, and one with its files and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp

from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.metadata import short_xdi
from xafs_workers.simulation.plans import Plan, axis_of, fluorescence_detector_of, resting_state, say

DWELL = 0.2
"""Dwell time at each pixel, s."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a map: an axis, where it begins and ends relative to its position, and the number of points."""

    motor: str
    start: float
    stop: float
    steps: int


@dataclass(frozen=True, slots=True)
class Map:
    """A map that is asked for.

    Attributes
    ----------
    detector
        Signal: ``It``, ``I0``, ``Ir``, ``If``, ``Xs``, ...
    contour, log
        How it is drawn at the end.
    """

    filename: str
    detector: str
    slow: Side
    fast: Side
    contour: bool = True
    log: bool = False


def areascan(beamline: Beamline, asked: Map, xdi: Mapping[str, Any] | None = None) -> Plan:
    """Measure a map, row by row.

    Raises
    ------
    NotReady
        There is no such axis, or nothing that sees the signal.
    """
    slow, fast = axis_of(beamline, asked.slow.motor), axis_of(beamline, asked.fast.motor)
    fluorescence_detector_of(beamline, asked.detector)
    energy = beamline.axes["dcm_energy"].position
    told = f"{asked.detector} {asked.slow.motor} {asked.fast.motor} {asked.contour} {asked.log} {energy:.1f}"
    md = {
        "plan_name": f"grid_scan measurement {asked.slow.motor} {asked.fast.motor} {asked.detector}",
        "BMM_kafka": {"hint": f"areascan {told}", "pngout": f"{asked.filename}.png"},
        **({"XDI": xdi} if xdi else {}),
    }

    def main() -> Plan:
        yield from bps.mv(beamline.axes["dwti_dwell_time"], DWELL)
        say(beamline, f"starting map {asked.filename}")
        beamline.send(_start(asked, slow.position, fast.position, beamline.sample.element, energy))
        sides = [slow, *_span(asked.slow), fast, *_span(asked.fast)]
        uid = yield from bp.rel_grid_scan(beamline.detectors, *sides, snake_axes=False, md=md)
        beamline.send({"areascan": "stop", "uid": uid, "filename": f"{asked.filename}.png"})
        say(beamline, f"finished map {asked.filename}")
        return uid

    return (yield from bpp.finalize_wrapper(main(), lambda: resting_state(beamline)))


def raster(beamline: Beamline, asked: Map) -> Plan:
    """Measure a map and have its spreadsheet, its Matlab file and its report written.

    Raises
    ------
    NotReady
        As `areascan`.
    """
    send, rid = beamline.send, uuid4().hex[:8]
    names = {"pngout": f"{asked.filename}.png", "xlsxout": f"{asked.filename}.xlsx", "matout": f"{asked.filename}.mat"}
    moved = {"fast_motor": asked.fast.motor, "slow_motor": asked.slow.motor, "filename": asked.filename}
    xdi = short_xdi(beamline.mounted, beamline.proposal, {"_snapshots": names, "_user": moved, "_kind": "raster"})
    send({"close": "all"})
    say(beamline, f"raster {asked.filename}", rid)
    send({"dossier": "start", "stub": asked.filename})
    send({"dossier": "set", "rid": rid})
    send({"file_exists": True, "folder": f"{beamline.folder}/maps", "filename": names["xlsxout"], "number": False})
    send({"mkdir": f"{beamline.folder}/maps"})
    uid = yield from areascan(beamline, asked, xdi)
    send({"raster": True, "uid": uid})
    send({"dossier": "set", "folder": beamline.folder, "uidlist": [uid]})
    send({"dossier": "raster"})
    return uid


def _start(asked: Map, slow: float, fast: float, element: str, energy: float) -> dict[str, Any]:
    message: dict[str, Any] = {"areascan": "start"}
    for which, side, initial in (("slow", asked.slow, slow), ("fast", asked.fast, fast)):
        message |= {f"{which}_motor": side.motor, f"{which}_start": side.start, f"{which}_stop": side.stop}
        message |= {f"{which}_steps": side.steps, f"{which}_initial": initial}
    return {**message, "detector": asked.detector, "element": element, "energy": energy}


def _span(side: Side) -> tuple[float, float, int]:
    return side.start, side.stop, side.steps
