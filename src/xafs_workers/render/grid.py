"""Grid of a map for all renderers: both axes ascending, each pixel centred on its position."""

from __future__ import annotations

import numpy as np

from xafs_workers.figures.model import Array, Mesh
from xafs_workers.render.limits import Extent, compute_extent


def compute_edges(centres: Array) -> Array:
    """Return the n + 1 borders of n pixels, halfway between their centres."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2.0
    first = centres[0] - (middles[0] - centres[0])
    last = centres[-1] + (centres[-1] - middles[-1])
    return np.concatenate(([first], middles, [last]))


def compute_mesh_extent(mesh: Mesh) -> Extent | None:
    """Return the extent of a map: to the borders of its pixels, for contours to their centres; or None."""
    if not mesh.z.size or not (np.isfinite(mesh.x).all() and np.isfinite(mesh.y).all()):
        return None
    x, y = np.sort(mesh.x), np.sort(mesh.y)
    if not (mesh.is_contour and min(mesh.z.shape) > 1):
        x, y = compute_edges(x), compute_edges(y)
    return compute_extent(x[[0, -1]], y[[0, -1]])


def sort_values(mesh: Mesh) -> Array:
    """Return a map's values in ascending order of both axes."""
    z = np.asarray(mesh.z, dtype=float)
    for axis, along in ((0, mesh.y), (1, mesh.x)):
        if z.size and not np.all(along[1:] >= along[:-1]):
            z = np.take(z, np.argsort(along, kind="stable"), axis=axis)
    return z
