"""The calibration of the monochromator: curve, measured edges and fitted values."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.alignment_curves import EDGE_ANGLES, EDGE_ENERGIES, make_calibration
from helpers.figures import build_last_figure, join_notes
from xafs_workers.figures.model import Figure
from xafs_workers.figures.mono_calibration import interpolate_edges


def test_the_calibration_curve_is_drawn() -> None:
    figure: Figure = build_last_figure(make_calibration(1e-5, 2e-4))
    panel, residuals = figure.panels
    assert figure.title == "Si(111) calibration curve"
    assert (panel.x_label, panel.y_label) == ("energy (eV)", "angle (deg)")
    curve, points = panel.traces
    assert [curve.label, points.label] == ["tabulated", "measured"]
    assert points.x.tolist() == [energy + 0.3 for energy in EDGE_ENERGIES]
    assert points.y.tolist() == EDGE_ANGLES
    np.testing.assert_array_equal(curve.x, np.linspace(EDGE_ENERGIES[0], EDGE_ENERGIES[-1], 100))
    assert (residuals.x_label, residuals.y_label) == ("energy (eV)", "measured - tabulated (eV)")
    zero, left = residuals.traces
    np.testing.assert_allclose(left.y, 0.3, atol=1e-9)
    assert (left.x.tolist(), zero.y.tolist()) == (EDGE_ENERGIES, [0.0, 0.0])
    assert panel.title == "d-spacing = 3.135900 ± 0.000010 Å, offset = 0.00100 ± 0.00020°"
    assert join_notes(figure) == ""


def test_a_fit_without_errors_is_drawn_without_them() -> None:
    panel, _ = build_last_figure(make_calibration(None, None)).panels
    assert panel.title == "d-spacing = 3.13590000 Å, offset = 0.00100°"


@pytest.mark.parametrize(
    ("energies", "angles"),
    [((), ()), ((1.0,), (2.0,)), ((1.0, float("nan")), (2.0, 3.0)), ((3.0, 1.0, 1.0), (1.0, 2.0, 5.0))],
)
def test_few_missing_or_repeated_edges_are_accepted(energies: tuple[float, ...], angles: tuple[float, ...]) -> None:
    x, y = interpolate_edges(energies, angles)
    assert len(x) == len(y)
    assert np.isfinite(y).all()
