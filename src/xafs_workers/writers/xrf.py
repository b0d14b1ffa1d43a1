"""The data file of X-ray fluorescence spectra, as XDI text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.messages.xrf import XrfWrite
from xafs_workers.scans.mca import BIN
from xafs_workers.scans.metadata import text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import headers, text_format
from xafs_workers.writers.columns import COUNTS, Column, table
from xafs_workers.writers.registry import CannotWrite, Material, Surroundings, writers
from xafs_workers.writers.xdi_text import text_of

Array = np.ndarray[Any, Any]

FOLDER = "XRF"
_NOWHERE = Surroundings()


@writers.register("xrf.write")
def files(message: XrfWrite, material: Material) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    made = content(material.run, material.spectra, surroundings=material.surroundings)
    return {f"{FOLDER}/{message.filename}": made}


def content(run: Run, spectra: Mapping[int, Array], *, surroundings: Surroundings = _NOWHERE) -> bytes:
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
    return spectra_text(run, {f"MCA{channel}": spectra[channel] for channel in sorted(spectra)}, surroundings)


def spectra_text(run: Run, spectra: Mapping[str, Array], surroundings: Surroundings = _NOWHERE) -> bytes:
    """Return the text of spectra under labels of one's own, in the order given; see `content`."""
    if not spectra:
        raise CannotWrite("there are no fluorescence spectra of it")
    bins = max(len(counts) for counts in spectra.values())
    energy = Column("energy", BIN * np.arange(bins), "eV")
    counted = (Column(text_format.label(label), _padded(counts, bins), COUNTS) for label, counts in spectra.items())
    columns = table([energy, *counted])
    return text_of(headers.first_line(run), _fields(run, len(spectra), surroundings), columns, headers.comments_of(run))


def _padded(counts: Array, bins: int) -> Array:
    """Return a spectrum of as many bins as the longest has; those it has not are gaps."""
    whole = np.full(bins, np.nan)
    whole[: len(counts)] = counts
    return whole


def _fields(run: Run, channels: int, surroundings: Surroundings) -> headers.Fields:
    """Return the metadata: the detector as told, else as the run names it, and the energy of the beam."""
    told = headers.fields_of(run, surroundings)
    told.setdefault("Detector.fluorescence", _detector(run, channels))
    pcc = text_format.value_text(run.xdi.get("_pccenergy"))
    if pcc:
        told["Beamline.energy"] = f"{pcc} eV"
    beamline = text_format.one_line(text(run.start.get("beamline_id")))
    if beamline:
        told.setdefault("Beamline.name", beamline)
    return headers.in_order(headers.with_own(told, headers.asset_fields(surroundings.assets)))


def _detector(run: Run, channels: int) -> str:
    named = (name for name in run.detectors if "sdd" in name.lower() or "dante" in name.lower())
    return text_format.one_line(next(named, "")) or f"{channels} channel{'s' if channels > 1 else ''}"
