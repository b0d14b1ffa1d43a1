"""Session at the simulated beamline: RunEngine, devices and baseline; sends documents and control messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import hypot, radians, sin
from types import TracebackType
from typing import Any, Self

from bluesky import RunEngine
from bluesky.preprocessors import SupplementalData

from xafs_workers.elements import find_edge_energy
from xafs_workers.settings import Detectors
from xafs_workers.settings.profiles import build_default_section
from xafs_workers.simulation.axes import BASELINE, PEAK_PITCH, build_axes
from xafs_workers.simulation.beam import Beam, Slot
from xafs_workers.simulation.devices import Detector, Exposure, build_fluorescence_detector, build_ion_chambers
from xafs_workers.simulation.metadata import MountedSample, Proposal
from xafs_workers.simulation.samples import SAMPLES, Sample

Message = Mapping[str, Any]

SLOT_POSITION = (12.3, 118.9)
"""Stage position (x, y) of the sample's slot, mm."""

HOLDER_LENGTH = 20.0
"""Length of the sample holder along the beam, mm."""

FLAT_PITCH = 2.4
"""Pitch of the stage at which the holder is parallel to the beam, degrees."""

BEAM_HEIGHTS = {"dm3_bct": 43.0, "m2_yu": 6.0}
"""Positions of the axes that follow the height of the beam at which they lose none of it, mm."""

HEIGHT_LOSS = 0.08
"""Pitch offset that loses as much beam as a height offset of 1 mm, mrad."""

_FIRST_SAMPLE = "Fe foil"
_END_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class SimulationSetup:
    """Settings of a simulated session: outputs for documents and messages, proposal, pace and seed.

    Attributes
    ----------
    send
        Function that sends a control message.
    publish
        Function that publishes a document, for example one from `create_kafka_publisher`.
    proposals_root
        Folder that holds the proposal folders.
    proposal
        Proposal of the experiment.
    pace
        Real seconds that one second of dwell time takes; 0 for no waiting.
    seed
        Seed of the noise: the same seed and the same plans give the same numbers.
    """

    send: Callable[[Message], None]
    publish: Callable[[str, dict[str, Any]], None]
    proposals_root: str
    proposal: Proposal = field(default_factory=Proposal)
    pace: float = 0.0
    seed: int = 0


class Beamline:
    """One session at the beamline; it begins with an iron foil mounted. `close` it, or use it in a with statement."""

    def __init__(self, simulation_setup: SimulationSetup, **engine: Any):
        self.simulation_setup = simulation_setup
        self.proposal = simulation_setup.proposal
        self.folder = f"{simulation_setup.proposals_root}/{self.proposal.cycle}/{self.proposal.session}"
        self.send = simulation_setup.send
        self.axes = build_axes(_find_edge_energy(SAMPLES[_FIRST_SAMPLE]))
        self._mount_count = 0
        self._exposure = Exposure(self._create_beam(SAMPLES[_FIRST_SAMPLE], ()), self._read_axes, simulation_setup.pace)
        self.mount(_FIRST_SAMPLE)
        self.engine = RunEngine(
            {
                "beamline_id": "BMM",
                "data_session": self.proposal.session,
                "cycle": self.proposal.cycle,
                "username": self.proposal.user,
                "proposal": self.proposal.as_dict(),
                "scan_id": 0,
            },
            **engine,
        )
        self.engine.preprocessors.append(SupplementalData(baseline=[self.axes[name] for name in BASELINE]))
        self.engine.subscribe(simulation_setup.publish)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the RunEngine's thread. The publisher is not flushed: its creator must do that."""
        loop = self.engine.loop
        if loop.is_closed():
            return
        loop.call_soon_threadsafe(loop.stop)
        self.engine._th.join(_END_TIMEOUT)  # noqa: SLF001 - bluesky offers no other way to end its thread
        loop.close()

    def mount(self, sample: str, detector: str | None = None, *, electron_yield: bool = False) -> None:
        """Put a sample into the beam, tune the energy to its edge and choose the fluorescence detector.

        Parameters
        ----------
        sample
            Name of the sample, a key of `SAMPLES`.
        detector
            Name of the fluorescence detector: ``1-element SDD``, ``4-element SDD``, ``7-element SDD`` or None.
        electron_yield
            Whether the electron yield is read, too.

        Raises
        ------
        ValueError
            The sample or the detector does not exist.
        """
        known = {
            name: numbers
            for name, numbers in build_default_section("detectors", Detectors).channels.items()
            if name.endswith("SDD")
        }
        if sample not in SAMPLES:
            raise ValueError(f"unknown sample {sample!r} (expected one of {', '.join(SAMPLES)})")
        if detector is not None and detector not in known:
            raise ValueError(f"unknown fluorescence detector {detector!r} (expected one of {', '.join(known)})")
        self.sample, channels = SAMPLES[sample], known[detector] if detector else ()
        self.edge = _find_edge_energy(self.sample)
        self._exposure.set_beam(self._create_beam(self.sample, channels))
        self.chambers = build_ion_chambers(self._exposure, electron_yield=electron_yield)
        self.electron_yield = electron_yield
        self.detector = (
            build_fluorescence_detector(detector, self.sample.element, channels, self._exposure) if detector else None
        )
        for axis, value in (("dcm_energy", self.edge + 50), ("xafs_x", SLOT_POSITION[0]), ("xafs_y", SLOT_POSITION[1])):
            self.axes[axis].set(value)

    @property
    def detectors(self) -> list[Detector]:
        """Detectors in use, in the order in which plans list them."""
        return [*self.chambers, self.detector] if self.detector else [*self.chambers]

    @property
    def mounted_sample(self) -> MountedSample:
        """Mounted sample with its position and detectors, for start documents."""
        x, y = (self.axes[name].position for name in ("xafs_x", "xafs_y"))
        detector, columns = (self.detector.name, tuple(self.detector.describe())) if self.detector else (None, ())
        return MountedSample(self.sample, self.edge, (x, y), detector, columns, self.electron_yield)

    def run(self, plan: Any) -> tuple[str, ...]:
        """Run a plan; return the uids of its runs."""
        uids: Any = self.engine(plan)
        return tuple(uids)

    @property
    def slot_edge(self) -> float:
        """Position of xafs_y at which the upper edge of the sample's slot blocks half of the beam, mm."""
        return SLOT_POSITION[1] + Slot().height / 2.0

    def _read_axes(self) -> tuple[float, float, tuple[float, float], float]:
        names = ("dcm_energy", "dwti_dwell_time", "xafs_x", "xafs_y", "dcm_pitch", "xafs_pitch")
        energy, dwell, x, y, pitch, tilt = (self.axes[name].position for name in names)
        # The front or the back edge of a tilted holder reaches into the beam.
        shadow = HOLDER_LENGTH / 2.0 * abs(sin(radians(tilt - FLAT_PITCH)))
        return energy, dwell, (x, y + shadow), hypot(pitch - PEAK_PITCH, self._compute_height_offset())

    def _compute_height_offset(self) -> float:
        """Compute the pitch offset, mrad, that loses as much beam as the present offsets of slits and mirror."""
        offsets = (self.axes[name].position - height for name, height in BEAM_HEIGHTS.items())
        return HEIGHT_LOSS * hypot(*offsets)

    def _create_beam(self, sample: Sample, channels: tuple[int, ...]) -> Beam:
        """Create a beam with its own noise, so that a sample mounted again does not give the same numbers again."""
        self._mount_count += 1
        return Beam(
            sample, (self.simulation_setup.seed, self._mount_count), channels=channels, slot=Slot(centre=SLOT_POSITION)
        )


def _find_edge_energy(sample: Sample) -> float:
    """Return the tabulated energy of a sample's edge, eV: users tune to it, whatever the oxidation state."""
    energy = find_edge_energy(sample.element, sample.edge)
    if energy is None:
        raise ValueError(f"{sample.name}: {sample.element} has no {sample.edge} edge in the tables")
    return energy


def create_kafka_publisher(bootstrap_servers: str, topic: str, producer_config: Mapping[str, Any] | None = None) -> Any:
    """Create bluesky-kafka's Publisher for documents; all have one key, like those of a real session."""
    from bluesky_kafka import Publisher

    return Publisher(
        topic=topic,
        bootstrap_servers=bootstrap_servers,
        key=str(uuid.uuid4()),
        producer_config={"log_level": 2, **(producer_config or {})},
    )
