"""Start-up script of a session: the same for an interactive one and for the worker of a bluesky-queueserver.

The beamline is simulated here. At yours the devices, the RunEngine and its Kafka publisher are there already; what
remains is the import of `xafs_workers.producer`, and the plans.
"""

from __future__ import annotations

import atexit
import os

import numpy as np
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from cycler import cycler

from xafs_workers import configuration, producer
from xafs_workers.producer.kafka_config import read_kafka_config
from xafs_workers.simulation.beamline import Beamline, SimulationSetup, create_kafka_publisher
from xafs_workers.simulation.grid import build_energy_grid
from xafs_workers.simulation.metadata import Proposal, XafsParameters, build_xdi

_settings = configuration.load()
_kafka = read_kafka_config(_settings.kafka)
_publish = create_kafka_publisher(
    _kafka.bootstrap_servers, _settings.get_topic("documents"), _kafka.get_producer_properties()
)
_proposal = Proposal(session=os.environ.get("DATA_SESSION", "pass-123456"))
_beamline = Beamline(
    SimulationSetup(producer.kafka_message, _publish, str(_settings.storage.proposals_root), _proposal),
    context_managers=[],  # Ctrl-C is the session's own affair
)
RE = _beamline.engine
atexit.register(_publish.flush)


def rocking_curve(points: int = 41):
    """Scan the pitch of the monochromator and watch I0."""
    scan = bp.rel_scan(_beamline.detectors, _beamline.axes["dcm_pitch"], -0.15, 0.15, points)
    yield from producer.plot_linescan(scan, motor="dcm_pitch", detector="I0", fname="pitch_of_mono.png")


def watch_i0(points: int = 20):
    """Watch I0 against time."""
    count = bp.count(_beamline.detectors, num=points)
    yield from producer.plot_timescan(count, detector="I0", fname="i0_now.png")


def small_map(points: int = 9):
    """Map the transmission around the sample's slot."""
    x, y = _beamline.axes["xafs_x"], _beamline.axes["xafs_y"]
    scan = bp.rel_grid_scan(_beamline.detectors, y, -4, 4, points, x, -9, 9, 2 * points)
    yield from producer.plot_areascan(
        scan,
        slow=producer.MapAxis("xafs_y", -4, 4, points, y.position),
        fast=producer.MapAxis("xafs_x", -9, 9, 2 * points, x.position),
        detector="It",
        filename="slot.png",
        energy=_beamline.axes["dcm_energy"].position,
    )


def find_slot(points: int = 41):
    """Find the middle of the sample's slot, vertically and horizontally."""

    def both():
        for motor, half in (("xafs_y", 5.0), ("xafs_x", 9.0)):
            yield from producer.plot_slot_result((yield from _middle(motor, half, points)))

    yield from producer.plot_wheel_alignment(both())


def foil(repetitions: int = 2, stub: str = "foil"):
    """Measure XAFS scans of the mounted foil, with their data files, from the next free number on."""
    first = yield from producer.ask_plan({"next_index": True, "folder": _beamline.folder, "stub": stub}, 20)
    asked = XafsParameters(
        stub, repetitions=repetitions, bounds="-100 -20 20 10k", steps="5 0.5 0.05k", times="0.5 0.5 0.25k"
    )
    energies, dwells = zip(*build_energy_grid(asked.bounds, asked.steps, asked.times, _beamline.edge), strict=True)
    path = cycler(_beamline.axes["dcm_energy"], energies) + cycler(_beamline.axes["dwti_dwell_time"], dwells)

    def repetition(count: int):
        return bp.scan_nd(
            _beamline.detectors, path, md={"XDI": build_xdi(asked, _beamline.mounted_sample, _proposal, count)}
        )

    def file_of(count: int, uid: str):
        return {"xasxdi": True, "uid": uid, "filename": f"{stub}.{first + count - 1:03d}"}

    about = producer.SequenceDescription(
        "Fe", "K", "transmission", stub, repetitions, sample="Fe foil", reference_material="Fe"
    )
    yield from producer.plot_xafs_sequence(repetition, about, between=file_of)


def _middle(motor: str, half: float, points: int):
    """Scan an axis, and find where the signal is above half of its maximum."""
    seen: list[tuple[float, float]] = []

    def note(name, doc):
        if "It" in doc["data"]:  # not the baseline's
            seen.append((doc["data"][motor], doc["data"]["It"] / doc["data"]["I0"]))

    scan = bp.rel_scan(_beamline.detectors, _beamline.axes[motor], -half, half, points)
    yield from producer.plot_linescan(bpp.subs_wrapper(scan, {"event": note}), motor=motor, detector="It")
    x, y = np.array(seen).T
    above = y > y.max() / 2
    top = y[above].mean()
    return producer.AlignmentResult(motor, x, y, x[above].mean(), top, best_fit=np.where(above, top, y[~above].mean()))
