"""Simulated devices under their real names: axes, ion chambers, fluorescence detectors, all seeing the same photons."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from ophyd import Device, Signal
from ophyd.sim import SynAxis
from ophyd.status import DeviceStatus

PITCH = 2.5
"""Where the second crystal is on its rocking curve's top, mrad."""


class Shines(Protocol):
    """A beam on a sample."""

    def read(
        self, energy: float, dwell: float, position: tuple[float, float] = (0.0, 0.0), *, pitch: float = 0.0
    ) -> Mapping[str, Any]:
        """Return what is collected at one point."""
        ...


class Axis(SynAxis):
    """A motor or pseudo motor with a unit.

    Parameters
    ----------
    setpoint
        Name of the setpoint's data key.
    """

    def __init__(self, *, name: str, unit: str, value: float = 0.0, setpoint: str = "", **kwargs: Any):
        start: Any = value
        super().__init__(name=name, value=start, egu=unit, **kwargs)
        self.setpoint.name = setpoint or f"{name}_user_setpoint"

    def describe(self) -> Any:
        """Return the data keys with unit and precision."""
        described: Any = super().describe()
        return {key: {**about, "units": self.egu, "precision": 3} for key, about in described.items()}


class Exposure:
    """One point's worth of photons, shared by all detectors that are triggered for it.

    Parameters
    ----------
    pace
        Real seconds that one second of dwell time takes; 0: none.
    """

    def __init__(self, beam: Shines, axes: Mapping[str, Axis], pace: float):
        self.beam, self._axes, self._pace = beam, axes, pace
        self.point: Mapping[str, Any] = {}
        self._served: set[str] = set()
        self._done: threading.Event | None = None

    def take(self, detector: Device) -> DeviceStatus:
        """Expose, or join the exposure that other detectors of this point began; return its status."""
        if not self.point or detector.name in self._served:
            self._expose()
        self._served.add(detector.name)
        status = DeviceStatus(detector)
        dwell = float(self._axes["dwti_dwell_time"].position)
        if self._pace <= 0:
            status.set_finished()
        else:
            timer = threading.Timer(dwell * self._pace, status.set_finished)
            timer.daemon = True
            timer.start()
        return status

    def _expose(self) -> None:
        self._served = set()
        position = (float(self._axes["xafs_x"].position), float(self._axes["xafs_y"].position))
        self.point = self.beam.read(
            float(self._axes["dcm_energy"].position),
            float(self._axes["dwti_dwell_time"].position),
            position,
            pitch=float(self._axes["dcm_pitch"].position) - PITCH,
        )


class Detector(Device):
    """A detector that reads some numbers of an exposure.

    Parameters
    ----------
    keys
        Data key -> (key of the point, index in it or None, unit).
    """

    def __init__(
        self, *, name: str, exposure: Exposure, keys: Mapping[str, tuple[str, int | None, str]], **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        self._exposure, self._keys = exposure, dict(keys)
        self._signals = {key: Signal(name=key, value=0.0) for key in keys}

    def trigger(self) -> DeviceStatus:
        """Expose."""
        status = self._exposure.take(self)
        for key, (source, index, _) in self._keys.items():
            value = self._exposure.point[source]
            self._signals[key].put(float(value if index is None else value[index]))
        return status

    def read(self) -> Any:
        """Return the numbers of the last exposure."""
        return {key: reading for signal in self._signals.values() for key, reading in signal.read().items()}

    def describe(self) -> Any:
        """Return the data keys with units."""
        return {
            key: {
                "source": f"SIM:{self.name}",
                "dtype": "number",
                "shape": [],
                "units": unit,
                "precision": 3,
                "object_name": self.name,
            }
            for key, (_, _, unit) in self._keys.items()
        }

    @property
    def hints(self) -> dict[str, list[str]]:
        """Return the data keys worth plotting."""
        return {"fields": list(self._keys)}


def ion_chambers(exposure: Exposure) -> dict[str, Detector]:
    """Return the chambers; the columns hold nA s although they say nA, as the real ones."""
    return {
        "Ic0": Detector(name="Ic0", exposure=exposure, keys={"I0": ("I0", None, "nA")}),
        "Ic1": Detector(name="Ic1", exposure=exposure, keys={"It": ("It", None, "nA")}),
        "quadem1": Detector(name="quadem1", exposure=exposure, keys={"Ir": ("Ir", None, "nA")}),
    }


def yield_chamber(exposure: Exposure) -> Detector:
    """Return the electrometer that reads the reference chamber and the electron yield."""
    return Detector(name="quadem1", exposure=exposure, keys={"Ir": ("Ir", None, "nA"), "Iy": ("Iy", None, "nA")})


def fluorescence_detector(name: str, element: str, channels: tuple[int, ...], exposure: Exposure) -> Detector:
    """Return a silicon drift detector whose columns are named by element and channel."""
    keys = {f"{element}{channel}": ("counts", place, "counts") for place, channel in enumerate(channels)}
    return Detector(name=name, exposure=exposure, keys=keys)
