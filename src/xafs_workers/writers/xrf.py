"""The data file of X-ray fluorescence spectra, as XDI text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.messages.xrf import XrfWrite
from xafs_workers.scans.mca import BIN_WIDTH
from xafs_workers.scans.metadata import as_text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import headers, text_format
from xafs_workers.writers.columns import COUNTS_UNIT, Column, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.registry import CannotWrite, FileContext, WriterInput, register_writer
from xafs_workers.writers.xdi_text import format_xdi

Array = np.ndarray[Any, Any]

FOLDER = "XRF"
_NO_CONTEXT = FileContext()


@register_writer("xrf.write", "xrf data", needs_spectra=True)
def build_files(message: XrfWrite, material: WriterInput) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    made = build_content(material.run, material.spectra, context=material.context)
    return {f"{FOLDER}/{message.filename}": made}


def build_content(run: Run, spectra: Mapping[int, Array], *, context: FileContext = _NO_CONTEXT) -> bytes:
    """Return the text of the spectra of a run that counted once.

    Parameters
    ----------
    spectra
        Counts by channel, 1 to 8, each of shape (bins,).

    Raises
    ------
    CannotWrite
        The run did not end, or has no spectra.
    """
    return format_spectra(run, {f"MCA{channel}": spectra[channel] for channel in sorted(spectra)}, context)


def format_spectra(run: Run, spectra: Mapping[str, Array], context: FileContext = _NO_CONTEXT) -> bytes:
    """Return the text of spectra under given labels, in the order given; see `build_content`."""
    if not spectra:
        raise CannotWrite("there are no fluorescence spectra of it")
    bins = max(len(counts) for counts in spectra.values())
    energy = Column("energy", BIN_WIDTH * np.arange(bins), "eV")
    counted = (
        Column(text_format.to_word(label), _resize_spectrum(counts, bins), COUNTS_UNIT)
        for label, counts in spectra.items()
    )
    table = take_out_gaps(select_columns([energy, *counted]))
    return format_xdi(
        headers.format_first_line(run), _build_fields(run, len(spectra), context), table, headers.read_comments(run)
    )


def _resize_spectrum(counts: Array, bins: int) -> Array:
    """Return a spectrum of as many bins as the longest has; those it has not are gaps."""
    whole = np.full(bins, np.nan)
    whole[: len(counts)] = counts
    return whole


def _build_fields(run: Run, channels: int, surroundings: FileContext) -> headers.HeaderFields:
    """Return the metadata: the detector as given, else as the run names it, and the energy of the beam."""
    fields = headers.build_fields(run, surroundings) | headers.build_remark("content", "fluorescence spectra")
    fields.setdefault("Detector.fluorescence", _find_detector(run, channels))
    pcc = text_format.format_value(run.xdi.get("_pccenergy"))
    if pcc:
        fields["Beamline.energy"] = f"{pcc} eV"
    beamline = text_format.to_one_line(as_text(run.start.get("beamline_id")))
    if beamline:
        fields.setdefault("Beamline.name", beamline)
    return headers.sort_fields(headers.merge_fields(fields, headers.build_asset_fields(surroundings.assets)))


def _find_detector(run: Run, channels: int) -> str:
    named = (name for name in run.detectors if "sdd" in name.lower() or "dante" in name.lower())
    return text_format.to_one_line(next(named, "")) or f"{channels} channel{'s' if channels > 1 else ''}"
