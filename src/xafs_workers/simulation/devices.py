"""Simulated devices under their real names: axes, ion chambers, fluorescence detectors, all seeing the same photons."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ophyd import Component, Device, Signal
from ophyd.status import DeviceStatus

from xafs_workers.simulation.beam import Reading


class PhotonSource(Protocol):
    """A beam on a sample."""

    def read(
        self, energy: float, dwell: float, position: tuple[float, float] = (0.0, 0.0), *, pitch: float = 0.0
    ) -> Reading:
        """Return what is collected at one point."""
        ...


class Axis(Device):
    """A motor or pseudo motor that arrives at once.

    Parameters
    ----------
    setpoint
        Name of the setpoint's data key.
    seen
        From a setpoint to what is read back; without it they are the same.
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
        """Go to a position."""
        self._move(value)
        status = DeviceStatus(self)
        status.set_finished()
        return status

    @property
    def position(self) -> float:
        """Where the axis is, as read back."""
        here: Any = self.readback.get()
        return here

    def describe(self) -> Any:
        """Return the data keys with unit and precision."""
        described: Any = super().describe()
        return {key: {**about, "units": self.egu, "precision": 3} for key, about in described.items()}

    def _move(self, value: float) -> None:
        self.setpoint.put(float(value))
        self.readback.put(float(self._to_readback(float(value))))


class _ExposedPoint:
    """One exposure: what it gives, and who waits for its end."""

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
        """Return a status that ends with the exposure."""
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
    """Exposes for all detectors at once: those triggered for one point share its photons.

    Parameters
    ----------
    where
        Returns energy, eV, dwell time, s, stage position, mm, and pitch offset, mrad, as of now.
    pace
        Real seconds that one second of dwell time takes; 0: none.
    """

    def __init__(
        self, beam: PhotonSource, read_axes: Callable[[], tuple[float, float, tuple[float, float], float]], pace: float
    ):
        self._beam, self._read_axes, self._pace = beam, read_axes, pace
        self._point: _ExposedPoint | None = None

    def set_beam(self, beam: PhotonSource) -> None:
        """Expose in another beam from now on."""
        self._beam = beam
        self.reset()

    def reset(self) -> None:
        """Let the next detector expose anew: what an interrupted point left is nobody's."""
        self._point = None

    def take(self, detector: Device) -> tuple[Reading, DeviceStatus]:
        """Expose, or join the exposure that other detectors of this point began; return it and when it ends."""
        if self._point is None or detector.name in self._point.joined_detectors:
            energy, dwell, position, pitch = self._read_axes()
            self._point = _ExposedPoint(self._beam.read(energy, dwell, position, pitch=pitch), dwell * self._pace)
        return self._point.reading, self._point.join(detector)


class Detector(Device):
    """A detector that reads some numbers of an exposure.

    Parameters
    ----------
    keys
        Data key -> (key of the reading, index in it or None, unit).
    """

    def __init__(
        self, *, name: str, exposure: Exposure, keys: Mapping[str, tuple[str, int | None, str]], **kwargs: Any
    ):
        super().__init__(name=name, **kwargs)
        self._exposure, self._keys = exposure, dict(keys)
        self._signals = {key: Signal(name=key, value=0.0) for key in keys}

    def stage(self) -> list[Any]:
        """Get ready: nothing of an earlier plan's exposure is taken."""
        self._exposure.reset()
        return super().stage()

    def trigger(self) -> DeviceStatus:
        """Expose."""
        reading, status = self._exposure.take(self)
        for key, (source, index, _) in self._keys.items():
            value = reading[source]
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
                "precision": 1 if unit == "counts" else 3,
            }
            for key, (_, _, unit) in self._keys.items()
        }

    @property
    def hints(self) -> dict[str, list[str]]:
        """Return the data keys worth plotting."""
        return {"fields": list(self._keys)}


def build_ion_chambers(exposure: Exposure, *, electron_yield: bool = False) -> tuple[Detector, ...]:
    """Return the electrometers; their columns hold nA s although they say nA, as the real ones."""
    last = ("Ir", "Iy") if electron_yield else ("Ir",)
    columns = {"quadem1": last, "Ic0": ("I0",), "Ic1": ("It",)}
    return tuple(
        Detector(name=name, exposure=exposure, keys={key: (key, None, "nA") for key in keys})
        for name, keys in columns.items()
    )


def build_fluorescence_detector(name: str, element: str, channels: tuple[int, ...], exposure: Exposure) -> Detector:
    """Return a silicon drift detector whose columns are named by element and channel."""
    keys = {f"{element}{channel}": ("counts", place, "counts") for place, channel in enumerate(channels)}
    return Detector(name=name, exposure=exposure, keys=keys)
