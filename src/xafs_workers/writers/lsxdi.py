"""The data file of a line scan, as XDI text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xafs_workers.messages.lsxdi import Lsxdi
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers, text_format
from xafs_workers.writers.columns import Column, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.registry import CannotWrite, FileContext, WriterInput, find_file_name, register_writer
from xafs_workers.writers.xdi_text import format_xdi

_NO_CONTEXT = FileContext()


@register_writer("lsxdi", "linescan data")
def build_files(message: Lsxdi, material: WriterInput) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    return {
        message.filename or find_file_name(material.run): build_content(
            material.run, material.config, context=material.context
        )
    }


def build_content(run: Run, config: BoardConfig, *, context: FileContext = _NO_CONTEXT) -> bytes:
    """Return the text of a finished line scan, with any detectors.

    Raises
    ------
    CannotWrite
        The run did not end, nothing was measured, or it does not name its motor.
    MissingColumnError
        The motor's positions are missing.
    """
    motor, detector = _find_motor(run), _find_hint_word(run, 1)
    columns = select_columns(_build_columns(run, config, motor, detector))
    if len(columns) == 1:
        raise CannotWrite(f"it has no signal (expected {config.columns.i0} or fluorescence channels, for example)")
    fields = headers.build_fields(run, context) | headers.build_remark("content", f"line scan on {motor}")
    return format_xdi(
        headers.format_first_line(run), headers.sort_fields(fields), take_out_gaps(columns), headers.read_comments(run)
    )


def _build_columns(run: Run, config: BoardConfig, motor: str, detector: str) -> Iterator[Column]:
    position = spectra.get_column(run.points, motor)
    yield Column(text_format.to_word(motor), position, _find_unit(run, motor), source=motor)
    yield from parts.build_chamber_columns(run, config)
    yield from parts.build_channel_columns(run, config, ChannelSelection())
    yield from parts.build_electron_yield_column(run, config)
    yield from parts.build_diode_columns(run, config)
    yield from parts.build_scattering_columns(run, config)
    yield from parts.build_split_chamber_columns(run)
    yield from parts.build_key_column(run, detector, _find_unit(run, detector))


def _find_motor(run: Run) -> str:
    motor = (run.motors or (_find_hint_word(run, 2),))[0]
    if not motor:
        raise CannotWrite("its start document names no motor (expected motors, or a hint `linescan <det> <motor>`)")
    return motor


def _find_hint_word(run: Run, place: int) -> str:
    """Return a word of the hint, `linescan <detector> <motor>` or `rectanglescan <detector> <motor> ...`."""
    said = run.hint.split()
    return said[place] if len(said) > place else ""


def _find_unit(run: Run, key: str) -> str:
    return text_format.to_unit(as_text(as_mapping(run.data_keys.get(key)).get("units")))
