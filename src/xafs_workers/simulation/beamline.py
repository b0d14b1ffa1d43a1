"""A simulated beamline session: RunEngine, devices, baseline, documents to Kafka, control messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import radians, sin
from types import TracebackType
from typing import Any, Self

from bluesky import RunEngine
from bluesky.preprocessors import SupplementalData

from xafs_workers.elements import edge_energy
from xafs_workers.settings import Detectors
from xafs_workers.simulation.axes import BASELINE, PITCH, axes
from xafs_workers.simulation.beam import Beam, Slot
from xafs_workers.simulation.devices import Detector, Exposure, fluorescence_detector, ion_chambers
from xafs_workers.simulation.metadata import Mounted, Proposal
from xafs_workers.simulation.samples import SAMPLES, Sample

Message = Mapping[str, Any]

SLOT = (12.3, 118.9)
"""Where the sample's slot is on the stage, mm."""

HOLDER = 20.0
"""Length of the sample holder along the beam, mm."""

FLAT = 2.4
"""Pitch of the stage at which the holder is parallel to the beam, degrees."""

_FIRST = "Fe foil"
_END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a beamline's documents and messages go, and how fast time passes.

    Attributes
    ----------
    send
        Takes control messages.
    publish
        Takes documents; `kafka_publisher` makes one.
    pace
        Real seconds that one second of dwell time takes; 0: none.
    seed
        Of the noise: the same seed and the same plans give the same numbers.
    """

    send: Callable[[Message], None]
    publish: Callable[[str, dict[str, Any]], None]
    proposals_root: str
    proposal: Proposal = field(default_factory=Proposal)
    pace: float = 0.0
    seed: int = 0


class Beamline:
    """One session at the beamline, with an iron foil mounted. `close` it, or use it in a with statement."""

    def __init__(self, surroundings: Surroundings, **engine: Any):
        self.surroundings = surroundings
        self.proposal = surroundings.proposal
        self.folder = f"{surroundings.proposals_root}/{self.proposal.cycle}/{self.proposal.session}"
        self.send = surroundings.send
        self.axes = axes(_edge(SAMPLES[_FIRST]))
        self._mounts = 0
        self._exposure = Exposure(self._next_beam(SAMPLES[_FIRST], ()), self._where, surroundings.pace)
        self.mount(_FIRST)
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
        self.engine.subscribe(surroundings.publish)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the RunEngine's thread; the publisher is its maker's to flush."""
        loop = self.engine.loop
        if loop.is_closed():
            return
        loop.call_soon_threadsafe(loop.stop)
        self.engine._th.join(_END_SECONDS)  # noqa: SLF001 - bluesky offers no other way to end its thread
        loop.close()

    def mount(self, sample: str, detector: str | None = None, *, electron_yield: bool = False) -> None:
        """Put a sample into the beam, tune the energy to its edge and choose the fluorescence detector.

        Parameters
        ----------
        sample
            A name in `SAMPLES`.
        detector
            ``1-element SDD``, ``4-element SDD``, ``7-element SDD`` or None.
        electron_yield
            Whether the electron yield is read, too.

        Raises
        ------
        ValueError
            There is no such sample or detector.
        """
        known = {name: numbers for name, numbers in Detectors().channels.items() if name.endswith("SDD")}
        if sample not in SAMPLES:
            raise ValueError(f"no sample {sample!r}, known: {', '.join(SAMPLES)}")
        if detector is not None and detector not in known:
            raise ValueError(f"no fluorescence detector {detector!r}, known: {', '.join(known)}")
        self.sample, channels = SAMPLES[sample], known[detector] if detector else ()
        self.edge = _edge(self.sample)
        self._exposure.turn_to(self._next_beam(self.sample, channels))
        self.chambers = ion_chambers(self._exposure, electron_yield=electron_yield)
        self.electron_yield = electron_yield
        self.detector = (
            fluorescence_detector(detector, self.sample.element, channels, self._exposure) if detector else None
        )
        for axis, value in (("dcm_energy", self.edge + 50), ("xafs_x", SLOT[0]), ("xafs_y", SLOT[1])):
            self.axes[axis].set(value)

    @property
    def detectors(self) -> list[Detector]:
        """All detectors in use, as plans list them."""
        return [*self.chambers, self.detector] if self.detector else [*self.chambers]

    @property
    def mounted(self) -> Mounted:
        """What is in the beam and who looks at it, for start documents."""
        x, y = (self.axes[name].position for name in ("xafs_x", "xafs_y"))
        detector, columns = (self.detector.name, tuple(self.detector.describe())) if self.detector else (None, ())
        return Mounted(self.sample, self.edge, (x, y), detector, columns, self.electron_yield)

    def run(self, plan: Any) -> tuple[str, ...]:
        """Run a plan; return the uids of its runs."""
        uids: Any = self.engine(plan)
        return tuple(uids)

    @property
    def slot_edge(self) -> float:
        """Where the upper edge of the sample's slot cuts the beam in half, mm on xafs_y."""
        return SLOT[1] + Slot().height / 2.0

    def _where(self) -> tuple[float, float, tuple[float, float], float]:
        names = ("dcm_energy", "dwti_dwell_time", "xafs_x", "xafs_y", "dcm_pitch", "xafs_pitch")
        energy, dwell, x, y, pitch, tilt = (self.axes[name].position for name in names)
        # A tilted holder stands in the beam with its front or its back edge.
        shadow = HOLDER / 2.0 * abs(sin(radians(tilt - FLAT)))
        return energy, dwell, (x, y + shadow), pitch - PITCH

    def _next_beam(self, sample: Sample, channels: tuple[int, ...]) -> Beam:
        """Return a beam with noise of its own: a sample that is mounted again is measured anew."""
        self._mounts += 1
        return Beam(sample, (self.surroundings.seed, self._mounts), channels=channels, slot=Slot(centre=SLOT))


def _edge(sample: Sample) -> float:
    """Return the tabulated energy of a sample's edge, eV: what a user tunes to, whatever the oxidation state."""
    energy = edge_energy(sample.element, sample.edge)
    if energy is None:
        raise ValueError(f"{sample.name}: {sample.element} has no {sample.edge} edge in the tables")
    return energy


def kafka_publisher(bootstrap_servers: str, topic: str, producer_config: Mapping[str, Any] | None = None) -> Any:
    """Return bluesky-kafka's Publisher for documents, all with one key as a session's publisher thread uses."""
    from bluesky_kafka import Publisher

    return Publisher(
        topic=topic,
        bootstrap_servers=bootstrap_servers,
        key=str(uuid.uuid4()),
        producer_config={"log_level": 2, **(producer_config or {})},
    )
