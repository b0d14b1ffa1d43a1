"""Fluorescence channels of detectors whose data keys have a form of their own, by the table in the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.named_edge import find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.settings import DetectorTable


@dataclass(frozen=True, slots=True)
class FluorescenceChannels:
    """Columns to be summed, or the reason why there are none.

    Attributes
    ----------
    columns
        Data keys, in the order of the sum; empty if there is a `problem`.
    detector
        Name of the detector for labels, '' if it is not known.
    missing
        Data keys of the detector's other channels, which this run does not have.
    """

    columns: tuple[str, ...] = ()
    problem: str = ""
    detector: str = ""
    missing: tuple[str, ...] = ()

    def describe_missing(self) -> str:
        """Describe how many channels are summed and which are missing, '' if none is."""
        keys = (*self.columns, *self.missing)
        names = dict(zip(keys, _shorten_names(keys), strict=True))
        missing = ", ".join(names[key] for key in self.missing)
        return f"{len(self.columns)} of {len(keys)} channels, {missing} missing" if missing else ""


def _shorten_names(keys: tuple[str, ...]) -> list[str]:
    """Shorten data keys to the words in which they differ, such as ``element2``."""
    words = [re.split(r"[-_]", key) for key in keys]
    if len({len(parts) for parts in words}) != 1:
        return list(keys)
    differing = [place for place, column in enumerate(zip(*words, strict=True)) if len(set(column)) > 1]
    return ["_".join(parts[place] for place in differing) for parts in words]


def split_present(run: Run, keys: tuple[str, ...], name: str) -> FluorescenceChannels:
    """Return the columns that a run has, and those that it lacks."""
    present = tuple(key for key in keys if key in run.points)
    return FluorescenceChannels(present, detector=name, missing=tuple(key for key in keys if key not in present))


def select_from_table(
    run: Run, config: BoardConfig, named: str | None, element: str | None
) -> FluorescenceChannels | None:
    """Select the channels of the run's detector in the table; None if the table has none for this run.

    It is the detector that the message names, else one of the start document's, else the one with most data keys in the
    run. Where a run lacks channels of it, the others are summed; no other detector takes its place.

    Parameters
    ----------
    named
        Detector that the message names.
    element
        Symbol of the element whose lines are summed; None for that of the start document.
    """
    table = {name.lower(): name for name in config.detectors.table}
    symbol = element or find_named_edge(run, config).element
    if named and named.lower() in table:
        name = table[named.lower()]
        return _select_named(run, name, config.detectors.table[name], symbol)
    if named:
        return None
    listed = [table[device.lower()] for device in run.detectors if device.lower() in table]
    for names in (listed, list(config.detectors.table)):
        keys = {name: config.detectors.table[name].list_keys(symbol) for name in names}
        counts = {name: sum(key in run.points for key in keys[name]) for name in names}
        best = max(names, key=counts.__getitem__, default="")
        if best and counts[best]:
            return split_present(run, keys[best], best)
    return None


def _select_named(run: Run, name: str, entry: DetectorTable, symbol: str) -> FluorescenceChannels:
    keys = entry.list_keys(symbol)
    if any(key in run.points for key in keys):
        return split_present(run, keys, name)
    return FluorescenceChannels(problem=f"no channel of {name} in this run (expected {keys[0]})", detector=name)
