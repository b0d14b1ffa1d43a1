"""Comparison of the configured columns with the newest energy scan, by the code of `adopt`."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterator

from xafs_workers.diagnostics.adoption.adoption import Adoption, adopt
from xafs_workers.diagnostics.adoption.collect import CollectionError, RunSelection, collect
from xafs_workers.diagnostics.adoption.trial import list_spectra
from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_ok, report_warning
from xafs_workers.scans.detectors import ChannelSelection, find_fluorescence_channels
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.measured_runs import find_run_uid, list_measured_runs
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Settings

RUNS = 5
"""Number of the newest runs among which an energy scan is searched."""
LOOK_BACK = 7 * 86400.0
"""How far back, seconds."""
COMPARED = ("energy", "bragg", "i0", "it", "ir", "iy", "dwell_time")
"""Settings in `columns` that name one data key of an energy scan."""


def check_columns(case: Case) -> Iterator[Finding]:
    """Find the settings that name a column which the newest energy scan does not have."""
    settings = case.settings
    if settings.sources.names == ("zmq",):
        yield report_ok("columns", "not compared: ZMQ keeps no run; `xafs-workers adopt --zmq` reads the next ones")
        return
    try:
        wanted = RunSelection(RUNS, case.timeout, waits=False, look_back=LOOK_BACK)
        data = collect(settings, wanted, threading.Event())
    except CollectionError as error:
        yield report_ok("columns", f"not compared with a run: {error}")
        return
    found = adopt(data, settings, None) if data.documents else None
    spectra = () if found is None else list_spectra(found.board)
    if found is None or not spectra:
        yield report_ok("columns", f"not compared: none of the newest {RUNS} runs scans over an edge")
        return
    run = spectra[0].run
    name = f"run {find_run_uid(run.uid)[:8]} ({run.start.get('plan_name', 'no plan name')})"
    findings = [*_compare_keys(settings, run, found, name), *_compare_detectors(settings, run, found, name)]
    yield from findings or _compare_axis(settings, run, found, name)


def _compare_keys(settings: Settings, run: Run, found: Adoption, name: str) -> Iterator[Finding]:
    for setting in COMPARED:
        key = getattr(settings.columns, setting)
        if key and key not in run.points and key not in run.data_keys:
            meant = _find_meant(f"columns.{setting}", key, run, found)
            yield report_warning("columns", f"columns.{setting}: {name} has no {key}", meant)


def _find_meant(setting: str, key: str, run: Run, found: Adoption) -> str:
    """Find what was meant: what `adopt` suggests for the setting, else the data key with the nearest name."""
    suggested = next((one.value for one in found.suggestions if one.setting == setting and one.value), None)
    near = difflib.get_close_matches(key, run.points.keys, n=1)
    meant = suggested or (near[0] if near else "")
    return f"did you mean {meant}?" if meant else "remove it if this beamline has none; `xafs-workers adopt` shows all"


def _compare_detectors(settings: Settings, run: Run, found: Adoption, name: str) -> Iterator[Finding]:
    """Find a detector that has an edge and of which the configuration knows no channel."""
    suggested = [one for one in found.suggestions if one.path[:2] == ("detectors", "table") and one.is_set]
    board = found.data.build_board(settings)
    measured = list_measured_runs(board.runs[find_run_uid(run.uid)], board.config)[0]
    channels = find_fluorescence_channels(measured, board.config, ChannelSelection())
    if suggested and not channels.columns:
        columns = ", ".join(str(one.value["column"]) for one in suggested)
        text = f"detectors: {name} has {columns}, which measure the edge, and none of the configured channels"
        yield report_warning("columns", text, f"did you mean {suggested[0].setting}: {suggested[0].value}?")


def _compare_axis(settings: Settings, run: Run, found: Adoption, name: str) -> Iterator[Finding]:
    """Report whether the run is an energy scan by the configuration, where no column is missing."""
    board = found.data.build_board(settings)
    uid = find_run_uid(run.uid)
    problem = find_energy_axis(board.runs[uid], board.config).problem
    if problem:
        yield report_warning(
            "columns", f"{name} scans over an edge, but: {problem}", "`xafs-workers adopt` suggests it"
        )
        return
    yield report_ok("columns", f"{name} has every column that is set")
