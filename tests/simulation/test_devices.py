"""Check devices: one exposure serves all detectors of a point, ends on time and is never reused for another point."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from ophyd.status import wait

from helpers.patience import SECONDS as TIMEOUT
from xafs_workers.simulation.axes import BASELINE, ENCODER_RESOLUTION, build_axes, compute_encoder_energy
from xafs_workers.simulation.beam import HC, SI111, Reading
from xafs_workers.simulation.devices import Axis, Exposure, build_fluorescence_detector, build_ion_chambers

pytestmark = pytest.mark.slow


class CountingBeam:
    """Beam that returns the number of the exposure as every signal, and records the calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float, tuple[float, float], float]] = []

    def read(
        self, energy: float, dwell: float, position: tuple[float, float] = (0.0, 0.0), *, pitch: float = 0.0
    ) -> Reading:
        self.asked.append((energy, dwell, position, pitch))
        number = float(len(self.asked))
        return Reading(I0=number, It=number, Ir=number, Iy=number, counts=(number, 10 * number))


def build_position_reader(dwell: float = 1.0) -> Callable[[], tuple[float, float, tuple[float, float], float]]:
    return lambda: (7112.0, dwell, (1.0, 2.0), 0.1)


def numbers(detectors) -> dict[str, float]:
    return {key: reading["value"] for detector in detectors for key, reading in detector.read().items()}


def test_all_detectors_of_a_point_share_its_photons() -> None:
    beam = CountingBeam()
    exposure = Exposure(beam, build_position_reader(), 0.0)
    detectors = [
        *build_ion_chambers(exposure, electron_yield=True),
        build_fluorescence_detector("SDD", "Fe", (1, 2), exposure),
    ]
    for count in (1, 2):
        for detector in detectors:
            wait(detector.trigger(), TIMEOUT)
        expected = dict.fromkeys(("Ir", "Iy", "I0", "It", "Fe1"), float(count)) | {"Fe2": 10.0 * count}
        assert numbers(detectors) == expected
    assert beam.asked == [(7112.0, 1.0, (1.0, 2.0), 0.1)] * 2


def test_counts_of_an_interrupted_point_are_dropped() -> None:
    exposure = Exposure(CountingBeam(), build_position_reader(), 0.0)
    quadem, i0, _ = build_ion_chambers(exposure)
    quadem.trigger()
    i0.stage()
    i0.trigger()
    assert numbers([i0]) == {"I0": 2.0}


def test_another_beam_starts_another_exposure() -> None:
    exposure = Exposure(CountingBeam(), build_position_reader(), 0.0)
    quadem, i0, _ = build_ion_chambers(exposure)
    quadem.trigger()
    other = CountingBeam()
    exposure.set_beam(other)
    i0.trigger()
    assert len(other.asked) == 1


def test_a_point_takes_its_dwell_time_with_a_pace() -> None:
    exposure = Exposure(CountingBeam(), build_position_reader(dwell=2.0), 0.1)
    began = time.monotonic()
    statuses = [detector.trigger() for detector in build_ion_chambers(exposure)]
    assert not any(status.done for status in statuses)
    for status in statuses:
        wait(status, TIMEOUT)
    assert 0.2 <= time.monotonic() - began < 2.0


def test_no_device_waits_without_a_pace() -> None:
    exposure = Exposure(CountingBeam(), build_position_reader(dwell=1e6), 0.0)
    for detector in build_ion_chambers(exposure):
        wait(detector.trigger(), TIMEOUT)


def test_one_timer_serves_all_detectors() -> None:
    exposure = Exposure(CountingBeam(), build_position_reader(dwell=1.0), 0.3)
    before = {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)}
    statuses = [detector.trigger() for detector in build_ion_chambers(exposure)]
    timers = {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)} - before
    assert len(timers) == 1
    for status in statuses:
        wait(status, TIMEOUT)


def test_an_axis_reads_back_where_it_was_sent() -> None:
    axis = Axis(name="xafs_x", unit="mm", value=1.5)
    assert axis.position == 1.5
    wait(axis.set(-3), TIMEOUT)
    assert {key: reading["value"] for key, reading in axis.read().items()} == {
        "xafs_x": -3.0,
        "xafs_x_user_setpoint": -3.0,
    }
    assert axis.hints == {"fields": ["xafs_x"]}
    assert {key: about["units"] for key, about in axis.describe().items()} == dict.fromkeys(axis.read(), "mm")
    assert axis.describe_configuration() == {}


def test_currents_have_the_unit_of_the_real_devices() -> None:
    described = {
        key: about
        for detector in build_ion_chambers(Exposure(CountingBeam(), build_position_reader(), 0.0))
        for key, about in detector.describe().items()
    }
    assert {key: about["units"] for key, about in described.items()} == {"I0": "nA", "It": "nA", "Ir": "nA"}


def test_the_energy_is_read_in_steps_of_the_encoder() -> None:
    step = 2 * SI111 / HC * 7112.0**2 * (1 - (HC / (2 * SI111 * 7112.0)) ** 2) ** 0.5 * ENCODER_RESOLUTION * 0.0174533
    energies = [7112.0 + 0.01 * number for number in range(50)]
    off = [compute_encoder_energy(energy) - energy for energy in energies]
    assert 0 < max(map(abs, off)) <= 0.51 * step
    axis = build_axes(7112.0)["dcm_energy"]
    wait(axis.set(7200.0), TIMEOUT)
    assert axis.position == compute_encoder_energy(7200.0)
    assert axis.read()["dcm_energy_setpoint"]["value"] == 7200.0


def test_the_axes_have_the_names_of_the_real_ones() -> None:
    made = build_axes(7112.0)
    keys = {name: list(axis.read()) for name, axis in made.items()}
    assert keys["xafs_x"] == ["xafs_x", "xafs_x_user_setpoint"]
    assert keys["slits3_hcenter"] == ["slits3_hcenter", "slits3_hcenter_setpoint"]
    assert keys["dwti_dwell_time"] == ["dwti_dwell_time", "dwti_dwell_time_setpoint"]
    assert made["xafs_wheel"].egu == "deg"
    assert set(made) == {*BASELINE, "dcm_energy", "dwti_dwell_time"}
    with pytest.raises(KeyError):
        made["xafs_z"]
