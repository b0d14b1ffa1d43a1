"""The data file of a time scan (single energy absorption detection), as XDI text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xafs_workers.messages.seadxdi import Seadxdi
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers
from xafs_workers.writers.columns import Column, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.registry import CannotWrite, FileContext, WriterInput, find_file_name, register_writer
from xafs_workers.writers.xdi_text import format_xdi

_NO_CONTEXT = FileContext()


@register_writer("seadxdi", "SEAD data")
def build_files(message: Seadxdi, material: WriterInput) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    return {
        message.filename or find_file_name(material.run): build_content(
            material.run, material.config, context=material.context
        )
    }


def build_content(run: Run, config: BoardConfig, *, context: FileContext = _NO_CONTEXT) -> bytes:
    """Return the text of a finished time scan, with as much metadata as its start document has.

    Raises
    ------
    CannotWrite
        The run did not end, or nothing was measured.
    """
    columns = select_columns(_build_columns(run, config))
    if len(columns) == 1:
        raise CannotWrite(f"it has no signal (expected {config.columns.i0} or fluorescence channels, for example)")
    fields = {_rename_field(name): value for name, value in headers.build_fields(run, context).items()}
    fields |= headers.build_remark("content", "time scan at one energy")
    return format_xdi(
        headers.format_first_line(run), headers.sort_fields(fields), take_out_gaps(columns), headers.read_comments(run)
    )


def _build_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    yield Column("time", spectra.compute_elapsed_time(run.points), "seconds")
    yield from parts.build_chamber_columns(run, config)
    element = as_text(as_mapping(run.xdi.get("Scan")).get("element"))
    yield from parts.build_channel_columns(run, config, ChannelSelection(element=run.element or element or None))
    yield from parts.build_electron_yield_column(run, config)
    yield from parts.build_scattering_columns(run, config)
    yield from parts.build_split_chamber_columns(run)


def _rename_field(name: str) -> str:
    """Return a header line's name: the energy at which one stays is none of an edge."""
    return "Scan.mono_energy" if name == "Scan.edge_energy" else name
