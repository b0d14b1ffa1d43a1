"""Which columns hold the fluorescence of a run: one answer for plots, files and reduction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.metadata import as_texts
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, np.dtype[np.float64]]

SINGLE_ELEMENT_CHANNEL = 8
"""Channel of the 1-element detector."""


@cache
def build_roi_pattern(column: str) -> re.Pattern[str]:
    """Return what data keys of regions of interest match, as `detectors.get_column` of the settings names them.

    Its groups: `channel`, and `element` where the name has one (Fe1, Fe8).
    """
    groups = {"element": "(?P<element>[A-Z][a-z]?)", "channel": r"(?P<channel>[1-9]\d?)"}
    parts = re.split(r"\{(element|channel)\}", column)
    return re.compile("".join(groups.get(part, re.escape(part)) for part in parts) + r"\Z")


class NoChannelsError(LookupError):
    """A run whose fluorescence columns cannot be told; the text says why."""


@dataclass(frozen=True, slots=True)
class ChannelSelection:
    """What a message says of the fluorescence it wants.

    Attributes
    ----------
    detector
        Canonical name; ``xs1`` asks for channel 8 whatever `fluo_detector` says.
    fluo_detector
        As the table of channels names it.
    element
        Else that of the start document.
    """

    detector: str = "fluorescence"
    fluo_detector: str | None = None
    element: str | None = None


@dataclass(frozen=True, slots=True)
class FluorescenceChannels:
    """Columns to be summed, or why there are none.

    Attributes
    ----------
    columns
        Data keys, in the order of the sum; empty where `problem` says why.
    detector
        Name for the label, '' where it is not known.
    """

    columns: tuple[str, ...] = ()
    problem: str = ""
    detector: str = ""


def compute_run_fluorescence(run: Run, rules: BoardConfig, wish: ChannelSelection) -> Array:
    """Return a run's fluorescence mu(E), shape (n,).

    Raises
    ------
    NoChannelsError
        It cannot be told which columns to sum.
    MissingColumnError
        I0 is missing.
    """
    found = find_fluorescence_channels(run, rules, wish)
    if found.problem:
        raise NoChannelsError(found.problem)
    return spectra.compute_fluorescence(run.points, found.columns, rules.columns)


def find_fluorescence_channels(run: Run, rules: BoardConfig, wish: ChannelSelection) -> FluorescenceChannels:
    """Return the columns whose sum is the run's fluorescence.

    Those of `XDI._dtc` that the primary descriptor has; if none, `<Element><n>` for the element and the
    detector's channels; if none, those of the one element the descriptor has; two candidates give none.
    """
    return run.points.compute_once(("fluorescence channels", wish), lambda: _select_channels(run, rules, wish))


def _select_channels(run: Run, rules: BoardConfig, wish: ChannelSelection) -> FluorescenceChannels:
    name = _find_detector_name(run, rules, wish)
    single = wish.detector == "xs1"
    wanted = (SINGLE_ELEMENT_CHANNEL,) if single else rules.channels.get(name, ())
    listed = _select_listed_columns(run, rules.channel_column, wanted if single else ())
    if listed:
        return FluorescenceChannels(listed, detector=name)
    for symbol in filter(None, (wish.element, run.element)):
        found = _select_element_columns(run, rules, symbol, wanted)
        if found:
            return FluorescenceChannels(found, detector=name)
    return _select_only_candidate(run, rules, wanted, name)


def _find_detector_name(run: Run, rules: BoardConfig, wish: ChannelSelection) -> str:
    """Return the detector's name as the table of channels knows it, '' where nothing tells."""
    if wish.detector == "xs1":
        return next((name for name, channels in rules.channels.items() if channels == (SINGLE_ELEMENT_CHANNEL,)), "")
    if wish.detector == "dante":
        return "dante"
    if wish.fluo_detector:
        return wish.fluo_detector
    table = {name.lower(): name for name in rules.channels}
    for given in run.detectors:
        known = table.get(given.lower()) or table.get(given.lower().partition("-")[0])
        if known:
            return known
    return ""


def _select_listed_columns(run: Run, column: str, only: tuple[int, ...]) -> tuple[str, ...]:
    present = tuple(key for key in as_texts(run.xdi.get("_dtc")) if key in run.points)
    return tuple(key for key in present if not only or _parse_channel(key, column) in only)


def _parse_channel(key: str, column: str) -> int | None:
    match = build_roi_pattern(column).match(key)
    return int(match["channel"]) if match else None


def _select_element_columns(run: Run, rules: BoardConfig, symbol: str, wanted: tuple[int, ...]) -> tuple[str, ...]:
    """Return the columns of the wanted channels, or, where they are missing, of the largest detector that is there."""
    choices = sorted(rules.channels.values(), key=len, reverse=True)
    for channels in [wanted] if wanted == (SINGLE_ELEMENT_CHANNEL,) else [wanted, *choices]:
        keys = tuple(rules.channel_column.format(element=symbol, channel=channel) for channel in channels)
        if keys and all(key in run.points for key in keys):
            return keys
    return ()


def _select_only_candidate(run: Run, rules: BoardConfig, wanted: tuple[int, ...], name: str) -> FluorescenceChannels:
    matches = map(build_roi_pattern(rules.channel_column).match, run.points.keys)
    symbols = sorted({match.groupdict().get("element", "") for match in matches if match})
    found = {symbol: columns for symbol in symbols if (columns := _select_element_columns(run, rules, symbol, wanted))}
    if len(found) == 1:
        return FluorescenceChannels(next(iter(found.values())), detector=name)
    if found:
        return FluorescenceChannels(
            problem=f"fluorescence of {' or '.join(found)}: which element is not told", detector=name
        )
    return FluorescenceChannels(problem="no fluorescence channels in this run", detector=name)
