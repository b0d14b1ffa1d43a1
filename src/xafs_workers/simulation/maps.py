"""Map plans of the simulated beamline: an area scan alone, and a raster with its files and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky import preprocessors as bpp

from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.metadata import build_short_xdi
from xafs_workers.simulation.plans import Plan, enter_resting_state, find_axis, find_fluorescence_detector, post_message

PIXEL_DWELL = 0.2
"""Dwell time at each pixel, s."""


@dataclass(frozen=True, slots=True)
class ScannedAxis:
    """Axis of a map: motor, first and last position relative to the present one, and number of points."""

    motor: str
    start: float
    stop: float
    steps: int


@dataclass(frozen=True, slots=True)
class MapRequest:
    """Parameters of a map to be measured.

    Attributes
    ----------
    filename
        Name of the map's files, without an extension.
    detector
        Name of the signal: ``It``, ``I0``, ``Ir``, ``If``, ``Xs``, ...
    slow, fast
        The two scanned axes.
    contour, log
        Whether the final picture has contours, and whether its colour scale is logarithmic.
    """

    filename: str
    detector: str
    slow: ScannedAxis
    fast: ScannedAxis
    contour: bool = True
    log: bool = False


def measure_areascan(beamline: Beamline, request: MapRequest, xdi: Mapping[str, Any] | None = None) -> Plan:
    """Measure a map, row by row.

    Raises
    ------
    NotReadyError
        The axis does not exist, or no mounted detector measures the signal.
    """
    slow, fast = find_axis(beamline, request.slow.motor), find_axis(beamline, request.fast.motor)
    find_fluorescence_detector(beamline, request.detector)
    energy = beamline.axes["dcm_energy"].position
    parameters = (
        f"{request.detector} {request.slow.motor} {request.fast.motor} {request.contour} {request.log} {energy:.1f}"
    )
    md = {
        "plan_name": f"grid_scan measurement {request.slow.motor} {request.fast.motor} {request.detector}",
        "BMM_kafka": {"hint": f"areascan {parameters}", "pngout": f"{request.filename}.png"},
        **({"XDI": xdi} if xdi else {}),
    }

    def measure() -> Plan:
        yield from bps.mv(beamline.axes["dwti_dwell_time"], PIXEL_DWELL)
        post_message(beamline, f"starting map {request.filename}")
        beamline.send(_build_start_message(request, slow.position, fast.position, beamline.sample.element, energy))
        sides = [slow, *_to_span(request.slow), fast, *_to_span(request.fast)]
        uid = yield from bp.rel_grid_scan(beamline.detectors, *sides, snake_axes=False, md=md)
        beamline.send({"areascan": "stop", "uid": uid, "filename": f"{request.filename}.png"})
        post_message(beamline, f"finished map {request.filename}")
        return uid

    return (yield from bpp.finalize_wrapper(measure(), lambda: enter_resting_state(beamline)))


def measure_raster(beamline: Beamline, request: MapRequest) -> Plan:
    """Measure a map, and request its spreadsheet, its Matlab file and its report.

    Raises
    ------
    NotReadyError
        The axis does not exist, or no mounted detector measures the signal.
    """
    send, rid = beamline.send, uuid4().hex[:8]
    names = {
        "pngout": f"{request.filename}.png",
        "xlsxout": f"{request.filename}.xlsx",
        "matout": f"{request.filename}.mat",
    }
    moved = {"fast_motor": request.fast.motor, "slow_motor": request.slow.motor, "filename": request.filename}
    xdi = build_short_xdi(
        beamline.mounted_sample, beamline.proposal, {"_snapshots": names, "_user": moved, "_kind": "raster"}
    )
    send({"close": "all"})
    post_message(beamline, f"raster {request.filename}", rid)
    send({"dossier": "start", "stub": request.filename})
    send({"dossier": "set", "rid": rid})
    send({"file_exists": True, "folder": f"{beamline.folder}/maps", "filename": names["xlsxout"], "number": False})
    send({"mkdir": f"{beamline.folder}/maps"})
    uid = yield from measure_areascan(beamline, request, xdi)
    send({"raster": True, "uid": uid})
    send({"dossier": "set", "folder": beamline.folder, "uidlist": [uid]})
    send({"dossier": "raster"})
    return uid


def _build_start_message(request: MapRequest, slow: float, fast: float, element: str, energy: float) -> dict[str, Any]:
    message: dict[str, Any] = {"areascan": "start"}
    for which, side, initial in (("slow", request.slow, slow), ("fast", request.fast, fast)):
        message |= {f"{which}_motor": side.motor, f"{which}_start": side.start, f"{which}_stop": side.stop}
        message |= {f"{which}_steps": side.steps, f"{which}_initial": initial}
    return {**message, "detector": request.detector, "element": element, "energy": energy}


def _to_span(side: ScannedAxis) -> tuple[float, float, int]:
    return side.start, side.stop, side.steps
