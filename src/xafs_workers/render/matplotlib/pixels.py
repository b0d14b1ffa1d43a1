"""Image of a map: each pixel of the canvas takes the colour of the map's pixel below it.

Matplotlib's general image resamples with filters and masks, which takes several times as long and does not support
an uneven grid; this one looks up the pixel along each axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.transforms import Bbox

from xafs_workers.figures.model import Array

_SHADE_COUNT = 256
_TRANSPARENT_SHADE = _SHADE_COUNT  # index of the transparent colour


class MeshImage(AxesImage):
    """Image of a map with given pixel borders in ascending order; NaN is transparent."""

    norm: Any

    def __init__(self, axes: Axes, borders: tuple[Array, Array], *, colours: str, norm: Normalize):
        self.borders = borders
        across, up = borders
        extent = (float(across[0]), float(across[-1]), float(up[0]), float(up[-1]))
        super().__init__(axes, cmap=colours, norm=norm, origin="lower", extent=extent, interpolation="nearest")
        table = colormaps[colours](np.arange(_SHADE_COUNT), bytes=True)
        self._colour_table = np.vstack([table, np.zeros((1, 4))]).astype(np.uint8).view(np.uint32).ravel()
        self._shades = np.empty((0, 0), np.uint32)
        self._shaded_limits: Any = None

    def set_values(self, values: Array) -> None:
        """Show values of shape (rows, columns), an array that must not change later; compute only changed colours."""
        old, limits = self.get_array(), (self.norm.vmin, self.norm.vmax)
        self._A = values
        self.stale = True
        if old is None or old.shape != values.shape or limits != self._shaded_limits:
            self._shaded_limits = None
            return
        differ = np.nonzero(~((old == values) | (np.isnan(old) & np.isnan(values))))
        self._shades[differ] = self._compute_shades(values[differ])

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """Return the visible part as (pixels, left, bottom, None), as required by matplotlib."""
        del renderer, unsampled
        self._update_shades()
        box = Bbox.intersection(self.get_window_extent(), self.axes.bbox)
        if box is None or not self._shades.size:
            return None, 0.0, 0.0, None
        left, right = (round(edge * magnification) for edge in box.intervalx)
        bottom, top = (round(edge * magnification) for edge in box.intervaly)
        columns = self._find_source_indices(np.arange(left, right) + 0.5, magnification, 0)
        rows = self._find_source_indices(np.arange(bottom, top) + 0.5, magnification, 1)
        if not (columns.size and rows.size):
            return None, 0.0, 0.0, None
        image = self._shades[:, columns][rows]  # rows last, because whole rows are copied faster
        return image.view(np.uint8).reshape(*image.shape, 4), left / magnification, bottom / magnification, None

    def _find_source_indices(self, at: Array, magnification: float, axis: int) -> Array:
        """Return the rows or columns of the map at canvas pixels `at`, limited to the map."""
        points = np.zeros((len(at), 2))
        points[:, axis] = at / magnification
        positions = self.axes.transData.inverted().transform(points)[:, axis]
        borders = self.borders[axis]
        return np.clip(np.searchsorted(borders, positions, side="right") - 1, 0, len(borders) - 2)

    def _update_shades(self) -> None:
        limits, values = (self.norm.vmin, self.norm.vmax), self.get_array()
        if limits != self._shaded_limits and values is not None:
            self._shades = self._compute_shades(np.asarray(values))
            self._shaded_limits = limits

    def _compute_shades(self, values: Array) -> Array:
        low, high = self.norm.vmin or 0.0, self.norm.vmax or 0.0
        with np.errstate(invalid="ignore"):
            shades = np.clip((values - low) * (_SHADE_COUNT / (high - low)), 0, _SHADE_COUNT - 1)
            shades = np.where(np.isnan(shades), _TRANSPARENT_SHADE, shades).astype(np.intp)
        return self._colour_table[shades]
