"""A demo's show: a simulated beamline at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from xafs_workers.producer.send import ControlSender

if TYPE_CHECKING:
    from xafs_workers.demo.stage import DemoStage
    from xafs_workers.simulation.beamline import Beamline

PACE = 0.02
"""Real seconds for one second of dwell time at normal speed: the demo takes one to two minutes."""
SEED = 2026

PlanStep = tuple[str, Any]


def run_simulated_session(stage: DemoStage, console: Console, pace: float) -> None:
    """Run every plan of the simulated beamline; count in `stage` what must be answered."""
    from xafs_workers.simulation.beamline import Beamline, SimulationSetup, create_kafka_publisher
    from xafs_workers.simulation.metadata import Proposal

    proposal = Proposal()
    stage.environment.create_session_folder(proposal.cycle, proposal.session)
    settings = stage.environment.settings
    sender = ControlSender(settings)

    def send(message: Mapping[str, Any]) -> None:
        stage.count_message(message)
        sender.send(message)

    publisher = create_kafka_publisher(settings.kafka.bootstrap_servers or "", settings.get_topic("documents"))
    with _create_progress(console) as progress:
        task = progress.add_task("beamline", total=None)

        def publish(name: str, document: dict[str, Any]) -> None:
            publisher(name, document)
            if name in ("event", "event_page"):
                progress.advance(task)

        surroundings = SimulationSetup(
            send, publish, str(stage.environment.proposals_root), proposal, PACE / pace if pace else 0.0, SEED
        )
        with Beamline(surroundings) as beamline, _subscribe_catalog(stage, beamline):
            for title, plan in _iter_plans(beamline):
                progress.update(task, description=title)
                beamline.run(plan)
    publisher.flush()
    sender.flush(10.0)
    console.print("the beamline is done")


@contextmanager
def _subscribe_catalog(stage: DemoStage, beamline: Beamline) -> Iterator[None]:
    """Write all runs into the catalog, as the facility's subscription does."""
    from xafs_workers.simulation.tiled_server import create_tiled_writer

    if stage.catalog is None:
        yield
        return
    writer = create_tiled_writer(stage.catalog.uri, stage.catalog.api_key)
    beamline.engine.subscribe(writer)
    try:
        yield
    finally:
        writer.client.context.close()


def _create_progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _iter_plans(beamline: Beamline) -> Iterator[PlanStep]:
    """Yield what is measured, one plan after the other."""
    from xafs_workers.simulation import alignments, counting, maps, plans

    beamline.mount("Fe foil")
    yield (
        "rocking curve",
        plans.measure_linescan(beamline, "dcm_pitch", "I0", (-0.15, 0.15, 41), fname="rocking_curve.png"),
    )
    yield "slot, horizontally", plans.measure_linescan(beamline, "xafs_x", "It", (-9.0, 9.0, 61), fname="slot_x.png")
    yield "slot, vertically, without any message", plans.scan_without_messages(beamline, "xafs_y", (-4.0, 4.0, 41))
    yield "Fe foil, transmission, 3 scans", plans.measure_xafs(beamline, plans.XafsParameters("fe_foil"))
    beamline.mount("Fe2O3", "4-element SDD")
    yield (
        "slot, vertically, fluorescence",
        plans.measure_linescan(beamline, "xafs_y", "If", (-4.0, 4.0, 41), stack=True, fname="slot_y.png"),
    )
    yield "I0 against time", plans.measure_timescan(beamline, "I0", 60, 0.5, fname="i0.png")
    yield (
        "Fe2O3, fluorescence, 3 scans",
        plans.measure_xafs(beamline, plans.XafsParameters("fe2o3", mode="fluorescence")),
    )
    beamline.mount("NiO", "7-element SDD", electron_yield=True)
    yield (
        "NiO, electron yield, 2 scans",
        plans.measure_xafs(beamline, plans.XafsParameters("nio", mode="yield", repetitions=2)),
    )
    beamline.mount("Fe2O3", "4-element SDD")
    small = maps.MapRequest(
        "slot", "It", maps.ScannedAxis("xafs_y", -2.5, 2.5, 15), maps.ScannedAxis("xafs_x", -8.0, 8.0, 21)
    )
    rust = maps.MapRequest(
        "rust", "Xs", maps.ScannedAxis("xafs_y", -2.5, 2.5, 13), maps.ScannedAxis("xafs_x", -8.0, 8.0, 17)
    )
    yield "the slot of the wheel", alignments.find_slot(beamline)
    yield "map in transmission", maps.measure_areascan(beamline, small)
    yield "raster in fluorescence", maps.measure_raster(beamline, rust)
    yield "XRF spectra", counting.measure_xrf(beamline, "fe2o3")
    yield "absorption at one energy", counting.measure_sead(beamline, "fe2o3_sead")
    yield "alignment of a spinner", alignments.align_spinner(beamline)
    yield "the edge of a wafer", alignments.find_wafer_edge(beamline)
    yield "calibration of the monochromator", alignments.calibrate_mono(beamline)
