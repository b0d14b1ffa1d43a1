"""Fly scans without a message: each pass is a repetition of the figure and of the sequence."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.any_beamline import FLY, LINEAR_DRIVE, build_config, fold_stream
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.scans.xafs_sequence import build_sequence
from xafs_workers.settings import Detectors, Scans

FORMS = Scans(from_documents=True).implied_forms


def test_passes_are_repetitions_of_figure_and_sequence():
    config = build_config(LINEAR_DRIVE, detectors=Detectors(table={"xs": FLY}), implied_forms=FORMS)
    board = fold_stream("fly_array_events", config)
    scans = {scan.kind: scan for scan in board.scans}
    figure = build_figure(board, scans["xafsscan"])
    panels = {panel.key: panel for panel in figure.panels}
    assert {"transmission", "fluorescence"} <= set(panels)
    for key in ("transmission", "fluorescence"):
        assert [trace.label for trace in panels[key].traces] == ["scan 1, pass 1", "scan 1, pass 2"]
        assert all(len(trace.x) == 400 and np.isfinite(trace.y).all() for trace in panels[key].traces)
    first = [trace.y[0] for trace in panels["transmission"].traces]
    assert first == pytest.approx((0.32188686, 0.32339967), abs=1e-7)
    sequence = build_sequence(board, scans["xafs_sequence"])
    assert [(one.number, len(one.energy)) for one in sequence.merged_spectra] == [(1, 400), (2, 400)]
    assert sequence.merged_spectra[0].uid != sequence.merged_spectra[1].uid
