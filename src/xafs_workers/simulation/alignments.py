"""Alignment plans of the simulated beamline: a slot of the sample wheel, a spinner, a wafer, the monochromator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import asin, degrees, sqrt
from typing import Any

import numpy as np
from bluesky import plan_stubs as bps
from bluesky import preprocessors as bpp

from xafs_workers.simulation.beam import HC, SI111
from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.paths import Array
from xafs_workers.simulation.plans import Plan, enter_resting_state, find_axis, post_message, scan_line

FOIL_EDGES = {"Fe": 7110.7, "Co": 7708.8, "Ni": 8331.5, "Cu": 8980.5, "Zn": 9660.8, "Pt": 11562.8, "Au": 11919.7}
"""Edge energies of foils for the calibration, eV (Kraft et al., Rev. Sci. Instrum. 67, 681 (1996))."""


@dataclass(slots=True)
class Curve:
    """Measured curve of a line scan: position and signal of each point, in the order of its events."""

    motor: str
    numerator: str
    denominator: str = "I0"
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)

    def on_event(self, document: dict[str, Any]) -> None:
        """Add the point of an event document; events of the baseline have no I0 and add nothing."""
        data = document["data"]
        if self.denominator in data:
            columns = [data[key] for key in data if key == self.numerator or key[:-1] == self.numerator]
            self.x.append(float(data[self.motor]))
            self.y.append(float(sum(columns)) / float(data[self.denominator]))

    def remove_offset(self) -> Curve:
        """Return the curve less its first value, which is measured behind the closed part of the holder."""
        return Curve(self.motor, self.numerator, x=self.x, y=[value - self.y[0] for value in self.y])


def find_slot(beamline: Beamline) -> Plan:
    """Find the centre of the sample's slot, first in y and then in x, and move there."""
    send = beamline.send
    send({"align_wheel": "start"})
    for motor, span in (("xafs_y", (-3.0, 3.0, 31)), ("xafs_x", (-9.0, 9.0, 31))):
        uid, curve = yield from _measure_curve(beamline, motor, "It", span)
        shifted = curve.remove_offset()
        guess = (np.mean(curve.x), max(shifted.y), (span[1] - span[0]) / 2.0, 0.4)
        center, amplitude, best = fit_curve(compute_slot_shape, shifted, guess)
        send({"close": "last"})
        found = {"motor": motor, "detector": "it", "center": center, "amplitude": amplitude, "uid": uid}
        send({"align_wheel": "find_slot", **found, **_to_arrays(shifted, best)})
        yield from bps.mv(find_axis(beamline, motor), center)
        yield from enter_resting_state(beamline)
    send({"close": "all"})
    send({"align_wheel": "stop"})


def align_spinner(beamline: Beamline, spinner: int = 3) -> Plan:
    """Align a flat sample at glancing angle.

    The height at which the sample blocks half of the beam and the pitch at which it lies flat are found twice, one
    after the other; then the position with the most fluorescence is found.
    """
    send, picture = beamline.send, f"{beamline.folder}/snapshots/spinner{spinner}-alignment.png"
    post_message(beamline, f"aligning spinner {spinner}")
    send({"glancing_angle": "start", "filename": picture})

    def align() -> Plan:
        for _ in range(2):
            yield from _find_half_beam(beamline, spinner)
            yield from _find_flat_pitch(beamline, spinner)
        yield from _find_most_fluorescence(beamline, spinner)
        send({"close": "last"})
        send({"glancing_angle": "stop"})

    yield from bpp.finalize_wrapper(align(), lambda: enter_resting_state(beamline))


def find_wafer_edge(beamline: Beamline) -> Plan:
    """Find the edge of a wafer (simulated by the edge of the slot) and send the result."""
    center = find_axis(beamline, "xafs_x").position
    yield from bps.mv(find_axis(beamline, "xafs_x"), center - 6.0)
    uid, curve = yield from _measure_curve(beamline, "xafs_x", "It", (-2.0, 2.0, 41))
    yield from enter_resting_state(beamline)
    beamline.send({"close": "last"})
    edge, amplitude, best = fit_curve(compute_step_shape, curve, (np.mean(curve.x), max(curve.y), 0.5))
    found = {"motor": "xafs_x", "center": edge, "amplitude": amplitude, "uid": uid}
    beamline.send({"wafer": "edge", **found, **_to_arrays(curve, best)})
    yield from bps.mv(find_axis(beamline, "xafs_x"), center)
    yield from enter_resting_state(beamline)


def calibrate_mono(beamline: Beamline, *, with_errors: bool = True) -> Plan:
    """Calibrate the monochromator: fit lattice spacing and angle offset to the measured angles of known edges."""
    from scipy.optimize import curve_fit

    energies = np.array(sorted(FOIL_EDGES.values()))
    rng = np.random.default_rng(beamline.simulation_setup.seed)
    angles = np.degrees(np.arcsin(HC / (2.0 * SI111 * energies))) + rng.normal(0.0, 2e-4, energies.size)

    def compute_bragg_energy(theta: Array, spacing: float, offset: float) -> Array:
        return HC / (2.0 * spacing * np.sin(np.radians(theta + offset)))

    (spacing, offset), covariance = curve_fit(compute_bragg_energy, angles, energies, p0=(SI111, 0.0))
    errors = [float(error) if with_errors else None for error in np.sqrt(np.diag(covariance))]
    message = {
        "mono_calibration": True,
        "found": compute_bragg_energy(angles, spacing, offset).tolist(),
        "ee": energies.tolist(),
        "tt": [degrees(asin(HC / (2.0 * SI111 * energy))) for energy in energies],
        "mono": "111",
        "dspacing": [float(spacing), errors[0]],
        "offset": [float(offset), errors[1]],
    }
    beamline.send(message)
    yield from bps.null()


def compute_slot_shape(x: Array, center: float, height: float, width: float, blur: float) -> Array:
    """Compute the transmission of a slot for a beam of Gaussian profile: the difference of two error functions."""
    from scipy.special import erf

    scale = sqrt(2.0) * max(abs(blur), 1e-3)
    return 0.5 * height * (erf((x - center + width / 2) / scale) - erf((x - center - width / 2) / scale))


def compute_step_shape(x: Array, center: float, height: float, blur: float) -> Array:
    """Compute the transmission past a straight edge for a beam of Gaussian profile: an error function."""
    from scipy.special import erf

    return 0.5 * height * (1.0 + erf((x - center) / (sqrt(2.0) * max(abs(blur), 1e-3))))


def fit_curve(shape: Callable[..., Array], curve: Curve, guess: tuple[Any, ...]) -> tuple[float, float, Array]:
    """Fit a shape to a curve; return its centre, its height and the fitted values."""
    from scipy.optimize import curve_fit

    x, y = np.array(curve.x), np.array(curve.y)
    found, _ = curve_fit(shape, x, y, p0=guess, maxfev=5000)
    return float(found[0]), float(found[1]), shape(x, *found)


def _measure_curve(beamline: Beamline, motor: str, detector: str, span: tuple[float, float, int]) -> Plan:
    """Do a line scan; return the run's uid and the measured curve."""
    curve = Curve(motor, detector if detector != "Xs" else beamline.sample.element)
    line = scan_line(beamline, motor, detector, span)
    uid = yield from bpp.subs_wrapper(line, {"event": [lambda name, document: curve.on_event(document)]})
    return uid, curve


def _find_half_beam(beamline: Beamline, spinner: int) -> Plan:
    """Find the height at which the sample's edge blocks half of the beam, and move there."""
    beamline.send({"close": "last"})
    yield from bps.mv(find_axis(beamline, "xafs_y"), beamline.slot_edge)
    _, curve = yield from _measure_curve(beamline, "xafs_y", "It", (-1.5, 1.5, 31))
    is_falling = curve.y[0] > curve.y[-1]
    heights = [max(curve.y) - y for y in curve.y] if is_falling else curve.y
    rising = Curve(curve.motor, curve.numerator, x=curve.x, y=heights)
    center, amplitude, best = fit_curve(compute_step_shape, rising, (np.mean(curve.x), max(rising.y), 0.3))
    about = {"inverted": "inverted " if is_falling else "", "spinner": spinner, "uid": None}
    found = {"motor": "xafs_y", "center": center, "amplitude": amplitude}
    beamline.send({"close": "last"})
    yield from bps.mv(find_axis(beamline, "xafs_y"), center)
    beamline.send({"glancing_angle": "linear", **found, **about, **_to_arrays(rising, best)})


def _find_flat_pitch(beamline: Beamline, spinner: int) -> Plan:
    """Find the pitch at which the sample blocks the least of the beam, and move there."""
    beamline.send({"close": "last"})
    _, curve = yield from _measure_curve(beamline, "xafs_pitch", "It", (-3.0, 3.0, 31))
    best = int(np.argmax(curve.y))
    found = {"motor": "xafs_pitch", "center": curve.x[best], "amplitude": curve.y[best]}
    points = {"xaxis": curve.x, "data": curve.y}
    beamline.send({"close": "last"})
    yield from bps.mv(find_axis(beamline, "xafs_pitch"), curve.x[best])
    beamline.send({"glancing_angle": "pitch", **found, "spinner": spinner, "uid": None, **points})


def _find_most_fluorescence(beamline: Beamline, spinner: int) -> Plan:
    beamline.send({"close": "last"})
    _, curve = yield from _measure_curve(beamline, "xafs_x", "Xs", (-9.0, 9.0, 31))
    x, y = curve.x[2:], curve.y[2:]  # the real plan also leaves out the first two points
    center, amplitude = _find_plateau(x, y)
    found = {"motor": "xafs_x", "center": center, "amplitude": amplitude, "inverted": ""}
    yield from bps.mv(find_axis(beamline, "xafs_x"), center)
    beamline.send({"glancing_angle": "fluo", **found, "spinner": spinner, "uid": None, "xaxis": x, "data": y})


def _find_plateau(x: list[float], y: list[float]) -> tuple[float, float]:
    """Find the middle of the places above half of the height, and the median of the signal there.

    The largest value of a plateau is at a random place of it.
    """
    places, signal = np.asarray(x), np.asarray(y)
    is_above = signal > 0.5 * (signal.min() + signal.max())
    return float(np.mean((places[is_above].min(), places[is_above].max()))), float(np.median(signal[is_above]))


def _to_arrays(curve: Curve, best: Array) -> dict[str, list[float]]:
    return {"xaxis": list(curve.x), "data": list(curve.y), "best_fit": [float(value) for value in best]}
