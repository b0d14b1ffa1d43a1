"""The Mythen strip detector: counts of each pixel at each point of a run, and the geometry that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xafs_workers.scans.runs import Run

Array = np.ndarray[Any, Any]

LEAST_PIXELS = 10
"""Smallest number of pixels with counts from which a geometry follows."""


class NoGeometryError(ValueError):
    """The geometry cannot be found; the text gives the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Geometry of the detector: tan(angle) = (pixel - pixel_zero) * slope.

    Attributes
    ----------
    slope
        Width of a pixel divided by the distance from sample to detector.
    pixels, angles
        Pixels with counts and their measured angles in degrees, shape (n,).
    """

    pixel_zero: float
    slope: float
    pixels: Array
    angles: Array

    def compute_angles(self, pixels: Array) -> Array:
        """Compute the angles of pixels, degrees."""
        return np.degrees(np.arctan((pixels - self.pixel_zero) * self.slope))

    def compute_distance(self, pixel_width: float) -> float:
        """Compute the distance from sample to detector, in the unit of the pixel's width."""
        return pixel_width / self.slope


def stack_images(run: Run, key: str) -> Array | None:
    """Stack the images in a run's documents, shape (points, pixels); None where they do not hold one for each point."""
    frames = [run.arrays.get_point(number).get(key) for number in run.points.sequence_numbers]
    known = [np.ravel(frame) for frame in frames if frame is not None]
    if not known or len(known) != len(frames) or len({len(frame) for frame in known}) != 1:
        return None
    return np.stack(known)


def find_geometry(image: Array, monitor: Array, delta: Array, eta: float) -> Geometry:
    """Find the geometry from a scan of the detector's angle through the direct beam.

    Each pixel has its angle -(delta - 2 eta) at the frame in which it has most counts, divided by the monitor. A
    straight line is fitted to the tangents, each weighted by these counts: a pixel without counts has no weight.

    Parameters
    ----------
    image
        Counts, shape (frames, pixels).
    monitor, delta
        Counts of the monitor and angle of the detector in degrees, shape (frames,).
    eta
        Angle of the sample, degrees.

    Raises
    ------
    NoGeometryError
        Too few pixels have counts, or their angles do not lie on a line that crosses the detector.
    """
    usable = np.isfinite(monitor) & (monitor > 0) & np.isfinite(delta)
    if np.count_nonzero(usable) < 2:
        raise NoGeometryError(f"{np.count_nonzero(usable)} frames with counts of the monitor (expected 2 or more)")
    counts = np.where(np.isfinite(image[usable]), image[usable], 0.0) / monitor[usable, np.newaxis]
    frames, weights = counts.argmax(axis=0), counts.max(axis=0)
    pixels = np.flatnonzero(weights > 0)
    if len(pixels) < LEAST_PIXELS:
        raise NoGeometryError(f"{len(pixels)} pixels with counts (expected {LEAST_PIXELS} or more)")
    angles = -(delta[usable][frames[pixels]] - 2.0 * eta)
    tangents = np.tan(np.radians(angles))
    slope, offset = _fit_line(pixels.astype(np.float64), tangents, weights[pixels])
    _check_line(tangents - slope * pixels - offset, weights[pixels], delta[usable])
    pixel_zero = -offset / slope if slope else np.nan
    if not 0 <= pixel_zero < image.shape[1]:
        raise NoGeometryError(f"pixel zero at {pixel_zero:.6g} (expected 0 to {image.shape[1] - 1})")
    return Geometry(float(pixel_zero), float(slope), pixels, angles)


def _fit_line(x: Array, y: Array, weights: Array) -> tuple[float, float]:
    """Fit a line by least squares of the weighted residuals; return slope and offset."""
    squares = weights**2 / np.sum(weights**2)
    x_mean, y_mean = np.sum(squares * x), np.sum(squares * y)
    slope = np.sum(squares * (x - x_mean) * (y - y_mean)) / np.sum(squares * (x - x_mean) ** 2)
    return float(slope), float(y_mean - slope * x_mean)


def _check_line(residuals: Array, weights: Array, delta: Array) -> None:
    """Check that the pixels lie on their line within the steps of the scan."""
    positions = np.unique(delta)
    step = float(np.radians(np.median(np.diff(positions)))) if len(positions) > 1 else 0.0
    scatter = float(np.sqrt(np.sum((weights * residuals) ** 2) / np.sum(weights**2)))
    if not scatter <= step:
        raise NoGeometryError(
            f"the angles of the pixels scatter by {np.degrees(scatter):.3g}° (expected at most a step of the scan, "
            f"{np.degrees(step):.3g}°)"
        )
