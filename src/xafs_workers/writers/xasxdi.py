"""The data file of an XAFS scan, as XDI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from xafs_workers.messages.xasxdi import Xasxdi
from xafs_workers.scans.absorption import Absorber
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.channels import describe_channels
from xafs_workers.scans.detectors import ChannelSelection
from xafs_workers.scans.measured_runs import list_spectrum_builders
from xafs_workers.scans.runs import Run
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers
from xafs_workers.writers.absorber_fields import find_absorber_fields
from xafs_workers.writers.columns import Column, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.measurement_mode import compute_mu_column, find_run_mode
from xafs_workers.writers.pass_files import PassFiles
from xafs_workers.writers.registry import (
    CannotWrite,
    FileContents,
    FileContext,
    WriterInput,
    find_file_name,
    register_writer,
)
from xafs_workers.writers.xdi_text import format_plain, format_xdi

_NO_CONTEXT = FileContext()


@register_writer("xasxdi", "XAS data")
def build_files(message: Xasxdi, material: WriterInput) -> FileContents:
    """Return the data file that a message asks for; of a run of several passes, one for each."""
    name = message.filename or find_file_name(material.run)
    build = partial(
        build_content, config=material.config, include_yield=message.include_yield, context=material.context
    )
    spectra = list_spectrum_builders(material.run, material.config)
    if len(spectra) > 1:
        return PassFiles(name, [partial(build_pass_content, one, build) for one in spectra])
    return {name: build_pass_content(spectra[0], build)}


def build_pass_content(build_spectrum: Callable[[], Run | None], build: Callable[[Run], bytes]) -> bytes:
    """Return the text of a spectrum that is built now; raise CannotWrite for a pass without energies."""
    spectrum = build_spectrum()
    if spectrum is None:
        raise CannotWrite("this pass has no energies")
    return build(spectrum)


def build_content(
    run: Run, config: BoardConfig, *, include_yield: bool = False, context: FileContext = _NO_CONTEXT
) -> bytes:
    """Return the text of a finished XAFS scan: XDI, or the same columns as plain text where XDI lacks a required field.

    Parameters
    ----------
    include_yield
        True: with the column of the electron yield also where the mode is another.

    Raises
    ------
    CannotWrite
        The run did not end, or nothing was measured.
    MissingColumnError, NoChannelsError
        The spectrum cannot be computed.
    """
    needed, problem = find_absorber_fields(run, config)
    absorber = Absorber(needed.get("Element.symbol", ""), needed.get("Element.edge", ""), find_run_mode(run, config))
    signal, hint = compute_mu_column(run, config, absorber)
    with_yield = include_yield or absorber.mode == "yield"
    table = take_out_gaps(select_columns(_build_columns(run, config, absorber, signal, with_yield)))
    plot_hint = hint.format_text(table.columns)
    own = needed | headers.build_asset_fields(context.assets) | _build_remarks(run, config, absorber, include_yield)
    own |= {"Scan.plot_hint": plot_hint} if plot_hint else {}
    fields = headers.sort_fields(headers.merge_fields(headers.build_fields(run, context), own))
    comments = headers.read_comments(run)
    if problem:
        return format_plain(headers.format_plain_line(problem), fields, table, comments)
    return format_xdi(headers.format_first_line(run), fields, table, comments)


def _build_columns(
    run: Run, config: BoardConfig, absorber: Absorber, signal: Column, with_yield: bool
) -> Iterator[Column]:
    yield from parts.build_energy_columns(run, config)
    yield signal
    yield from parts.build_chamber_columns(run, config)
    if with_yield:
        yield from parts.build_electron_yield_column(run, config)
    yield from parts.build_diode_columns(run, config)
    selection = absorber.channel_selection if absorber.is_fluorescence else ChannelSelection(element=absorber.element)
    yield from parts.build_channel_columns(run, config, selection)
    yield from parts.build_scattering_columns(run, config)


def _build_remarks(run: Run, config: BoardConfig, absorber: Absorber, include_yield: bool) -> headers.HeaderFields:
    remarks: headers.HeaderFields = {}
    if run.pass_number is not None:
        remarks |= headers.build_remark("pass", f"{run.pass_number} of the run")
    if include_yield and config.columns.iy not in run.points:
        remarks |= headers.build_remark("electron_yield", "asked for; this scan has none")
    if absorber.is_fluorescence:
        channels = "; ".join(describe_channels(run, config, absorber.channel_selection))
        remarks |= headers.build_remark("channels", channels) if channels else {}
    return remarks
