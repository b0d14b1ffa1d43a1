"""Figures with transformed curves: logarithmic axes and derivatives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xafs_workers.figures.curves import compute_once
from xafs_workers.figures.model import Array, Figure, Panel, Trace

NOTHING_POSITIVE = "no values above zero"
COMPUTED_AXES = frozenset({"", "k", "r", "pixel", "emission energy"})
"""Axes that are not scanned, along which no derivative is shown."""

SIGNED_AXES = frozenset({"k"})
"""Axes along which curves have both signs alike, so that a logarithmic axis would show half of each."""


def use_log_axes(figure: Figure) -> Figure:
    """Show all curves of a figure but χ(k) on logarithmic axes of y; values at and below zero become gaps."""
    return replace(figure, panels=tuple(map(_use_log_axis, figure.panels)))


def _use_log_axis(panel: Panel) -> Panel:
    if panel.meshes or not panel.traces or panel.y_scale == "log" or panel.x_name in SIGNED_AXES:
        return panel
    traces = tuple(replace(trace, y=compute_once(_mask_non_positive, trace.y)) for trace in panel.traces)
    if not any(np.isfinite(trace.y).any() for trace in traces):
        return _add_to_title(panel, NOTHING_POSITIVE)
    return replace(panel, traces=traces, marks=tuple(mark for mark in panel.marks if mark.y > 0.0), y_scale="log")


def _mask_non_positive(y: Array) -> Array:
    masked = np.where(y > 0.0, y, np.nan)
    masked.flags.writeable = False
    return masked


def show_derivatives(figure: Figure) -> Figure:
    """Show the derivatives of all curves along scanned axes in place of the curves."""
    return replace(figure, panels=tuple(map(_show_derivative, figure.panels)))


def _show_derivative(panel: Panel) -> Panel:
    if panel.meshes or not panel.traces or panel.x_name in COMPUTED_AXES:
        return panel
    traces = tuple(_derive(trace) for trace in panel.traces)
    unit = panel.x_label.rpartition("(")[2].rstrip(")") if panel.x_label.endswith(")") else panel.x_label
    return replace(
        panel, traces=traces, marks=(), y_label=f"derivative of {panel.y_label} per {unit}", y_scale="linear"
    )


def _derive(trace: Trace) -> Trace:
    return replace(trace, y=compute_once(compute_derivative, trace.x, trace.y))


def compute_derivative(x: Array, y: Array) -> Array:
    """Compute dy/dx of points, shape (n,), by `numpy.gradient`; NaN where neighbouring positions are equal."""
    if len(x) < 2:
        return np.full(len(x), np.nan)
    with np.errstate(all="ignore"):
        found = np.gradient(y, x)
    found[~np.isfinite(found)] = np.nan
    found.flags.writeable = False
    return found


def _add_to_title(panel: Panel, text: str) -> Panel:
    return replace(panel, title="   ".join(filter(None, (panel.title, text))))
