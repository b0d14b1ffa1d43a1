"""The data file of a reflectivity scan, as XDI text."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.xrrxdi import Xrrxdi
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.reflectivity import compute_reflectivity
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import get_column
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers
from xafs_workers.writers.columns import COUNTS_UNIT, Column, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.registry import FileContents, WriterInput, find_file_name, register_writer
from xafs_workers.writers.xdi_text import format_xdi

LEFT_OUT = ("Beamline.eta_refinement", "Beamline.sample_alignment", "Detector.mythen_")
"""Beginnings of the metadata that the page of the measurement shows, and the file does not."""


@register_writer("xrrxdi", "XRR data", is_numbered=True)
def build_files(message: Xrrxdi, material: WriterInput) -> FileContents:
    """Return the data file that a message asks for."""
    return {f"{find_stub(message.stub, material.run)}.xdi": build_content(material)}


def find_stub(asked: str | None, run: Run) -> str:
    """Find the name of a run's files without ending: the one asked for, else the run's own.

    Raises
    ------
    CannotWrite
        The run has none.
    """
    return find_file_name(run) if asked is None else asked


def build_content(material: WriterInput) -> bytes:
    """Return the text of a finished reflectivity scan.

    Raises
    ------
    CannotWrite
        Nothing was measured.
    MissingColumnError
        There is no angle, or no reflectivity can be computed.
    """
    run, config = material.run, material.config
    table = take_out_gaps(select_columns(_build_columns(run, config)))
    fields = headers.build_fields(run, material.context)
    kept = {name: value for name, value in fields.items() if not name.startswith(LEFT_OUT)}
    kept = headers.merge_fields(kept, headers.build_asset_fields(material.context.assets))
    kept |= _build_remarks(run, config)
    return format_xdi(headers.format_first_line(run), headers.sort_fields(kept), table, headers.read_comments(run))


def _build_columns(run: Run, config: BoardConfig) -> Iterator[Column]:
    names = config.goniometer
    yield Column("eta", get_column(run.points, names.eta), "deg", source=names.eta)
    yield from parts.build_key_column(run, names.delta, "deg", label="delta")
    yield from parts.build_key_column(run, config.columns.dwell_time, "seconds", label="measurement_time")
    for label, key in (
        ("monitor", names.monitor),
        ("mca_full", names.total),
        ("dir", names.direct),
        ("refl", names.reflected),
        ("max_counts", names.largest),
    ):
        yield from parts.build_key_column(run, key, COUNTS_UNIT, label=label)
    yield from parts.build_key_column(run, names.attenuator, "", label="attenuator")
    yield Column("xrr", compute_reflectivity(run.points, config).values, "per_s")


def _build_remarks(run: Run, config: BoardConfig) -> headers.HeaderFields:
    formula = "factor * refl / monitor / measurement_time, with the factor of the attenuator"
    factors = ", ".join(f"{factor:.7g}" for factor in config.goniometer.attenuator_factors)
    remarks = headers.build_remark("content", "reflectivity scan") | headers.build_remark("xrr", formula)
    remarks |= headers.build_remark("attenuator_factors", f"{factors} (of attenuator 0, 1, 2 and so on)")
    for number, problem in enumerate(compute_reflectivity(run.points, config).problems, start=1):
        remarks |= headers.build_remark(f"problem_{number}", problem)
    return remarks
