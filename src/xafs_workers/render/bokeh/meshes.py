"""Bokeh renderers of maps: an image on an even grid, rectangles on an uneven grid, or filled contours."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# Bokeh's stubs do not know what its properties accept.
from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, LinearColorMapper
from bokeh.palettes import interp_palette
from bokeh.plotting import figure as Plot  # noqa: N812 - a class that is named like a function

from xafs_workers.figures.model import Array, Mesh
from xafs_workers.render import limits
from xafs_workers.render.bokeh.columns import to_drawable, update_source
from xafs_workers.render.grid import compute_edges, sort_values

PALETTE_NAME = "Viridis256"  # uniform in lightness, safe for colour-blind readers

_CONTOUR_LEVELS = 14
_STEP_TOLERANCE = 1e-3
"""Maximum relative difference of the steps of an even grid."""


def is_even(positions: Array) -> bool:
    """Check whether ascending positions are equally spaced."""
    steps = np.diff(positions)
    return not len(steps) or bool(np.ptp(steps) <= _STEP_TOLERANCE * steps.mean())


class MeshRenderer:
    """A map and its Bokeh renderer; new values are patched, a new grid needs a new renderer."""

    def __init__(self, plot: Plot, mesh: Mesh, mapper: LinearColorMapper):
        self._plot, self._mapper = plot, mapper
        self._renderers: list[Any] = []
        self.mesh = mesh
        self._build()

    @property
    def value_interval(self) -> limits.Interval | None:
        """Smallest and largest value, None if no value is measured."""
        return limits.compute_interval(self._z)

    def update(self, mesh: Mesh) -> None:
        """Show new values or a new grid."""
        old, self.mesh = self.mesh, mesh
        if mesh.z is old.z and mesh.x is old.x and mesh.y is old.y and mesh.is_contour == old.is_contour:
            return
        if mesh.is_contour or old.is_contour or not _is_same_grid(mesh, old):
            self.remove()
            self._build()
            return
        before, self._z = self._z, to_drawable(sort_values(mesh))
        if self._is_image:
            self._patch_rows(before)
        else:
            update_source(self._source, {**self._rectangle_sides, "value": self._z.ravel()})

    def update_colours(self) -> None:
        """Draw contours again after the colour limits have changed, because their levels depend on the limits."""
        if self._has_contours:
            self.remove()
            self._build()

    def remove(self) -> None:
        """Remove the renderers from the plot."""
        for renderer in self._renderers:
            self._plot.renderers.remove(renderer)
        self._renderers = []

    def _build(self) -> None:
        mesh = self.mesh
        self._z = to_drawable(sort_values(mesh))
        self._x, self._y = np.sort(mesh.x), np.sort(mesh.y)
        self._is_image = is_even(self._x) and is_even(self._y)
        self._has_contours = mesh.is_contour and min(self._z.shape) > 1 and _has_variation(self.value_interval)
        if not self._z.size or not (np.isfinite(self._x).all() and np.isfinite(self._y).all()):
            return
        if self._has_contours:
            self._renderers = [self._draw_contours()]
        else:
            self._renderers = [self._draw_image() if self._is_image else self._draw_rectangles()]

    def _draw_image(self) -> Any:
        across, up = compute_edges(self._x), compute_edges(self._y)
        data = {
            "image": [self._z.copy()],
            "x": [across[0]],
            "y": [up[0]],
            "dw": [across[-1] - across[0]],
            "dh": [up[-1] - up[0]],
        }
        self._source = ColumnDataSource(data, name=self.mesh.key)
        return self._plot.image(
            "image", x="x", y="y", dw="dw", dh="dh", source=self._source, color_mapper=self._mapper, level="image"
        )

    def _draw_rectangles(self) -> Any:
        across, up = compute_edges(self._x), compute_edges(self._y)
        rows, columns = self._z.shape
        self._rectangle_sides = {
            "left": np.tile(across[:-1], rows),
            "right": np.tile(across[1:], rows),
            "bottom": np.repeat(up[:-1], columns),
            "top": np.repeat(up[1:], columns),
        }
        self._source = ColumnDataSource({**self._rectangle_sides, "value": self._z.ravel()}, name=self.mesh.key)
        colour = {"field": "value", "transform": self._mapper}
        return self._plot.quad(
            "left", "right", "top", "bottom", source=self._source, fill_color=colour, line_color=None, level="image"
        )

    def _draw_contours(self) -> Any:
        levels = np.linspace(self._mapper.low, self._mapper.high, _CONTOUR_LEVELS + 1)
        colours = interp_palette(self._mapper.palette, _CONTOUR_LEVELS)
        values = np.ma.masked_invalid(self._z)
        renderer = self._plot.contour(self._x, self._y, values, levels, fill_color=colours)
        renderer.level = "image"
        return renderer

    def _patch_rows(self, before: Array) -> None:
        differs = (before != self._z) & ~(np.isnan(before) & np.isnan(self._z))
        patches = []
        for row in np.flatnonzero(differs.any(axis=1)):
            columns = np.flatnonzero(differs[row])
            first, last = int(columns[0]), int(columns[-1]) + 1
            patches.append(((0, int(row), slice(first, last)), self._z[row, first:last].copy()))
        if patches:
            self._source.patch({"image": patches})


def _is_same_grid(one: Mesh, other: Mesh) -> bool:
    return one.z.shape == other.z.shape and np.array_equal(one.x, other.x) and np.array_equal(one.y, other.y)


def _has_variation(span: limits.Interval | None) -> bool:
    return span is not None and span[0] < span[1]
