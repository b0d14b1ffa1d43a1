"""Simulated devices with the names of the real ones: axes, ion chambers and fluorescence detectors, one common beam."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ophyd import Component, Device, Signal
from ophyd.status import DeviceStatus

from xafs_workers.simulation.beam import Reading


class PhotonSource(Protocol):
    """Beam on a sample, as the detectors use it."""

    def read(
        self, energy: float, dwell: float, position: tuple[float, float] = (0.0, 0.0), *, pitch: float = 0.0
    ) -> Reading:
        """Measure one point; return the signals of all detectors."""
        ...


class Axis(Device):
    """Motor or pseudo motor that reaches every position at once.

    Parameters
    ----------
    setpoint
        Name of the setpoint's data key.
    to_readback
        Converts a setpoint to the position read back; by default both are the same.
    """

    readback = Component(Signal, value=0.0, kind="hinted")
    setpoint = Component(Signal, value=0.0, kind="normal")

    def __init__(
        self,
        *,
        name: str,
        unit: str,
        value: float = 0.0,
        setpoint: str = "",
        to_readback: Callable[[float], float] = float,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.readback.name = name
        self.setpoint.name = setpoint or f"{name}_user_setpoint"
        self.egu = unit
        self._to_readback = to_readback
        self._move(value)

    def set(self, value: float) -> DeviceStatus:
        """Move to a position; return a finished status."""
        self._move(value)
        status = DeviceStatus(self)
        status.set_finished()
        return status

    @property
    def position(self) -> float:
        """Position of the axis, as read back."""
        position: Any = self.readback.get()
        return position

    def describe(self) -> Any:
        """Describe the data keys, with unit and precision."""
        described: Any = super().describe()
        return {key: {**about, "units": self.egu, "precision": 3} for key, about in described.items()}

    def _move(self, value: float) -> None:
        self.setpoint.put(float(value))
        self.readback.put(float(self._to_readback(float(value))))


class _ExposedPoint:
    """One exposure: its reading, and the statuses of the detectors that wait for its end."""

    def __init__(self, reading: Reading, seconds: float):
        self.reading = reading
        self.joined_detectors: set[str] = set()
        self._waiting: list[DeviceStatus] = []
        self._is_over = seconds <= 0
        self._lock = threading.Lock()
        if not self._is_over:
            timer = threading.Timer(seconds, self._end)
            timer.daemon = True
            timer.start()

    def join(self, detector: Device) -> DeviceStatus:
        """Add a detector to the exposure; return a status that finishes with the exposure."""
        status = DeviceStatus(detector)
        self.joined_detectors.add(detector.name)
        with self._lock:
            if not self._is_over:
                self._waiting.append(status)
                return status
        status.set_finished()
        return status

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
        for status in self._waiting:
            status.set_finished()


class Exposure:
    """Common exposure of all detectors: detectors triggered for the same point get the same photons.

    Parameters
    ----------
    beam
        The beam that is measured.
    read_axes
        Returns the present energy, eV, dwell time, s, stage position, mm, and pitch offset, mrad.
    pace
        Real seconds that one second of dwell time takes; 0 for no waiting.
    """

    def __init__(
        self, beam: PhotonSource, read_axes: Callable[[], tuple[float, float, tuple[float, float], float]], pace: float
    ):
        self._beam, self._read_axes, self._pace = beam, read_axes, pace
        self._point: _ExposedPoint | None = None

    def set_beam(self, beam: PhotonSource) -> None:
        """Use another beam from now on."""
        self._beam = beam
        self.reset()

    def reset(self) -> None:
        """Drop the exposure of an interrupted point, so that the next trigger begins a new one."""
        self._point = None

    def take(self, detector: Device) -> tuple[Reading, DeviceStatus]:
        """Expose a detector, or add it to the exposure of this point; return the reading and a status of its end."""
        if self._point is None or detector.name in self._point.joined_detectors:
            energy, dwell, position, pitch = self._read_axes()
            self._point = _ExposedPoint(self._beam.read(energy, dwell, position, pitch=pitch), dwell * self._pace)
        return self._point.reading, self._point.join(detector)


class Detector(Device):
    """Detector that reads some of the numbers of an exposure.

    Parameters
    ----------
    keys
        Data key -> (key in `Reading`, index in its value or None, unit).
    """

    def __init__(
        self, *, name: str, exposure: Exposure, keys: Mapping[str, tuple[str, int | None, str]], **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        self._exposure, self._keys = exposure, dict(keys)
        self._signals = {key: Signal(name=key, value=0.0) for key in keys}

    def stage(self) -> list[Any]:
        """Prepare for a plan: drop the exposure of an earlier plan."""
        self._exposure.reset()
        return super().stage()

    def trigger(self) -> DeviceStatus:
        """Expose, and store the reading's numbers; return a status that finishes with the exposure."""
        reading, status = self._exposure.take(self)
        for key, (source, index, _) in self._keys.items():
            value = reading[source]
            self._signals[key].put(float(value if index is None else value[index]))
        return status

    def read(self) -> Any:
        """Return the numbers of the last exposure, by data key."""
        return {key: reading for signal in self._signals.values() for key, reading in signal.read().items()}

    def describe(self) -> Any:
        """Describe the data keys, with units."""
        return {
            key: {
                "source": f"SIM:{self.name}",
                "dtype": "number",
                "shape": [],
                "units": unit,
                "precision": 1 if unit == "counts" else 3,
            }
            for key, (_, _, unit) in self._keys.items()
        }

    @property
    def hints(self) -> dict[str, list[str]]:
        """Data keys to plot."""
        return {"fields": list(self._keys)}


def build_ion_chambers(exposure: Exposure, *, electron_yield: bool = False) -> tuple[Detector, ...]:
    """Build the electrometers. Their columns hold nA s although their unit is given as nA, as at the real beamline."""
    last = ("Ir", "Iy") if electron_yield else ("Ir",)
    columns = {"quadem1": last, "Ic0": ("I0",), "Ic1": ("It",)}
    return tuple(
        Detector(name=name, exposure=exposure, keys={key: (key, None, "nA") for key in keys})
        for name, keys in columns.items()
    )


def build_fluorescence_detector(name: str, element: str, channels: tuple[int, ...], exposure: Exposure) -> Detector:
    """Build a silicon drift detector whose columns are named by element and channel."""
    keys = {f"{element}{channel}": ("counts", index, "counts") for index, channel in enumerate(channels)}
    return Detector(name=name, exposure=exposure, keys=keys)
