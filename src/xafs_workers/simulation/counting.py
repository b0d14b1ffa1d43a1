"""Counting plans of the simulated beamline: an XRF spectrum, and absorption at a single energy against time."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from ophyd import Device, Signal
from ophyd.status import DeviceStatus

from xafs_workers.simulation.beam import compute_solid_angles
from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.metadata import build_short_xdi
from xafs_workers.simulation.paths import Array
from xafs_workers.simulation.plans import NotReadyError, Plan, enter_resting_state, measure_timescan, post_message

BIN_COUNT = 4096
BIN_WIDTH = 10.0
"""Width of a bin, eV."""

LINE_WIDTH = 65.0
"""Standard deviation of a line in the spectrum of a silicon drift detector, eV."""

LINE_COUNTS = 40_000.0
"""Counts of all channels together in the strongest line."""


class Spectrometer(Device):
    """Fluorescence detector that is read out as whole spectra: one array for each channel."""

    def __init__(self, beamline: Beamline):
        detector = beamline.detector
        if detector is None:
            raise NotReadyError("XRF: no fluorescence detector is mounted")
        super().__init__(name=detector.name)
        self._channels = [int(key[len(beamline.sample.element) :]) for key in detector.describe()]
        self._beamline = beamline
        self._random = np.random.default_rng((beamline.simulation_setup.seed, 77))
        self._signals = {channel: Signal(name=f"{self.name}_channel{channel:02d}_xrf") for channel in self._channels}

    def trigger(self) -> DeviceStatus:
        """Measure a spectrum in each channel; return a finished status."""
        expected = compute_expected_counts(self._beamline)
        for channel, share in zip(self._channels, compute_solid_angles(self._channels), strict=True):
            self._signals[channel].put(self._random.poisson(share * expected).astype(float))
        status = DeviceStatus(self)
        status.set_finished()
        return status

    def read(self) -> Any:
        """Return the measured spectra by data key."""
        read = {key: one for signal in self._signals.values() for key, one in signal.read().items()}
        return {key: {**one, "value": one["value"].tolist()} for key, one in read.items()}

    def describe(self) -> Any:
        """Describe the data keys: one array of counts for each channel."""
        about = {"source": f"SIM:{self.name}", "dtype": "array", "shape": [BIN_COUNT], "units": "counts"}
        return {signal.name: dict(about) for signal in self._signals.values()}


def compute_expected_counts(beamline: Beamline) -> Array:
    """Compute the expected counts of all channels in each bin, shape (4096,): lines, scattered beam, background."""
    import xraydb

    sample = beamline.sample
    energy: Array = np.arange(BIN_COUNT, dtype=np.float64) * BIN_WIDTH
    incident = beamline.axes["dcm_energy"].position
    lines = xraydb.xray_lines(sample.element, sample.edge, excitation_energy=incident)
    counts = 4.0 * np.exp(-energy / 6000.0)
    for line in lines.values():
        counts += LINE_COUNTS * line.intensity * _compute_peak(energy, line.energy)
    elastic, compton = (
        0.15 * LINE_COUNTS * _compute_peak(energy, incident),
        0.3 * LINE_COUNTS * _compute_peak(energy, _compute_compton_energy(incident), 1.6),
    )
    return np.where(energy < incident + 400.0, counts, 0.0) + elastic + compton


def measure_xrf(beamline: Beamline, filename: str) -> Plan:
    """Measure one XRF spectrum in each channel, and request its picture and its file.

    Raises
    ------
    NotReadyError
        No fluorescence detector is mounted.
    """
    spectrometer = Spectrometer(beamline)
    xdi = build_short_xdi(beamline.mounted_sample, beamline.proposal, {"_kind": "xrf"})
    uid = yield from bp.count([spectrometer], md={"plan_name": "count xafs_metadata XRF", "XDI": xdi})
    beamline.send({"xrf": "plot", "uid": uid, "add": False, "filename": f"{filename}_XRF.png", "post": False})
    beamline.send({"xrf": "write", "uid": uid, "filename": f"{filename}.xrf"})
    return uid


def measure_sead(beamline: Beamline, filename: str, detector: str = "It", points: int = 40, dwell: float = 0.5) -> Plan:
    """Measure the absorption at a single energy against time, and request its data file and its report.

    Raises
    ------
    NotReadyError
        No mounted detector measures the signal.
    """
    send, rid, picture = beamline.send, uuid4().hex[:8], f"{filename}.001_sead.png"
    send({"next_index": True, "folder": beamline.folder, "stub": filename})
    send({"file_exists": True, "folder": beamline.folder, "filename": f"{filename}.001", "number": False})
    send({"dossier": "start", "stub": filename})
    post_message(beamline, f"single energy absorption: {filename}", rid)
    energy = beamline.axes["dcm_energy"].position
    more = {"_kind": "sead", "_filename": f"{filename}.001", "_user": {"filename": filename, "pngfile": picture}}
    xdi = build_short_xdi(beamline.mounted_sample, beamline.proposal, {**more, "Beamline": {"energy": energy}})

    def measure() -> Plan:
        uid = yield from measure_timescan(beamline, detector, points, dwell, fname=picture, xdi=xdi)
        send({"seadxdi": True, "uid": uid, "filename": f"{filename}.001"})
        send({"dossier": "set", "rid": rid, "folder": beamline.folder, "uidlist": [uid]})
        send({"dossier": "sead"})
        post_message(beamline, f"finished {filename}")
        return uid

    return (yield from bpp.finalize_wrapper(measure(), lambda: enter_resting_state(beamline)))


def _compute_peak(energy: Array, at: float, wider: float = 1.0) -> Array:
    """Compute a Gaussian of unit sum around an energy, eV, same shape as energy."""
    width = wider * LINE_WIDTH
    return np.exp(-0.5 * ((energy - at) / width) ** 2) * BIN_WIDTH / (width * np.sqrt(2.0 * np.pi))


def _compute_compton_energy(energy: float) -> float:
    """Compute the energy of photons scattered by 90 degrees, eV (Compton's formula; 511 keV is the electron's mass)."""
    return energy / (1.0 + energy / 511_000.0)
