"""The data files of a run that no message claims: of an XAFS scan as XDI, of any other as plain columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.measured_runs import list_spectrum_builders
from xafs_workers.scans.outline import Outline
from xafs_workers.scans.outline_builder import describe_run
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError
from xafs_workers.scans.units import find_unit
from xafs_workers.writers import headers, text_format, xasxdi
from xafs_workers.writers.columns import Column, get_unit_word, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.registry import FileContext
from xafs_workers.writers.xasxdi import build_pass_content
from xafs_workers.writers.xdi_text import format_plain

_NAMES = {"line": "a line scan", "time": "a time scan", "map": "an area scan"}
_SETPOINT = re.compile(r"[_-](user_)?setpoint\Z")


def list_file_builders(run: Run, config: BoardConfig, context: FileContext) -> list[Callable[[], bytes]]:
    """List functions that build the data files of a finished run, one for each pass over the energies.

    Each may raise `CannotWrite`: the run did not end, or nothing was measured.
    """
    outline = describe_run(run, config)
    if outline.form == "xafs":
        build = partial(_build_spectrum, config=config, context=context)
        return [partial(build_pass_content, one, build) for one in list_spectrum_builders(run, config)]
    axes = " and ".join((*outline.axes, *outline.companions))
    name = _NAMES.get(outline.form, "a run without axes")
    reason = f"{name} of {axes}" if axes else name
    return [lambda: _build_columns_file(run, outline, config, context, reason)]


def _build_spectrum(run: Run, config: BoardConfig, context: FileContext) -> bytes:
    """Build the file of a spectrum; one whose mu cannot be computed has all of its columns instead."""
    try:
        return xasxdi.build_content(run, config, context=context)
    except (MissingColumnError, NoChannelsError) as problem:
        outline = Outline(run.uid, run.start_position, form="xafs")
        return _build_columns_file(run, outline, config, context, f"no absorption: {problem}")


def _build_columns_file(run: Run, outline: Outline, config: BoardConfig, context: FileContext, reason: str) -> bytes:
    """Build a file with the axes of a run and all other columns of numbers that are no setpoints."""
    table = take_out_gaps(select_columns(_iterate_columns(run, outline, config)))
    fields = headers.sort_fields(headers.build_fields(run, context))
    return format_plain(headers.format_plain_line(reason), fields, table, headers.read_comments(run))


def _iterate_columns(run: Run, outline: Outline, config: BoardConfig) -> Iterator[Column]:
    if outline.form == "time":
        yield Column("time", spectra.compute_elapsed_time(run.points), "seconds")
    if outline.form == "xafs":
        axis = find_energy_axis(run, config)
        yield Column("energy", axis.energies, "eV", axis.key)
    others = [key for key in run.points.keys if not _SETPOINT.search(key)]
    for key in dict.fromkeys((*outline.axes, *outline.companions, *others)):
        unit = get_unit_word(run, config, key) or text_format.to_unit(find_unit(run, config, key).text)
        yield Column(text_format.to_word(key), spectra.get_column(run.points, key), unit, key)
