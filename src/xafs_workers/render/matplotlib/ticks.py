"""Ticks: as many as the axis has room for, with labels without an offset, so that 7112 eV reads 7112.

On a logarithmic axis they are powers of ten, or 1, 2 and 5 times these where the axis covers few.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axis import XAxis
from matplotlib.ticker import Formatter, MaxNLocator

from xafs_workers.figures.model import Array
from xafs_workers.render.matplotlib import text_layout

_MAX_TICKS = 9
_STEPS = (1, 2, 2.5, 5, 10)
_WIDE_GAPS = (1.3, 1.2)  # ems between labels on a horizontal and on a vertical axis
_NARROW_GAPS = (0.7, 0.4)  # used if wide gaps leave fewer than three ticks
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOG_STEPS = ((1.0,), (1.0, 2.0, 5.0), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))
_LOG_DISTANCE = 2.2  # ems between two ticks of a logarithmic axis, at least


def format_labels(values: Sequence[float] | Array) -> list[str]:
    """Format tick labels with as many decimals as the tick distance needs.

    Numbers from a million on and below a thousandth have a power of ten: 1.5×10⁶.
    """
    numbers = [float(value) for value in values]
    largest = max((abs(number) for number in numbers), default=0.0)
    if largest == 0.0:
        return ["0" for _ in numbers]
    power = math.floor(math.log10(largest))
    power = power if power >= 6 or power < -3 else 0
    scaled = [_scale_by_power(number, power) for number in numbers]
    places = _count_decimals(scaled)
    tail = "×10" + str(power).translate(_SUPERSCRIPTS) if power else ""
    return [_format_number(number, places, tail) for number in scaled]


def format_log_labels(values: Sequence[float] | Array) -> list[str]:
    """Format tick labels of a logarithmic axis: all as plain numbers from 0.01 to 1000, else all with powers of ten."""
    numbers = [float(value) for value in values]
    if not numbers or (min(numbers) >= 0.01 and max(numbers) <= 1000.0):
        return [f"{number:.6g}" for number in numbers]
    labels = [_format_with_power(number) for number in numbers]
    return labels if len(set(labels)) == len(labels) else format_labels(numbers)


def _format_with_power(number: float) -> str:
    power = math.floor(math.log10(number) + 1e-9)
    text, tail = f"{_scale_by_power(number, power):.3g}", "10" + str(power).translate(_SUPERSCRIPTS)
    return tail if text == "1" else f"{text}×{tail}"


def _scale_by_power(number: float, power: int) -> float:
    """Divide a number by a power of ten, in two steps because 10**-308 has no reciprocal."""
    half = power // 2
    return number / 10.0**half / 10.0 ** (power - half)


def _count_decimals(numbers: list[float]) -> int:
    ordered = sorted(set(numbers))
    step = min((b - a for a, b in itertools.pairwise(ordered)), default=abs(ordered[0]))
    for places in range(12):
        if abs(round(step, places) - step) <= 1e-4 * step:
            return places
    return 12


def _format_number(number: float, places: int, tail: str) -> str:
    text = f"{number:.{places}f}"
    if float(text) == 0.0:
        return text.removeprefix("-") if not tail else "0"
    return text.replace("-", "−") + tail


@lru_cache(maxsize=512)  # matplotlib computes the same ticks several times in one drawing
def compute_ticks(low: float, high: float, *, length: float, size: float, is_vertical: bool) -> Array:
    """Compute tick positions within the limits, as many as there is room for labels.

    Parameters
    ----------
    length
        Length of the axis, points.
    size
        Font size, points.
    is_vertical
        Whether the axis is vertical, with its labels one above the other.
    """
    low, high = min(low, high), max(low, high)
    per_unit = length / (high - low)
    for gaps, least in ((_WIDE_GAPS, 3), (_NARROW_GAPS, 2)):
        for count in range(_MAX_TICKS, 0, -1):
            values = _compute_candidates(low, high, count)
            if len(values) < least:
                break
            label = size if is_vertical else measure_widest_label(values, size)
            if (values[1] - values[0]) * per_unit >= label + gaps[is_vertical] * size:
                return values
    return _compute_candidates(low, high, 1)[:1]


def _compute_candidates(low: float, high: float, count: int) -> Array:
    values = np.asarray(MaxNLocator(nbins=count, steps=_STEPS).tick_values(low, high))
    slack = 1e-9 * (high - low)
    values = values[(values >= low - slack) & (values <= high + slack)]
    values.flags.writeable = False
    return values


@lru_cache(maxsize=512)
def compute_log_ticks(low: float, high: float, *, length: float, size: float) -> Array:
    """Compute tick positions within the limits of a vertical logarithmic axis; lengths in points."""
    low, high = min(low, high), max(low, high)
    room = max(2, int(length / (_LOG_DISTANCE * size)))
    powers = np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = np.empty(0)
    for steps in _LOG_STEPS:
        values = np.ravel(np.outer(10.0**powers, steps))
        values = values[(values >= low * (1.0 - 1e-9)) & (values <= high * (1.0 + 1e-9))]
        if len(values) > room:
            break
        found = values
        if len(values) >= 3:
            break
    if not len(found) and high / low >= 10.0:
        every = math.ceil(math.log10(high / low) / room)
        found = 10.0 ** powers[(powers % every == 0) & (10.0**powers >= low) & (10.0**powers <= high)]
    elif len(found) < 2:
        return compute_ticks(low, high, length=length, size=size, is_vertical=True)
    found.flags.writeable = False
    return found


def measure_widest_label(values: Array, size: float, *, is_log: bool = False) -> float:
    """Return the width of the widest tick label, points."""
    labels = format_log_labels(values) if is_log else format_labels(values)
    return max((text_layout.measure_width(label, size) for label in labels), default=0.0)


class FittingLocator(MaxNLocator):
    """Locator of ticks that fit the present length of the axis, also after a zoom or a change of window size."""

    def __init__(self, size: float):
        super().__init__(nbins=_MAX_TICKS, steps=_STEPS)
        self.size = size

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return the tick positions between two limits."""
        axis: Any = self.axis
        box = axis.axes.get_window_extent()
        is_vertical = not isinstance(axis, XAxis)
        length = (box.height if is_vertical else box.width) * 72.0 / axis.get_figure(root=True).dpi
        return compute_ticks(vmin, vmax, length=length, size=self.size, is_vertical=is_vertical).tolist()


class FittingLogLocator(FittingLocator):
    """Locator of ticks that fit the present length of a vertical logarithmic axis."""

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return the tick positions between two limits, none where a limit is not above zero."""
        if not 0.0 < min(vmin, vmax):
            return []
        axis: Any = self.axis
        length = axis.axes.get_window_extent().height * 72.0 / axis.get_figure(root=True).dpi
        return compute_log_ticks(vmin, vmax, length=length, size=self.size).tolist()


class PlainFormatter(Formatter):
    """Formatter of tick labels as by `format_labels`; the number under the cursor has seven digits."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Format the number under the cursor, or at a single tick."""
        return f"{x:.7g}".replace("-", "−")

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Format the labels of all ticks."""
        return format_labels(values)


class LogFormatter(PlainFormatter):
    """Formatter of tick labels as by `format_log_labels`."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Format the labels of all ticks."""
        return format_log_labels(values)
