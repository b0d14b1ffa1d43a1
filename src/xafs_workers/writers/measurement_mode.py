"""How an XAFS scan was measured, as its start document tells, and what its xmu is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xafs_workers.messages.detectors import canonical_mode
from xafs_workers.scans import spectra
from xafs_workers.scans.absorption import Absorber, absorption
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.detectors import Wish, fluorescence_channels
from xafs_workers.scans.metadata import text, texts
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.columns import CHARGE, Column, numbers_of

_WORDS = ("yield", "pilatus", "eiger", "dante", "reference", "fluorescence", "transmission", "test")
"""Modes in longer texts, the more telling one first: `yield + fluorescence` is yield."""


def mode_of(run: Run, rules: Rules) -> str:
    """Return the canonical mode of a run; where nothing tells, what its columns suggest."""
    for told in _told(run):
        try:
            return canonical_mode(told)
        except ValueError:
            found = next((word for word in _WORDS if word in told.lower()), None)
            if found:
                return found
    return "fluorescence" if fluorescence_channels(run, rules, Wish()).columns else "transmission"


def _told(run: Run) -> Iterator[str]:
    given = run.xdi.get("_mode")
    yield from (texts(given) or (text(given),))[:1]
    for sentence in (run.hint, text(run.start.get("plan_name"))):
        _, found, mode = sentence.partition("xafs ")
        if found:
            yield mode


@dataclass(frozen=True, slots=True)
class Hint:
    """How xmu comes about: in words, and as (labels to be added, label to divide by), with or without logarithm."""

    words: str
    above: tuple[str, ...]
    below: str = ""
    logarithm: bool = False

    def text(self, columns: Sequence[Column]) -> str:
        """Return the hint with the numbers of the columns, as plot programs read it."""
        formula = "+".join(f"${number}" for number in numbers_of(columns, self.above))
        if len(self.above) > 1:
            formula = f"({formula})"
        if self.below:
            formula += f"/${numbers_of(columns, [self.below])[0]}"
        return f"{self.words}  --  {f'ln({formula})' if self.logarithm else formula}"


def xmu(run: Run, rules: Rules, absorber: Absorber) -> tuple[Column, Hint]:
    """Return the column xmu, by the functions of the plots, and how it comes about.

    Raises
    ------
    MissingColumn
        A data key of the signal is missing.
    NoChannels
        It cannot be told which channels to sum.
    """
    if absorber.mode == "test":
        i0 = spectra.column(run.points, rules.columns.i0)
        return Column("xmu", i0, CHARGE), Hint("I0", ("I0",))
    column = Column("xmu", absorption(run, rules, absorber).mu)
    if absorber.fluoresces:
        labels = tuple(map(text_format.label, fluorescence_channels(run, rules, absorber.wish).columns))
        total = "+".join(labels)
        return column, Hint(f"({total})/I0" if len(labels) > 1 else f"{total}/I0", labels, "I0")
    hints = {
        "reference": Hint("ln(It/Ir)", ("It",), "Ir", logarithm=True),
        "yield": Hint("Iy/I0", ("Iy",), "I0"),
    }
    return column, hints.get(absorber.mode, Hint("ln(I0/It)", ("I0",), "It", logarithm=True))
