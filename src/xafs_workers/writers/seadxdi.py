"""The data file of a time scan (single energy absorption detection), as XDI text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xafs_workers.messages.seadxdi import Seadxdi
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers
from xafs_workers.writers.columns import Column, table
from xafs_workers.writers.registry import CannotWrite, Material, Surroundings, writers
from xafs_workers.writers.xdi_text import text_of

_NOWHERE = Surroundings()


@writers.register("seadxdi")
def files(message: Seadxdi, material: Material) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    return {message.filename: content(material.run, material.rules, surroundings=material.surroundings)}


def content(run: Run, rules: Rules, *, surroundings: Surroundings = _NOWHERE) -> bytes:
    """Return the text of a finished time scan, with as much metadata as its start document has.

    Raises
    ------
    CannotWrite
        The run did not end, or nothing was measured.
    """
    columns = table(_columns(run, rules))
    if len(columns) == 1:
        raise CannotWrite(f"it has no signal: expected {rules.columns.i0} or fluorescence channels, say")
    fields = {_renamed(name): value for name, value in headers.fields_of(run, surroundings).items()}
    return text_of(headers.first_line(run), fields, columns, headers.comments_of(run))


def _columns(run: Run, rules: Rules) -> Iterator[Column]:
    yield Column("time", spectra.elapsed(run.points), "seconds")
    yield from parts.chambers(run, rules)
    element = text(mapping(run.xdi.get("Scan")).get("element"))
    yield from parts.channels(run, rules, Wish(element=run.element or element or None))
    yield from parts.electron_yield(run, rules)
    yield from parts.scattering(run)
    yield from parts.split_chambers(run)


def _renamed(name: str) -> str:
    """Return a header line's name: the energy at which one stays is none of an edge."""
    return "Scan.mono_energy" if name == "Scan.edge_energy" else name
