"""Action that writes the spectra at chosen energies of an XAFS scan; the headless worker draws their picture."""

from __future__ import annotations

import posixpath

import numpy as np

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.write_data_files import publish_files
from xafs_workers.filemanager.actions.xrf_spectra import Array, read_spectra
from xafs_workers.messages.xrfat import XrfatStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.energy_axis import get_energies
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import NoSpectraError, find_point
from xafs_workers.writers.registry import CannotWrite, FileContext
from xafs_workers.writers.xrf import FOLDER, format_spectra


@action_handlers.register("xrfat")
def write_spectra_file(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write the spectra to a file in `XRF/` if the message names one; only its base name is used."""
    message = control.get_message(XrfatStart)
    if not message.xrffile:
        return Outcome("done", reason="no file was asked for")
    run = context.catalog.wait_for_run(message.uid, context.stop)
    if not run.stop:
        raise CannotWrite(f"run {message.uid[:80]}: it has no stop document yet")
    name = posixpath.basename(message.xrffile)
    columns = _build_columns(message, run, context)
    content = format_spectra(run.run, columns, FileContext(run.list_assets(context.stop)))
    return publish_files(
        control,
        run,
        {f"{FOLDER}/{name if '.' in name else name + '.xrf'}": content},
        context,
        "xrfat data",
    )


def _build_columns(message: XrfatStart, run: FinishedRun, context: ActionContext) -> dict[str, Array]:
    """Build the columns of the file by label: counts of the sum or of each channel, at each energy."""
    energies = get_energies(run.run, context.config)
    places = dict.fromkeys(find_point(asked, energies, len(run.points)) for asked in message.energy)
    if not places:
        raise NoSpectraError("no energy was asked for")
    columns: dict[str, Array] = {}
    for place in places:
        at = f"{energies[place]:.1f}" if place < len(energies) else f"point{place}"
        channels = read_spectra(run, place, context, message.only)
        if message.add and message.only is None:
            bins = max(map(len, channels.values()))
            padded = [np.pad(one.astype(np.float64), (0, bins - len(one))) for one in channels.values()]
            columns[f"sum_{at}"] = np.sum(padded, axis=0)
        else:
            columns |= {f"MCA{channel}_{at}": counts for channel, counts in channels.items()}
    return columns
