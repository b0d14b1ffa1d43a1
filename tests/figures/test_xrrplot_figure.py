"""Comparisons of reflectivity scans: a curve for each run, a note for each that is missing."""

from __future__ import annotations

import numpy as np

from helpers.figures import build_last_figure, get_only_panel, get_run_uid, make_run
from helpers.goniometer import REFLECTIVITY, change_reflectivity, compute_expected_reflectivity


def test_a_comparison_has_a_curve_for_each_known_run() -> None:
    one, other = make_run(REFLECTIVITY, motors=["eta"]), make_run(change_reflectivity(refl=[4.0, 3.0, 0.0, 1.0]))
    uids = [get_run_uid(one), "absent-run", get_run_uid(other)]
    panel = get_only_panel(build_last_figure(one, other, {"xrrplot": True, "uid": uids}))
    assert [trace.label for trace in panel.traces] == ["data #1", "data #3"]
    np.testing.assert_allclose(panel.traces[0].y, compute_expected_reflectivity(), rtol=1e-13)
    assert np.isnan(panel.traces[1].y).tolist() == [False, False, True, False]
    notes = " ".join(text.text for text in panel.texts)
    assert "data #2: waiting for run absent-r" in notes
    assert "1 points at zero" in panel.title
