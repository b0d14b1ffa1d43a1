"""The data file of a line scan, as XDI text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xafs_workers.messages.lsxdi import Lsxdi
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers, text_format
from xafs_workers.writers.columns import Column, table
from xafs_workers.writers.registry import CannotWrite, Material, Surroundings, writers
from xafs_workers.writers.xdi_text import text_of

_NOWHERE = Surroundings()


@writers.register("lsxdi")
def files(message: Lsxdi, material: Material) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    return {message.filename: content(material.run, material.rules, surroundings=material.surroundings)}


def content(run: Run, rules: Rules, *, surroundings: Surroundings = _NOWHERE) -> bytes:
    """Return the text of a finished line scan, whatever detectors it had.

    Raises
    ------
    CannotWrite
        The run did not end, nothing was measured, or it does not tell its motor.
    MissingColumn
        The motor's positions are missing.
    """
    motor, detector = _motor(run), _hinted(run, 1)
    columns = table(_columns(run, rules, motor, detector))
    if len(columns) == 1:
        raise CannotWrite(f"it has no signal: expected {rules.columns.i0} or fluorescence channels, say")
    fields = headers.fields_of(run, surroundings)
    return text_of(headers.first_line(run), fields, columns, [f"linescan on {text_format.label(motor)}"])


def _columns(run: Run, rules: Rules, motor: str, detector: str) -> Iterator[Column]:
    position = spectra.column(run.points, motor)
    yield Column(text_format.label(motor), position, _unit(run, motor), source=motor)
    yield from parts.chambers(run, rules)
    yield from parts.channels(run, rules, Wish())
    yield from parts.electron_yield(run, rules)
    yield from parts.scattering(run)
    yield from parts.split_chambers(run)
    yield from parts.of_key(run, detector, _unit(run, detector))


def _motor(run: Run) -> str:
    motor = (run.motors or (_hinted(run, 2),))[0]
    if not motor:
        raise CannotWrite("its start document tells no motor: expected motors, or a hint `linescan <det> <motor>`")
    return motor


def _hinted(run: Run, place: int) -> str:
    """Return a word of the hint, `linescan <detector> <motor>` or `rectanglescan <detector> <motor> ...`."""
    said = run.hint.split()
    return said[place] if len(said) > place else ""


def _unit(run: Run, key: str) -> str:
    return text_format.one_line(text(mapping(run.data_keys.get(key)).get("units")))[: text_format.LONGEST_NAME].strip()
