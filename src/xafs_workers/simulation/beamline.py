"""A simulated beamline session: RunEngine, devices, baseline, documents to Kafka, control messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bluesky import RunEngine
from bluesky.preprocessors import SupplementalData

from xafs_workers.elements import edge_energy
from xafs_workers.settings import Detectors
from xafs_workers.simulation.beam import Beam, Slot
from xafs_workers.simulation.devices import (
    PITCH,
    Axis,
    Detector,
    Exposure,
    fluorescence_detector,
    ion_chambers,
    yield_chamber,
)
from xafs_workers.simulation.metadata import Proposal
from xafs_workers.simulation.samples import SAMPLES, Sample

Message = Mapping[str, Any]

SLOT = (12.3, 118.9)
"""Where the sample's slot is on the stage, mm."""

_BASELINE = (
    *(
        f"xafs_{name}"
        for name in ("pitch", "roll", "wheel", "rots", "garot", "detx", "dety", "detz", "ref", "refx", "refy")
    ),
    *("dm3_bct", "dm3_foils", "dm2_fs", "dcm_x", "dcm_roll", "dcm_para", "dcm_perp", "dcm_bragg"),
    *(f"slits{n}_{name}" for n in (2, 3) for name in ("vsize", "vcenter", "hsize", "hcenter")),
    *(f"m2_{name}" for name in ("vertical", "lateral", "pitch", "roll", "yaw", "bender")),
    *(f"m3_{name}" for name in ("vertical", "lateral", "pitch", "roll", "yaw", "xu")),
    *(f"xafs_table_{name}" for name in ("vertical", "pitch", "roll")),
)


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
    """

    send: Callable[[Message], None]
    publish: Callable[[str, dict[str, Any]], None]
    proposals_root: str
    proposal: Proposal = field(default_factory=Proposal)
    pace: float = 0.0
    seed: int = 0


class Beamline:
    """One session at the beamline. A sample must be mounted before something is measured."""

    def __init__(self, surroundings: Surroundings, **engine: Any):
        self.surroundings = surroundings
        self.proposal = surroundings.proposal
        self.folder = f"{surroundings.proposals_root}/{self.proposal.cycle}/{self.proposal.session}"
        self.send = surroundings.send
        self.axes = _axes()
        self.sample: Sample = SAMPLES["Fe foil"]
        self._exposure = Exposure(self._beam((1, 2, 3, 4)), self.axes, surroundings.pace)
        self.chambers: dict[str, Detector] = {}
        self.engine = RunEngine(
            {
                "beamline_id": "BMM",
                "data_session": self.proposal.session,
                "cycle": self.proposal.cycle,
                "username": "simulated",
                "proposal": {"proposal_id": "123456", "title": "simulated", "type": "GU", "pi_name": "simulated"},
                "scan_id": 0,
            },
            **engine,
        )
        self.engine.preprocessors.append(
            SupplementalData(
                baseline=[a for n, a in self.axes.items() if n in _BASELINE or n in ("xafs_x", "xafs_y", "dcm_pitch")]
            )
        )
        self.engine.subscribe(surroundings.publish)
        self.mount("Fe foil")

    def mount(self, sample: str, detector: str | None = None, *, electron_yield: bool = False) -> None:
        """Put a sample into the beam, tune the energy to its edge and choose the fluorescence detector.

        Parameters
        ----------
        detector
            ``1-element SDD``, ``4-element SDD``, ``7-element SDD`` or None.
        """
        self.sample = SAMPLES[sample]
        channels = Detectors().channels[detector] if detector else (1, 2, 3, 4)
        self._exposure.beam = self._beam(channels)
        self.chambers = ion_chambers(self._exposure)
        if electron_yield:
            self.chambers["quadem1"] = yield_chamber(self._exposure)
        self.detector = (
            fluorescence_detector(detector, self.sample.element, channels, self._exposure) if detector else None
        )
        energy = edge_energy(self.sample.element, self.sample.edge)
        self.edge = 0.0 if energy is None else energy
        for axis, value in (("dcm_energy", self.edge + 50), ("xafs_x", SLOT[0]), ("xafs_y", SLOT[1])):
            self.axes[axis].set(value).wait(5)

    @property
    def detectors(self) -> list[Detector]:
        """All detectors in use, as plans list them."""
        chambers = [self.chambers[name] for name in ("quadem1", "Ic0", "Ic1")]
        return [*chambers, self.detector] if self.detector else chambers

    @property
    def roi_columns(self) -> tuple[str, ...]:
        """Columns of the fluorescence detector."""
        return tuple(self.detector.describe()) if self.detector else ()

    def run(self, plan: Any) -> tuple[str, ...]:
        """Run a plan; return the uids of its runs."""
        uids: Any = self.engine(plan)
        return tuple(uids)

    def _beam(self, channels: tuple[int, ...]) -> Beam:
        return Beam(self.sample, self.surroundings.seed, channels=channels, slot=Slot(centre=SLOT))


def _axes() -> dict[str, Axis]:
    axes = {
        "dcm_energy": Axis(name="dcm_energy", unit="eV", setpoint="dcm_energy_setpoint"),
        "dwti_dwell_time": Axis(name="dwti_dwell_time", unit="s", value=0.5, setpoint="dwti_dwell_time_setpoint"),
        "dcm_pitch": Axis(name="dcm_pitch", unit="mrad", value=PITCH),
        "xafs_x": Axis(name="xafs_x", unit="mm"),
        "xafs_y": Axis(name="xafs_y", unit="mm"),
    }
    return axes | {name: Axis(name=name, unit="mm") for name in _BASELINE}


def kafka_publisher(bootstrap_servers: str, topic: str, producer_config: Mapping[str, Any] | None = None) -> Any:
    """Return bluesky-kafka's Publisher for documents, all with one key as a session's publisher thread uses."""
    from bluesky_kafka import Publisher

    return Publisher(
        topic=topic,
        bootstrap_servers=bootstrap_servers,
        key=str(uuid.uuid4()),
        producer_config={"log_level": 4, **(producer_config or {})},
    )
