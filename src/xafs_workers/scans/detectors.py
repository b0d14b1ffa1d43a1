"""Selection of the columns with a run's fluorescence, for figures, files and reduction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detector_tables import FluorescenceChannels, select_from_table, split_present
from xafs_workers.scans.metadata import as_texts
from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, np.dtype[np.float64]]


@cache
def build_roi_pattern(column: str) -> re.Pattern[str]:
    """Build the pattern that data keys of regions of interest match, from the setting `detectors.column`.

    Its groups are `channel`, and `element` if the names contain one (Fe1, Fe8).
    """
    groups = {"element": "(?P<element>[A-Z][a-z]?)", "channel": r"(?P<channel>[1-9]\d?)"}
    parts = re.split(r"\{(element|channel)\}", column)
    return re.compile("".join(groups.get(part, re.escape(part)) for part in parts) + r"\Z")


class NoChannelsError(LookupError):
    """The fluorescence columns of a run are not known; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class ChannelSelection:
    """Fluorescence that a message requests.

    Attributes
    ----------
    detector
        Canonical name; ``xs1`` selects `detectors.single_channel`, whatever `fluo_detector` is.
    fluo_detector
        Name in the table of channels.
    element
        Symbol of the element; None for that of the start document.
    """

    detector: str = "fluorescence"
    fluo_detector: str | None = None
    element: str | None = None


def compute_run_fluorescence(run: Run, config: BoardConfig, selection: ChannelSelection) -> Array:
    """Compute a run's fluorescence mu(E), shape (n,).

    Raises
    ------
    NoChannelsError
        The columns to be summed are not known.
    MissingColumnError
        I0 is missing.
    """
    found = find_fluorescence_channels(run, config, selection)
    if found.problem:
        raise NoChannelsError(found.problem)
    return spectra.compute_fluorescence(run, config, found.columns)


def find_fluorescence_channels(run: Run, config: BoardConfig, selection: ChannelSelection) -> FluorescenceChannels:
    """Find the columns whose sum is the run's fluorescence.

    These are the columns of a detector in the table `detectors.table`. Without any, they are the columns of `XDI._dtc`
    that the primary descriptor has. Without any, they are `<Element><n>` for the element and the detector's channels.
    Without any, they are those of the only element in the descriptor; several elements give none. Where a run lacks
    channels of the detector, the others are summed, and the result names both.
    """
    return run.points.compute_once(
        ("fluorescence channels", selection), lambda: _select_channels(run, config, selection)
    )


def _select_channels(run: Run, config: BoardConfig, selection: ChannelSelection) -> FluorescenceChannels:
    found = select_from_table(run, config, selection.fluo_detector, selection.element)
    if found is not None:
        return found
    name = _find_detector_name(run, config, selection)
    single = selection.detector == "xs1"
    wanted = _list_single_channel(config) if single else config.detectors.channels.get(name, ())
    listed = _list_dead_time_columns(run, config.detectors.column, wanted if single else ())
    if any(key in run.points for key in listed):
        return split_present(run, listed, name)
    for symbol in filter(None, (selection.element, run.element)):
        found = _select_element_columns(run, config, symbol, wanted, name)
        if found is not None:
            return found
    return _select_only_candidate(run, config, wanted, name)


def _list_single_channel(config: BoardConfig) -> tuple[int, ...]:
    """List the channel that messages ask for as `xs1`; none where the settings have none."""
    channel = config.detectors.single_channel
    return () if channel is None else (channel,)


def _find_detector_name(run: Run, config: BoardConfig, selection: ChannelSelection) -> str:
    """Find the detector's name in the table of channels, '' if it is not known."""
    if selection.detector == "xs1":
        wanted = _list_single_channel(config)
        return next((name for name, channels in config.detectors.channels.items() if channels == wanted), "")
    if selection.detector == "dante":
        return "dante"
    if selection.fluo_detector:
        return selection.fluo_detector
    table = {name.lower(): name for name in config.detectors.channels}
    for given in run.detectors:
        known = table.get(given.lower()) or table.get(given.lower().partition("-")[0])
        if known:
            return known
    return ""


def _list_dead_time_columns(run: Run, column: str, only: tuple[int, ...]) -> tuple[str, ...]:
    """List the columns of `XDI._dtc`, of these channels only if any are given."""
    listed = as_texts(run.xdi.get("_dtc"))
    return tuple(key for key in listed if not only or _parse_channel(key, column) in only)


def _parse_channel(key: str, column: str) -> int | None:
    match = build_roi_pattern(column).match(key)
    return int(match["channel"]) if match else None


def _select_element_columns(
    run: Run, config: BoardConfig, symbol: str, wanted: tuple[int, ...], name: str
) -> FluorescenceChannels | None:
    """Select the channels of one element that are summed; None where the run has none of the detector's.

    These are the wanted channels that the run has. Without any, or without a known detector, they are those of the
    smallest detector in the table that has all the run's channels, otherwise of the largest that the run has whole.
    """
    known = {number for number in _list_channel_numbers(config) if _format_key(config, symbol, number) in run.points}
    if not known:
        return None
    if known & set(wanted):
        return split_present(run, tuple(_format_key(config, symbol, number) for number in wanted), name)
    if wanted and wanted == _list_single_channel(config):
        return None
    tables = sorted(config.detectors.channels.items(), key=lambda entry: len(entry[1]))
    around = [entry for entry in tables if known <= set(entry[1])]
    whole = [entry for entry in reversed(tables) if entry[1] and set(entry[1]) <= known]
    for other, channels in (*around, *whole):
        keys = tuple(_format_key(config, symbol, number) for number in channels)
        return split_present(run, keys, other if wanted else name)
    return None


def _list_channel_numbers(config: BoardConfig) -> set[int]:
    return {number for channels in config.detectors.channels.values() for number in channels}


def _format_key(config: BoardConfig, symbol: str, number: int) -> str:
    return config.detectors.column.format(element=symbol, channel=number)


def _select_only_candidate(run: Run, config: BoardConfig, wanted: tuple[int, ...], name: str) -> FluorescenceChannels:
    matches = map(build_roi_pattern(config.detectors.column).match, run.points.keys)
    symbols = sorted({match.groupdict().get("element", "") for match in matches if match})
    candidates = {symbol: _select_element_columns(run, config, symbol, wanted, name) for symbol in symbols}
    found = {symbol: channels for symbol, channels in candidates.items() if channels is not None}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        return FluorescenceChannels(
            problem=f"fluorescence of {' or '.join(found)}: which element is unknown", detector=name
        )
    return FluorescenceChannels(problem="no fluorescence channels in this run", detector=name)
