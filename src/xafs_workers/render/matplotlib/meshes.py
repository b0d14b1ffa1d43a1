"""Matplotlib artists of maps: an image that is updated, or filled contours that are drawn again."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from xafs_workers.figures.model import Mesh
from xafs_workers.render import limits
from xafs_workers.render.grid import compute_edges, compute_mesh_extent, sort_values
from xafs_workers.render.limits import Extent, Interval
from xafs_workers.render.matplotlib.pixels import MeshImage

COLORMAP = "viridis"  # uniform in lightness, safe for colour-blind readers

_CONTOUR_LEVELS = 14


def _is_same_grid(one: Mesh, other: Mesh) -> bool:
    return np.array_equal(one.x, other.x) and np.array_equal(one.y, other.y)


class MeshArtist:
    """A map and its artist; new values update the artist, a new grid needs a new one."""

    def __init__(self, axes: Axes, mesh: Mesh, norm: Normalize):
        self.axes = axes
        self.norm = norm
        self.mesh = mesh
        self.artists: list[Artist] = []
        self.extent: Extent | None = None
        self.value_interval: Interval | None = None
        self._z = np.empty((0, 0))
        self._build(mesh)

    def update(self, mesh: Mesh) -> bool:
        """Show new values or a new grid; return whether anything changed."""
        old, self.mesh = self.mesh, mesh
        if mesh.is_contour != old.is_contour or mesh.z.shape != old.z.shape or not _is_same_grid(mesh, old):
            self._build(mesh)
            return True
        if mesh.z is old.z:
            return False
        self._read_values(mesh)
        if mesh.is_contour:
            self._draw()
        for artist in self.artists:
            if isinstance(artist, MeshImage):
                artist.set_values(self._z)
        return True

    def update_colours(self) -> None:
        """Draw contours again after the colour limits have changed, because their levels depend on the limits."""
        if self.mesh.is_contour:
            self._draw()

    def remove(self) -> None:
        """Remove the artist from the axes."""
        for artist in self.artists:
            artist.remove()
        self.artists = []

    def _build(self, mesh: Mesh) -> None:
        self._x, self._y = np.sort(mesh.x), np.sort(mesh.y)
        self._read_values(mesh)
        self.extent = compute_mesh_extent(mesh)
        self._draw()

    def _read_values(self, mesh: Mesh) -> None:
        """Read the values in ascending order of both axes; values that cannot be drawn become NaN."""
        z = sort_values(mesh)
        self.value_interval = limits.compute_interval(z)
        self._z = z if limits.is_drawable(z) else np.where(np.abs(z) < limits.MAX_MAGNITUDE, z, np.nan)

    def _draw(self) -> None:
        self.remove()
        if self.extent is None:
            return
        artist = self._draw_contours() if self.mesh.is_contour and self._has_contours() else self._draw_pixels()
        self.artists = [artist]

    def _has_contours(self) -> bool:
        return (
            min(self._z.shape) > 1
            and self.value_interval is not None
            and self.value_interval[0] < self.value_interval[1]
        )

    def _draw_contours(self) -> Artist:
        levels = np.linspace(self.norm.vmin or 0.0, self.norm.vmax or 0.0, _CONTOUR_LEVELS + 1)
        values = np.ma.masked_invalid(self._z)
        return self.axes.contourf(self._x, self._y, values, levels, cmap=COLORMAP, norm=self.norm, antialiased=True)

    def _draw_pixels(self) -> Artist:
        image = MeshImage(self.axes, (compute_edges(self._x), compute_edges(self._y)), colours=COLORMAP, norm=self.norm)
        image.set_values(self._z)
        self.axes.add_artist(image)
        return image
