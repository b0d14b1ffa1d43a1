"""Measurement mode of an XAFS scan, from its start document, and the absorption in that mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xafs_workers.messages.detectors import find_mode
from xafs_workers.scans import spectra
from xafs_workers.scans.absorption import Absorber, compute_absorption
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, find_fluorescence_channels
from xafs_workers.scans.metadata import as_text, as_texts
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.columns import CHARGE_UNIT, Column, find_column_numbers


def find_run_mode(run: Run, config: BoardConfig) -> str:
    """Return the canonical mode of a run; where no metadata name one, the mode that its columns suggest."""
    found = next(filter(None, map(find_mode, _list_mode_texts(run))), None)
    if found is not None:
        return found
    return "fluorescence" if find_fluorescence_channels(run, config, ChannelSelection()).columns else "transmission"


def _list_mode_texts(run: Run) -> Iterator[str]:
    given = run.xdi.get("_mode")
    yield from (as_texts(given) or (as_text(given),))[:1]
    for sentence in (run.hint, as_text(run.start.get("plan_name"))):
        _, found, mode = sentence.partition("xafs ")
        if found:
            yield mode


@dataclass(frozen=True, slots=True)
class PlotHint:
    """Formula of mu: in words, and as (labels to be added, label to divide by), with or without logarithm.

    Attributes
    ----------
    dwell_part
        Part that is multiplied by the dwell time, where one is collected for it and the other is not.
    """

    description: str
    numerators: tuple[str, ...]
    denominator: str = ""
    has_logarithm: bool = False
    dwell_part: Literal["", "above", "below"] = ""

    def format_text(self, columns: Sequence[Column]) -> str:
        """Return the hint with the numbers of the columns, as plot programs read it; '' if a column is missing."""
        dwell = ["measurement_time"] if self.dwell_part else []
        numbers = find_column_numbers(columns, (*self.numerators, *dwell, *filter(None, [self.denominator])))
        if numbers is None:
            return ""
        formula = "+".join(f"${number}" for number in numbers[: len(self.numerators)])
        if len(self.numerators) > 1:
            formula = f"({formula})"
        if self.denominator:
            time = f"${numbers[len(self.numerators)]}"
            parts = {"": "/${}", "above": f"*{time}/${{}}", "below": f"/(${{}}*{time})"}
            formula += parts[self.dwell_part].format(numbers[-1])
        return f"{self.description}  --  {f'ln({formula})' if self.has_logarithm else formula}"


def compute_mu_column(run: Run, config: BoardConfig, absorber: Absorber) -> tuple[Column, PlotHint]:
    """Return the column of mu, by the functions of the plots, and its formula.

    Raises
    ------
    MissingColumnError
        A data key of the signal is missing.
    NoChannelsError
        The channels to sum are not known.
    """
    if absorber.mode == "test":
        i0 = spectra.get_column(run.points, config.columns.i0)
        return Column("xmu", i0, CHARGE_UNIT), PlotHint("I0", ("i0",))
    column = Column(find_mu_label(absorber), compute_absorption(run, config, absorber).mu)
    if absorber.is_fluorescence:
        labels = tuple(
            map(text_format.to_word, find_fluorescence_channels(run, config, absorber.channel_selection).columns)
        )
        total = "+".join(find_fluorescence_channels(run, config, absorber.channel_selection).columns)
        first = find_fluorescence_channels(run, config, absorber.channel_selection).columns[0]
        part = spectra.find_dwell_part(run, config, first, config.columns.i0)
        return column, PlotHint(f"({total})/I0" if len(labels) > 1 else f"{total}/I0", labels, "i0", dwell_part=part)
    names = config.columns
    keys = {"reference": (names.it, names.ir), "yield": (names.iy, names.i0), "pips": (names.pips, names.i0)}
    hints = {
        "reference": PlotHint("ln(It/Ir)", ("itrans",), "irefer", has_logarithm=True),
        "yield": PlotHint("Iy/I0", ("iy",), "i0"),
        "pips": PlotHint("Pips/I0", ("pips",), "i0"),
    }
    hint = hints.get(absorber.mode, PlotHint("ln(I0/It)", ("i0",), "itrans", has_logarithm=True))
    part = spectra.find_dwell_part(run, config, *keys.get(absorber.mode, (names.i0, names.it)))
    return column, replace(hint, dwell_part=part)


def find_mu_label(absorber: Absorber) -> str:
    """Return the label of a mode's mu: a word of XDI's dictionary, except for the electron yield."""
    if absorber.is_fluorescence or absorber.mode == "pips":
        return "mufluor"
    return {"reference": "murefer", "yield": "muyield"}.get(absorber.mode, "mutrans")
