"""Bluesky's stock plans, measured with simulated devices and followed by a viewer, without any message."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from bluesky import RunEngine
from bluesky import plans as bp
from bluesky.callbacks.best_effort import BestEffortCallback
from confluent_kafka import Producer
from cycler import cycler
from ophyd.sim import SynGauss, SynSignal, hw

from helpers.processes import PATIENCE, wait_until
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.board import Board
from xafs_workers.settings import Scans, Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.sources.connections import Connections
from xafs_workers.viewers.follower import Follower
from xafs_workers.wire import encode

pytestmark = pytest.mark.slow


@pytest.fixture
def engine() -> Iterator[RunEngine]:
    made = RunEngine({}, context_managers=[])
    yield made
    made.loop.call_soon_threadsafe(made.loop.stop)
    made._th.join(10)
    made.loop.close()


@pytest.fixture
def devices() -> Any:
    return hw()


def list_plans(devices: Any) -> dict[str, Any]:
    motor, other, peak = devices.motor, devices.motor1, devices.det
    pixel: Any = SynSignal(lambda: 100 * other.position + 10 * devices.motor2.position, name="pixel")
    flank: Any = SynGauss("flank", motor, "motor", center=0.3, Imax=5, sigma=0.4)
    line: Any = (motor, [-1, -0.2, 0, 0.1, 2])
    return {
        "scan": bp.scan([peak], motor, -1, 1, 11),
        "rel_scan": bp.rel_scan([peak], motor, -1, 1, 7),
        "list_scan": bp.list_scan([peak], *line),
        "scan_nd": bp.scan_nd([pixel], cycler(devices.motor2, [0, 1, 2]) * cycler(other, [0, 0.5, 1, 1.5])),
        "grid_scan": bp.grid_scan([pixel], devices.motor2, -1, 1, 3, other, 0, 3, 4, snake_axes=True),
        "count": bp.count([peak, devices.det1], 4),
        "adaptive_scan": bp.adaptive_scan([flank], "flank", motor, -1, 1, 0.02, 0.4, 0.8, backstep=True),
    }


def follow_plans(plans: dict[str, Any], engine: RunEngine, *callbacks: Callable[[str, Any], object]) -> Board:
    """Run plans whose documents a viewer follows; returns its board after the last run."""
    settings = Settings(beamline=f"b{uuid.uuid4().hex[:8]}", scans=Scans(from_documents=True))
    with EmbeddedBroker(settings) as broker:
        config = KafkaConfig(broker.bootstrap_servers)
        producer, topic = Producer(config.get_producer_properties()), settings.get_topic("documents")
        follower = Follower(settings, Connections(settings, config), SCREEN)
        follower.start()
        try:
            wait_until(lambda: not follower.build_feed().waits_for, "the viewer")
            engine.subscribe(lambda name, doc: producer.produce(topic, value=encode(name, doc), key="k"))
            for callback in callbacks:
                engine.subscribe(callback)
            for plan in plans.values():
                engine(plan)
            producer.flush(PATIENCE)
            wait_until(lambda: _count_ended(follower.build_feed().board) == len(plans), "the end of the last run")
            return follower.build_feed().board
        finally:
            follower.stop()


def _count_ended(board: Board) -> int:
    return sum(run.stop is not None for run in board.runs.values())


def draw_plans(board: Board, names: list[str]) -> dict[str, Figure]:
    assert [board.runs[scan.run_uids[0]].start["plan_name"] for scan in board.scans] == names
    return {name: build_figure(board, scan) for name, scan in zip(names, board.scans, strict=True)}


def test_the_figures_of_seven_stock_plans_are_right(engine: RunEngine, devices: Any) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.close("all")
    plans = list_plans(devices)
    best_effort = BestEffortCallback()
    best_effort.disable_table()
    figures = draw_plans(follow_plans(plans, engine, best_effort), list(plans))
    kinds = {name: figure.kind for name, figure in figures.items()}
    assert kinds == {
        "scan": "linescan",
        "rel_scan": "linescan",
        "list_scan": "linescan",
        "scan_nd": "areascan",
        "grid_scan": "areascan",
        "count": "timescan",
        "adaptive_scan": "linescan",
    }
    for name, shape in (("scan_nd", (3, 4)), ("grid_scan", (3, 4))):
        (mesh,) = figures[name].panels[0].meshes
        x, y = np.meshgrid(mesh.x, mesh.y)
        assert mesh.z.shape == shape
        assert np.allclose(mesh.z, 100 * x + 10 * y)
    assert [panel.key for panel in figures["count"].panels] == ["det", "det1"]
    assert figures["list_scan"].panels[0].traces[0].x.tolist() == pytest.approx([-1, -0.2, 0, 0.1, 2])
    drawn = [line.get_data() for n in pyplot.get_fignums() for axes in pyplot.figure(n).axes for line in axes.lines]
    pyplot.close("all")
    ours = [trace for figure in figures.values() for panel in figure.panels for trace in panel.traces]
    assert len(drawn) >= 4
    for x, y in drawn:  # time begins at the run's start there, at its first point here
        assert any(np.array_equal(y, one.y) and np.allclose(np.diff(x), np.diff(one.x), atol=1e-6) for one in ours)
