"""Checks of the figures of other beamlines' streams against the numbers that they must give."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.any_beamline import LINES, MAPS, SPECTRA
from xafs_workers.figures.model import Figure


def check_spectra(figure: Figure, stream: str) -> None:
    """Check title, energies and values of the live figure of XAFS repetitions."""
    title, points, ends = SPECTRA[stream]
    assert figure.title == title
    for key, expected in ends.items():
        panel = figure.get_panel(key)
        (trace,) = panel.traces
        assert panel.x_label == "energy (eV)"
        assert (len(trace.x), round(trace.x[0]), round(trace.x[-1])) == points
        assert expected is None or (trace.y[0], trace.y[-1]) == pytest.approx(expected, abs=1e-7)


def check_lines(figure: Figure, stream: str) -> None:
    """Check labels and values of the figure of a line or time scan."""
    x_label, signals = LINES[stream]
    assert [panel.key for panel in figure.panels] == list(signals)
    for panel, (count, largest, place) in zip(figure.panels, signals.values(), strict=True):
        (trace,) = panel.traces
        assert (panel.x_label, len(trace.x)) == (x_label, count)
        assert largest is None or float(trace.y.max()) == pytest.approx(largest, rel=1e-6)
        assert place is None or float(trace.x[trace.y.argmax()]) == pytest.approx(place)


def check_map(figure: Figure, stream: str) -> None:
    """Check the pixels of a map."""
    shape, first, last = MAPS[stream]
    (panel,) = figure.panels
    (mesh,) = panel.meshes
    x, y = np.meshgrid(mesh.x, mesh.y)
    assert mesh.z.shape == shape
    assert np.allclose(mesh.z, 1000 + 100 * x + 10 * y)
    assert (mesh.z[0, 0], mesh.z[-1, -1]) == (first, last)


def check_spiral(figure: Figure) -> None:
    """Check the squares around the points of the spiral."""
    (panel,) = figure.panels
    (mesh,) = panel.meshes
    assert panel.x_name == "stage_x"
    assert len(np.unique(mesh.z[np.isfinite(mesh.z)])) == 22
    assert float(np.nanmax(mesh.z)) == pytest.approx(1099.63878)
    row, column = np.argwhere(mesh.z == 1040.0).mean(axis=0)
    assert np.interp(column, range(len(mesh.x)), mesh.x) == pytest.approx(0.4, abs=0.1)
    assert np.interp(row, range(len(mesh.y)), mesh.y) == pytest.approx(0.0, abs=0.1)
