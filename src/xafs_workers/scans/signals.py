"""Formulas of the signals, for figures, files, merges and projects.

A value is a gap (NaN) only where its formula is undefined: the logarithm of a quotient whose parts are not both
greater than zero, a division by zero, an input that is not finite. A small or negative signal is data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


def compute_quotient(above: Array, below: Array) -> Array:
    """Return above/below, NaN where the divisor is zero or a part is not finite; same shape."""
    usable = np.isfinite(above) & np.isfinite(below) & (below != 0)
    result = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=result, where=usable)
    return result


def compute_log_quotient(above: Array, below: Array) -> Array:
    """Compute ln(above/below), NaN where not both parts are finite and greater than zero; same shape."""
    usable = np.isfinite(above) & np.isfinite(below) & (above > 0) & (below > 0)
    ratio = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=ratio, where=usable)
    result = np.full(np.shape(above), np.nan)
    np.log(ratio, out=result, where=usable & (ratio > 0) & np.isfinite(ratio))
    return result


def compute_transmission(i0: Array, it: Array) -> Array:
    """Compute the transmission mu(E) = ln(I0/It) (Beer and Lambert's law), dimensionless."""
    return compute_log_quotient(i0, it)


def compute_reference(it: Array, ir: Array) -> Array:
    """Compute the reference's mu(E) = ln(It/Ir), dimensionless."""
    return compute_log_quotient(it, ir)


def compute_fluorescence(channels: Sequence[Array], i0: Array) -> Array:
    """Compute the fluorescence mu(E) = sum of the channels' counts / I0, counts per nA s.

    Parameters
    ----------
    channels
        At least one array of counts, summed in the order given.
    """
    total = np.array(channels[0], dtype=np.float64)
    for channel in channels[1:]:
        total = total + channel
    return compute_quotient(total, i0)


def compute_electron_yield(iy: Array, i0: Array) -> Array:
    """Compute the electron yield mu(E) = Iy/I0, dimensionless."""
    return compute_quotient(iy, i0)


def compute_current(charge: Array, dwell_time: Array) -> Array:
    """Return a current, nA, from what an ion chamber collected, nA s, and the dwell time, s."""
    return compute_quotient(charge, dwell_time)


def compute_reflectivity(reflected: Array, monitor: Array, factor: Array, dwell_time: Array) -> Array:
    """Compute the reflectivity factor * reflected / monitor / dwell time, 1/s; not normalised to the direct beam.

    Parameters
    ----------
    reflected, monitor
        Counts of the reflected beam and of the beam monitor.
    factor
        Factor of the attenuator that was in the beam, dimensionless.
    dwell_time
        Seconds.
    """
    return compute_quotient(factor * compute_quotient(reflected, monitor), dwell_time)


def compute_relative_counting_error(reflected: Array, monitor: Array) -> Array:
    """Compute sqrt(1/monitor + 1/reflected), the relative standard error of the quotient of two Poisson counts."""
    ones = np.ones(np.shape(reflected))
    return np.sqrt(compute_quotient(ones, np.abs(monitor)) + compute_quotient(ones, np.abs(reflected)))
