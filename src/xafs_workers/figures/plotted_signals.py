"""Signals of a run that no message describes: ratios of the configured columns, then what its devices hint at."""

from __future__ import annotations

from dataclasses import dataclass

from xafs_workers.figures.signal import build_ratio_curve, format_key_label
from xafs_workers.figures.trace_builder import Curve
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence, find_fluorescence_channels
from xafs_workers.scans.outline import Outline
from xafs_workers.scans.run_axes import list_plotted_columns
from xafs_workers.scans.runs import Run

MAX_PANELS = 6


@dataclass(frozen=True, slots=True)
class PlottedSignals:
    """Signals of a run.

    Attributes
    ----------
    curves
        Those that are drawn, each with the label of its axis.
    count
        Number of all signals that are numbers.
    others
        Names of those that are texts or arrays.
    """

    curves: tuple[tuple[str, Curve], ...]
    count: int
    others: tuple[str, ...]

    @property
    def note(self) -> str:
        """What is not drawn; '' if all is."""
        more = f"{len(self.curves)} of {self.count}" if self.count > len(self.curves) else ""
        named = f"not drawn: {', '.join(self.others)}" if self.others else ""
        return "; ".join(filter(None, (more, named)))


def find_plotted_signals(run: Run, outline: Outline, config: BoardConfig) -> PlottedSignals:
    """Find the signals of a run, best first."""
    columns = list_plotted_columns(run, (*outline.axes, *outline.companions))
    numbers = [key for key in columns if key in run.points]
    others = tuple(key for key in columns if key not in run.points)
    found = [*_build_ratios(run, config), *((format_key_label(key, run, config), _build_curve(key)) for key in numbers)]
    return PlottedSignals(tuple(found[:MAX_PANELS]), len(found), others)


def _build_ratios(run: Run, config: BoardConfig) -> list[tuple[str, Curve]]:
    """Build the ratios that the configured columns give."""
    found: list[tuple[str, Curve]] = []
    if config.columns.i0 not in run.points:
        return found
    if config.columns.it in run.points:
        found.append(("It/I0", build_ratio_curve("It/I0", config.columns.it, config)))
    selection = ChannelSelection()
    if not find_fluorescence_channels(run, config, selection).problem:
        curve = Curve("fluorescence", y=lambda run: compute_run_fluorescence(run, config, selection))
        found.append(("fluorescence / I0", curve))
    return found


def _build_curve(key: str) -> Curve:
    return Curve(key, y=lambda run: spectra.get_column(run.points, key))
