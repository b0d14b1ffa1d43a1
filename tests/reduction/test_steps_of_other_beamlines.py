"""Edge and step of spectra of other beamlines, by Larch's `pre_edge` with its defaults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.any_beamline import FLY, LINEAR_DRIVE, TWO_MOVERS, VORTEX, build_config, fold_runs
from xafs_workers.scans import spectra
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import ChannelSelection, compute_run_fluorescence
from xafs_workers.scans.energy_axis import compute_energy
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Detectors, DetectorTable

TABLES = {
    "vortex": VORTEX,
    "step": DetectorTable(channels=(1,), column="xs_channel{channel:02d}_mcaroi01_total_rbv"),
    "fly": FLY,
}


def compute(run: Run, config: BoardConfig, signal: str) -> Any:
    if signal == "fluorescence":
        return compute_run_fluorescence(run, config, ChannelSelection())
    return {"transmission": spectra.compute_transmission, "reference": spectra.compute_reference}[signal](run, config)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("stream", "columns", "signal", "e0", "steps"),
    [
        ("step_two_movers", TWO_MOVERS, "transmission", 8333.0, [0.997524]),
        ("step_two_movers", TWO_MOVERS, "reference", 8333.0, [0.798717]),
        ("step_two_movers", TWO_MOVERS, "fluorescence", 8333.0, [0.013777]),
        ("step_kev", TWO_MOVERS, "transmission", 8333.0, [0.997579]),
        ("step_channel_missing", TWO_MOVERS, "fluorescence", 8333.0, [0.010207]),
        ("three_repetitions", TWO_MOVERS, "transmission", 8333.0, [0.990283, 0.989392, 0.990303, 0.990576]),
        ("step_linear_drive", LINEAR_DRIVE, "transmission", 2472.2, [0.938140]),
        ("step_linear_drive", LINEAR_DRIVE, "fluorescence", 2472.2, [0.004754]),
        ("fly_array_events", LINEAR_DRIVE, "transmission", 2471.9565, [0.943764, 0.947903]),
        ("fly_array_events", LINEAR_DRIVE, "fluorescence", 2471.9565, [0.189708, 0.188605]),
    ],
)
def test_edge_and_step_are_those_of_the_stream(
    larch: None, stream: str, columns: dict[str, Any], signal: str, e0: float, steps: list[float]
) -> None:
    from larch import Group
    from larch.xafs import pre_edge

    config = build_config(columns, detectors=Detectors(table=TABLES))
    found: list[float] = []
    for run in (one for whole in fold_runs(stream, config) for one in list_measured_runs(whole, config)):
        energy = compute_energy(run, config)
        order = np.argsort(energy, kind="stable")
        group = Group(energy=energy[order], mu=compute(run, config, signal)[order])
        pre_edge(group)
        assert group.e0 == pytest.approx(e0, abs=1e-3)
        found.append(group.edge_step)
    assert found == pytest.approx(steps, rel=1e-5, abs=6e-7)
