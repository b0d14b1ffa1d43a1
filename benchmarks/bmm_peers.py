"""Peers that draw as BMM's own plot worker of 2025 does, fed with the same documents.

Written after reading its public source (NSLS-II-BMM/profile_collection, `startup/consumer/bmm_live.py`): lists that
grow, `set_data`, `relim`, `autoscale_view` and the whole figure drawn for each event; for a map one more mesh of
all pixels for each event. Redis, Slack and the catalog are left out, which the worker asks only at start and stop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from benchmarks.canvases import WINDOW, Backend
from benchmarks.feeds import CHANNELS, SIDE, Document_

Values = dict[str, float]
LEGEND_LIMIT = 16
"""Number of repetitions from which on there is no legend."""


class BmmLine:
    """Line scan: one curve of It/I0."""

    def __init__(self, backend: Backend):
        self._canvas = backend.canvas(WINDOW)
        self._axes = self._canvas.figure.add_subplot(facecolor=(0.95, 0.95, 0.95))
        (self._line,) = self._axes.plot([], [])
        self._x: list[float] = []
        self._y: list[float] = []

    def take(self, documents: list[Document_], /) -> None:
        """Draw the whole figure for each event."""
        for values in _events(documents):
            self._x.append(values["xafs_x"])
            self._y.append(values["It"] / values["I0"])
            self._line.set_data(self._x, self._y)
            _rescale(self._axes)
            self._canvas.draw()
            self._canvas.flush_events()


class BmmXafs:
    """XAFS sequence with fluorescence: four panels, a curve for each repetition."""

    def __init__(self, backend: Backend):
        self._canvas = backend.canvas(WINDOW)
        figure = self._canvas.figure
        figure.set_layout_engine("tight")
        self._panels = [figure.add_subplot(2, 2, place) for place in (1, 2, 3, 4)]
        for axes in self._panels:
            axes.grid(which="major", axis="both")
            axes.set_facecolor((0.95, 0.95, 0.95))
            axes.set_xlabel("energy (eV)")
        self._count = 0
        self._columns: list[list[float]] = []
        self._lines: list[Any] = []

    def begin(self) -> None:
        """Begin a repetition: a new curve and a new legend in each panel."""
        self._count += 1
        self._canvas.figure.suptitle(f"bench: scan {self._count}")
        self._columns = [[] for _ in range(5)]
        self._lines = [axes.plot([], [], label=f"scan {self._count}")[0] for axes in self._panels]
        for axes in self._panels:
            if self._count < LEGEND_LIMIT:
                axes.legend(loc="best", shadow=True)

    def take(self, documents: list[Document_], /) -> None:
        """Draw the whole figure for each event."""
        for values in _events(documents):
            point = _xafs_point(values)
            for column, value in zip(self._columns, point, strict=True):
                column.append(value)
            for line, column in zip(self._lines, self._columns[1:], strict=True):
                line.set_data(self._columns[0], column)
            for axes in self._panels:
                _rescale(axes)
            self._canvas.draw()
            self._canvas.flush_events()


class BmmMap:
    """Map: one more mesh of all pixels over the others for each event."""

    def __init__(self, backend: Backend, side: int = SIDE):
        self._canvas = backend.canvas(WINDOW)
        self._axes = self._canvas.figure.add_subplot(facecolor=(0.95, 0.95, 0.95))
        self._positions = np.linspace(-1.0, 1.0, side)
        self._pixels = np.zeros(side * side)
        self._first = self._add_mesh()
        self._axes.invert_yaxis()
        self._canvas.figure.colorbar(self._first)
        self._count = 0

    def take(self, documents: list[Document_], /) -> None:
        """Draw the whole figure for each event, as an interactive pyplot does."""
        for values in _events(documents):
            self._pixels[self._count] = values["It"] / values["I0"]
            self._count += 1
            self._add_mesh()
            self._first.set_clim(self._pixels.min(), self._pixels.max())
            self._canvas.draw()
            self._canvas.flush_events()

    def _add_mesh(self) -> Any:
        side = self._positions.size
        return self._axes.pcolormesh(self._positions, self._positions, self._pixels.reshape(side, side))


def _events(documents: list[Document_]) -> list[Values]:
    return [body["data"] for name, body in documents if name == "event"]


def _rescale(axes: Axes) -> None:
    axes.relim()
    axes.autoscale_view()


def _xafs_point(values: Values) -> tuple[float, float, float, float, float]:
    """Compute energy, transmission, fluorescence, I0 rate and reference of one event."""
    i0, it, ir = values["I0"], values["It"], values["Ir"]
    fluorescence = sum(values[channel] for channel in CHANNELS) / i0
    transmission, reference = float(np.log(abs(i0 / it))), float(np.log(abs(it / ir)))
    return values["dcm_energy"], transmission, fluorescence, i0 / values["dwti_dwell_time"], reference
