"""Edge and step of spectra of other beamlines, by Larch's `pre_edge` with its defaults."""

from __future__ import annotations

import pytest

from helpers.any_beamline import STEPS, build_stream_config, compute_edges, fold_runs
from xafs_workers.scans.outline_builder import is_reading


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("stream", "signal", "e0", "steps"), STEPS)
def test_edge_and_step_are_those_of_the_stream(
    larch: None, stream: str, signal: str, e0: float, steps: list[float]
) -> None:
    config = build_stream_config(stream)
    runs = [run for run in fold_runs(stream, config) if not is_reading(run, config)]
    found = compute_edges(runs, config, signal)
    assert [edge for edge, _ in found] == pytest.approx([e0] * len(steps), abs=1e-3)
    assert [step for _, step in found] == pytest.approx(steps, rel=1e-5, abs=6e-7)
