"""The text file of a calibration scan of the Mythen detector."""

from __future__ import annotations

from xafs_workers.messages.xrr_calibration_file import XrrCalibrationFile
from xafs_workers.scans.spectra import get_column
from xafs_workers.writers.registry import FileContents, WriterInput, register_writer
from xafs_workers.writers.spec_text import build_fixed_columns, format_spec


@register_writer("xrr_calibration_file", "calibration data", needs_image=True, is_numbered=True)
def build_files(message: XrrCalibrationFile, material: WriterInput) -> FileContents:
    """Return the text file that a message asks for.

    Raises
    ------
    MissingColumnError
        The run has no such motor.
    CannotWrite
        There are no counts of each pixel.
    """
    names = material.config.goniometer
    get_column(material.run.points, message.motor)
    wanted = ((message.motor, message.motor), ("monitor", names.monitor), ("eta", names.eta))
    columns, missing = build_fixed_columns(material, wanted)
    name = f"{message.stub}.dat"
    return {name: format_spec(name, material, columns, comments=missing, with_image=True)}
