"""The data file of an XAFS scan, as XDI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xafs_workers.messages.xasxdi import Xasxdi
from xafs_workers.scans.absorption import Absorber
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish
from xafs_workers.scans.runs import Run
from xafs_workers.writers import columns as parts
from xafs_workers.writers import headers
from xafs_workers.writers.columns import Column, table
from xafs_workers.writers.measurement_mode import mode_of, xmu
from xafs_workers.writers.registry import Material, Surroundings, writers
from xafs_workers.writers.xdi_text import text_of

_NOWHERE = Surroundings()


@writers.register("xasxdi")
def files(message: Xasxdi, material: Material) -> Mapping[str, bytes]:
    """Return the data file that a message asks for."""
    made = content(
        material.run, material.rules, include_yield=message.include_yield, surroundings=material.surroundings
    )
    return {message.filename: made}


def content(run: Run, rules: Rules, *, include_yield: bool = False, surroundings: Surroundings = _NOWHERE) -> bytes:
    """Return the XDI text of a finished XAFS scan.

    Parameters
    ----------
    include_yield
        With the column of the electron yield also where the mode is another.

    Raises
    ------
    CannotWrite
        The run did not end, nothing was measured, or the metadata that XDI needs are missing.
    MissingColumn, NoChannels
        The spectrum cannot be computed.
    """
    needed = headers.absorber_fields(run)
    absorber = Absorber(needed["Element.symbol"], needed["Element.edge"], mode_of(run, rules))
    signal, hint = xmu(run, rules, absorber)
    columns = table(_columns(run, rules, absorber, signal, include_yield or absorber.mode == "yield"))
    fields = headers.in_order(headers.fields_of(run, surroundings) | needed)
    fields |= headers.asset_fields(surroundings.assets)
    fields["Scan.plot_hint"] = hint.text(columns)
    return text_of(headers.first_line(run), fields, columns, _comments(run, rules, include_yield))


def _columns(run: Run, rules: Rules, absorber: Absorber, signal: Column, with_yield: bool) -> Iterator[Column]:
    yield from parts.energies(run, rules)
    yield signal
    yield from parts.chambers(run, rules)
    if with_yield:
        yield from parts.electron_yield(run, rules)
    wish = absorber.wish if absorber.fluoresces else Wish(element=absorber.element)
    yield from parts.channels(run, rules, wish)
    yield from parts.scattering(run)


def _comments(run: Run, rules: Rules, include_yield: bool) -> list[str]:
    said = headers.comments_of(run)
    if include_yield and rules.columns.iy not in run.points:
        said.append("the electron yield was asked for; this scan has none")
    return said
