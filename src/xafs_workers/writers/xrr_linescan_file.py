"""The text file of a line scan on the goniometer, with the counts of each pixel."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.messages.xrr_linescan_file import XrrLinescanFile
from xafs_workers.scans.spectra import get_column
from xafs_workers.writers.registry import FileContents, WriterInput, register_writer
from xafs_workers.writers.spec_text import build_fixed_columns, format_spec

REGIONS = frozenset({"mythen", "dir", "refl", "mythen_dir", "mythen_refl"})
"""Detectors whose file has all regions of the Mythen detector."""

TOTALS = frozenset({"mca_full", "mca_narrow"})

ALIASES = {"ic0": "i0", "bicron": "monitor", "apd": "monitor", "struck": "monitor"}
"""Detectors whose column has another name."""


@register_writer("xrr_linescan_file", "linescan data", needs_image=True, is_numbered=True)
def build_files(message: XrrLinescanFile, material: WriterInput) -> FileContents:
    """Return the text file that a message asks for; without an image a comment states why.

    Raises
    ------
    MissingColumnError
        The run has no such motor, or not the column of such a detector.
    """
    get_column(material.run.points, message.motor)
    columns, missing = build_fixed_columns(material, _list_columns(message, material))
    if material.image is None:
        missing = (*missing, f"no counts of each pixel: {material.image_problem}")
    name = f"{message.stub}.dat"
    return {name: format_spec(name, material, columns, comments=missing, with_image=material.image is not None)}


def _list_columns(message: XrrLinescanFile, material: WriterInput) -> Iterator[tuple[str, str]]:
    """Yield label and data key of each column."""
    names, detector = material.config.goniometer, message.detector.lower()
    yield message.motor, message.motor
    if detector in REGIONS | TOTALS:
        yield "mca_full", names.total
        yield "dir", names.direct
    if detector in REGIONS:
        yield "refl", names.reflected
        yield "max_counts", names.largest
        yield "monitor", names.monitor
    if detector not in REGIONS | TOTALS:
        yield _find_signal(message.detector, material)
    yield "seconds", material.config.columns.dwell_time


def _find_signal(detector: str, material: WriterInput) -> tuple[str, str]:
    """Find label and data key of any other detector."""
    known = ALIASES.get(detector.lower(), detector)
    key = {"i0": material.config.columns.i0, "monitor": material.config.goniometer.monitor}.get(known.lower(), known)
    get_column(material.run.points, key)
    return key, key
