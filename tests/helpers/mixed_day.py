"""A day of the beamline in which the older and the later session send by turns, as entries of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from helpers.figures import get_run_uid, make_run
from helpers.file_manager import build_xafs_run
from helpers.fits import compute_peak, compute_slot, compute_step
from helpers.fluorescence_spectra import make_counted_run, make_scan_with_spectra
from helpers.goniometer import REFLECTIVITY
from helpers.processes import make_start_document
from helpers.streams import Entry
from xafs_workers.simulation.alignments import align_spinner, calibrate_mono, find_slot, find_wafer_edge
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.plans import XafsParameters, measure_timescan, measure_xafs, scan_line

SHORT: dict[str, Any] = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}

LATER_DETECTORS = ("Pips", "Eiger", "Mythen", "Dir", "Refl", "Monitor", "Diode", "Ic0", "Mca_full")


def list_older_entries(proposals: Path) -> list[Entry]:
    """List what the older session sends: alignments, a line, a time scan, a sequence."""
    entries: list[Entry] = []
    setup = SimulationSetup(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, document: entries.append((name, document)),
        str(proposals),
    )
    with Beamline(setup, context_managers=[]) as beamline:
        beamline.mount("Fe2O3", "4-element SDD")
        plans = [find_slot(beamline), align_spinner(beamline), find_wafer_edge(beamline), calibrate_mono(beamline)]
        plans += [scan_line(beamline, "xafs_x", "It", (-2.0, 2.0, 11)), measure_timescan(beamline, "It", 5, 0.1)]
        for plan in plans:
            beamline.run(plan)
        beamline.run(measure_xafs(beamline, XafsParameters("older", mode="transmission", repetitions=1, **SHORT)))
    return entries


def take_home(run: list[Entry]) -> list[Entry]:
    """Put a run into the proposal of the day."""
    run[0][1].update({"data_session": "pass-123456", "cycle": "2026-3", "proposal": {"proposal_id": "123456"}})
    return run


def list_later_entries(folder: Path) -> Iterator[Entry]:
    """Yield what the later session sends: the same plans in its own dialect, and its new kinds."""
    yield from list_small_messages()
    yield from list_fits()
    yield from list_line_scans()
    for mode in ("pips", "transmision", "dancing"):
        yield from list_sequence(folder, mode)
    yield from list_spectra()
    yield from list_goniometer_entries()
    yield "bmm", {"everyxas": True, "gup": "123456", "since": "2020-01-01", "until": "2099-12-31"}
    yield "bmm", {"resting_state": True}
    yield "bmm", {"close": "all"}


def list_small_messages() -> Iterator[Entry]:
    for kind in ("show_experimental_folder", "test_slack", "backend", "reset_rois", "mythen_plot", "describe_slack"):
        yield "bmm", {kind: True}
    yield "bmm", {"refresh_slack": True, "_end_station": "xrd", "time_it": True}
    yield "bmm", {"xrf": "quickplot", "add": True, "only": None, "energy": 7300.0, "element": "Fe", "edge": "K"}
    yield "bmm", {"echoslack": True, "text": "begun :flag:"}


def list_fits() -> Iterator[Entry]:
    x = np.linspace(-3.0, 3.0, 61)
    for kind, y, more in (
        ("peakfit", compute_peak(x, 0.4), {"choice": "peak"}),
        ("stepfit", compute_step(x, 0.4), {"choice": "peak", "saveplot": False}),
        ("rectanglefit", compute_slot(x, 0.4), {}),
    ):
        columns = {"xafs_y": x.tolist(), "I0": [2.0] * len(x), "It": (2.0 * y).tolist()}
        run = take_home(make_run(columns, "linescan It xafs_y", ["xafs_y"]))
        yield "bmm", {"linescan": "start", "motor": "xafs_y", "detector": "It", "stack": False}
        yield from run
        yield "bmm", {"linescan": "stop"}
        yield "bmm", {kind: True, "uid": get_run_uid(run), "motor_name": "xafs_y", "signal": "It", **more}
        yield "bmm", {"close": "last"}


def list_line_scans() -> Iterator[Entry]:
    x = np.linspace(0.0, 1.0, 11).tolist()
    keys = ("I0", "It", "Pips", "Diode", "dir", "refl", "mca_full", "monitor")
    columns = {"xafs_x": x, "dwti_dwell_time": [0.5] * 11, **{key: [1.0 + value for value in x] for key in keys}}
    for detector in LATER_DETECTORS:
        fluo = {"fluo_detector": "pips"} if detector == "Pips" else {}
        yield (
            "bmm",
            {"linescan": "start", "motor": "xafs_x", "detector": detector, "stack": True, "add_refl": True, **fluo},
        )
        yield from take_home(make_run(columns, f"linescan {detector} xafs_x", ["xafs_x"]))
        yield "bmm", {"linescan": "stop"}
    run = take_home(make_run({"I0": x, "It": x}, "timescan It"))
    yield "bmm", {"timescan": "start", "detector": "It"}
    yield from run
    yield "bmm", {"timescan": "stop", "fname": False, "uid": [get_run_uid(run)]}
    yield "bmm", {"show_metadata": True, "uid": get_run_uid(run)}


def list_sequence(folder: Path, mode: str) -> Iterator[Entry]:
    about = {"element": "Fe", "edge": "K", "mode": mode, "repetitions": 1}
    run = take_home(build_xafs_run())
    run[0][1]["BMM_kafka"] = {"hint": f"xafs {mode}", "count": 1}
    run[0][1]["XDI"] = {**run[0][1]["XDI"], "_filename": f"{mode}.001", "_mode": [mode]}
    add_column(run, "Pips", "It")
    yield "bmm", {"dossier": "start", "stub": mode}
    yield "bmm", {"dossier": "set", "folder": str(folder), "rid": mode}
    yield "bmm", {"xafs_sequence": "start", **about, "folder": "/x", "workspace": "/x", "with_yield": True}
    yield (
        "bmm",
        {"xafsscan": "start", **about, "filename": mode, "sample": "s", "fluo_detector": None, "with_diode": False},
    )
    yield "bmm", {"xafsscan": "next", "count": 1}
    yield from run
    yield "bmm", {"xafs_sequence": "add", "uid": get_run_uid(run)}
    yield "bmm", {"xafs_sequence": "enough", "target": 1e-3}
    yield "bmm", {"xasxdi": True, "uid": get_run_uid(run), "filename": None}
    yield "bmm", {"dossier": "set", "uidlist": [get_run_uid(run)]}
    yield "bmm", {"dossier": "write"}
    yield "bmm", {"xafsscan": "stop", "filename": f"snapshots/{mode}_liveplot.png", "uid": get_run_uid(run)}
    yield "bmm", {"xafs_sequence": "stop", "filename": f"snapshots/{mode}.png"}
    yield "bmm", {"resting_state": True}


def add_column(run: list[Entry], key: str, like: str) -> None:
    """Add a data key with the values of another one."""
    for name, body in run:
        if name == "descriptor" and like in body["data_keys"]:
            body["data_keys"] = {**body["data_keys"], key: body["data_keys"][like]}
        elif name == "event" and like in body["data"]:
            for part in ("data", "timestamps"):
                body[part] = {**body[part], key: body[part][like]}


def list_spectra() -> Iterator[Entry]:
    counted, scan = take_home(make_counted_run("4-element SDD")), take_home(make_scan_with_spectra("4-element SDD"))
    yield from (*counted, *scan)
    yield (
        "bmm",
        {"xrf": "plot", "uid": get_run_uid(counted), "add": False, "filename": "spectrum.png", "show_roi": True},
    )
    yield "bmm", {"xrf": "write", "uid": get_run_uid(counted), "filename": "spectrum.xrf"}
    yield "bmm", {"xrfat": "start", "uid": get_run_uid(scan), "energy": [-1], "xrffile": "at.xrf", "add": True}


def list_goniometer_entries() -> Iterator[Entry]:
    start = make_start_document(XDI={"Beamline": {"endstation": "XRR"}})
    run = take_home(make_run({key: list(values) for key, values in REFLECTIVITY.items()}, None, ["eta"], start=start))
    yield "bmm", {"xrr": "start", "motor": "eta", "detector": "mythen", "title": "film a"}
    yield from run
    yield "bmm", {"xrr": "stop", "uid": get_run_uid(run), "filename": "film-a.png"}
    yield "bmm", {"xrrplot": True, "uid": [get_run_uid(run)]}
    yield "bmm", {"show_experimental_folder": True, "_end_station": "xrd"}
