"""Canvas of a figure's tab: it shows several changed boxes in one step, and can give up its pixels."""

from __future__ import annotations

import time
from math import ceil, floor
from typing import Any

import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.text import Text
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QPaintEvent


class FigureCanvas(FigureCanvasQTAgg):
    """Agg canvas in a Qt widget.

    Matplotlib's own canvas paints each changed box at once and on its own; this one leaves it to Qt to paint all boxes
    of a frame together, directly from the pixels.

    Attributes
    ----------
    paint_seconds
        Duration of the last painting, seconds.
    """

    paint_seconds: float = 0.0

    @property
    def has_pixels(self) -> bool:
        """Whether the canvas holds pixels."""
        return getattr(self, "renderer", None) is not None

    def blit(self, bbox: Any = None) -> None:
        """Have a box painted, in pixels of the renderer; the whole canvas for None."""
        ratio, height = self.device_pixel_ratio, self.rect().height()
        left, bottom, right, top = (edge / ratio for edge in (self.figure.bbox if bbox is None else bbox).extents)
        self.update(QRect(floor(left), floor(height - top), ceil(right - left) + 1, ceil(top - bottom) + 1))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Copy the changed boxes to the screen."""
        self._draw_idle()  # matplotlib draws here what is due, for instance after a change of size
        if not self.has_pixels:
            return
        began, ratio = time.perf_counter(), self.device_pixel_ratio
        renderer: Any = self.get_renderer()
        pixels = np.asarray(renderer.buffer_rgba())
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], QImage.Format.Format_RGBX8888)
        painter = QPainter(self)
        try:
            region: Any = event.region()  # iterable, but not for type checkers
            for box in region:
                source = QRectF(box.x() * ratio, box.y() * ratio, box.width() * ratio, box.height() * ratio)
                painter.drawImage(QRectF(box), image, source)
            self._draw_rect_callback(painter)
        finally:
            painter.end()
        self.paint_seconds = time.perf_counter() - began

    def draw_idle(self) -> None:
        """Draw soon, unless the canvas is hidden: it is drawn when it is shown."""
        if self.isVisible():
            super().draw_idle()

    def release_pixels(self) -> None:
        """Free the pixels; the next drawing allocates them again. Texts refer to what they were drawn with."""
        self.renderer = None
        self._lastKey = None
        texts: list[Any] = self.figure.findobj(Text)
        for text in texts:
            text._renderer = None  # noqa: SLF001 - as a new text has it
