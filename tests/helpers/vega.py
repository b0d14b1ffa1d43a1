"""A simulated beamline that is not BMM: other devices, data keys, metadata; the same physics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bluesky import RunEngine
from bluesky import plans as bp
from cycler import cycler

from xafs_workers import producer
from xafs_workers.elements import find_edge_energy
from xafs_workers.simulation.beam import Beam
from xafs_workers.simulation.devices import Axis, Detector, Exposure
from xafs_workers.simulation.grid import build_energy_grid
from xafs_workers.simulation.samples import SAMPLES

CHANNELS = (1, 2, 3, 4)
ABOUT = {"year": "2026", "experiment": {"id": "HC-1234"}}
EDGE = find_edge_energy("Fe", "K") or 0.0


class VegaBeamline:
    """Its session: one sample, two chambers before and after it, a four-element detector, a stage."""

    def __init__(self, send: Callable[[Mapping[str, Any]], None], publish: Callable[[str, Any], None]):
        self.send = send
        self.energy = Axis(name="mono_energy", unit="eV", value=EDGE + 50)
        self.time = Axis(name="count_time", unit="s", value=0.5)
        self.x = Axis(name="sample_x", unit="mm")
        self.z = Axis(name="sample_z", unit="mm")
        beam = Beam(SAMPLES["Fe2O3"], channels=CHANNELS)
        exposure = Exposure(beam, self._read_positions, 0.0)
        chambers = {f"ionch_{number}": (name, None, "nA") for number, name in enumerate(("I0", "It", "Ir"), 1)}
        regions = {f"fluo_Fe_{n}": ("counts", place, "counts") for place, n in enumerate(CHANNELS)}
        self.detectors = [
            Detector(name="chambers", exposure=exposure, keys=chambers),
            Detector(name="vortex", exposure=exposure, keys=regions),
        ]
        self.engine = RunEngine({"beamline_id": "vega", **ABOUT}, context_managers=[])
        self.engine.subscribe(publish)

    def _read_positions(self) -> tuple[float, float, tuple[float, float], float]:
        return self.energy.position, self.time.position, (self.x.position, self.z.position), 0.0

    def scan_line(self) -> Any:
        scan = bp.rel_scan(self.detectors, self.x, -9, 9, 31)
        return producer.plot_linescan(
            scan, motor="sample_x", detector="If", fname="across", send=self.send, fluo_detector="Vortex ME4"
        )

    def scan_map(self) -> Any:
        slow, fast = producer.MapAxis("sample_z", -3, 3, 7), producer.MapAxis("sample_x", -8, 8, 9)
        scan = bp.rel_grid_scan(self.detectors, self.z, -3, 3, 7, self.x, -8, 8, 9)
        return producer.plot_areascan(
            scan, slow=slow, fast=fast, detector="It", filename="map", energy=EDGE + 50, send=self.send
        )

    def scan_xafs(self) -> Any:
        energies, dwells = zip(*build_energy_grid("-100 -20 20 8k", "5 0.5 0.05k", "0.5 0.5 0.25k", EDGE), strict=True)
        path = cycler(self.energy, energies) + cycler(self.time, dwells)
        about = producer.SequenceDescription(
            "Fe",
            "K",
            "fluorescence",
            "hematite",
            2,
            sample="Fe2O3",
            reference_material="Fe",
            fluo_detector="Vortex ME4",
        )
        return producer.plot_xafs_sequence(lambda count: bp.scan_nd(self.detectors, path), about, send=self.send)

    def close(self) -> None:
        loop = self.engine.loop
        loop.call_soon_threadsafe(loop.stop)
        self.engine._th.join(10)
        loop.close()
