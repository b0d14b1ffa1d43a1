"""The data file of the spectra at chosen energies of an XAFS scan; the picture is the headless worker's."""

from __future__ import annotations

import posixpath
from typing import cast

import numpy as np

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import Outcome, Tools, actions
from xafs_workers.filemanager.actions.write_data_files import put
from xafs_workers.filemanager.actions.xrf_spectra import Array, spectra_at
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.mca import NoSpectra, point_at
from xafs_workers.writers.registry import CannotWrite, Surroundings
from xafs_workers.writers.xrf import FOLDER, spectra_text


@actions.register("xrfat")
def xrfat(control: Control, board: Board, tools: Tools) -> Outcome:
    """Write the file, where one is asked for: by its base name, in `XRF/`."""
    message = cast(XrfatStart, control.message)
    if not message.xrffile:
        return Outcome("done", reason="no file was asked for")
    run = tools.runs.run(message.uid, tools.stop)
    if not run.stop:
        raise CannotWrite(f"run {message.uid[:80]}: it has no stop document yet")
    name = posixpath.basename(message.xrffile)
    columns = _columns(message, run, tools)
    content = spectra_text(run.run, columns, Surroundings(run.assets(tools.stop)))
    return put(control, run, {f"{FOLDER}/{name if '.' in name else name + '.xrf'}": content}, tools)


def _columns(message: XrfatStart, run: FinishedRun, tools: Tools) -> dict[str, Array]:
    """Return the spectra that are drawn too, by label: the sum or each channel at each energy, counts."""
    key = tools.rules.columns.energy
    energies = run.points.column(key) if key in run.points else np.empty(0)
    places = dict.fromkeys(point_at(asked, energies, len(run.points)) for asked in message.energy)
    if not places:
        raise NoSpectra("no energy was asked for")
    columns: dict[str, Array] = {}
    for place in places:
        at = f"{energies[place]:.1f}" if place < len(energies) else f"point{place}"
        channels = spectra_at(run, place, tools, message.only)
        if message.add and message.only is None:
            bins = max(map(len, channels.values()))
            padded = [np.pad(one.astype(np.float64), (0, bins - len(one))) for one in channels.values()]
            columns[f"sum_{at}"] = np.sum(padded, axis=0)
        else:
            columns |= {f"MCA{channel}_{at}": counts for channel, counts in channels.items()}
    return columns
