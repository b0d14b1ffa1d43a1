"""Pace of the frames: a new board is drawn at once, unless the last frame is too recent for what frames cost."""

from __future__ import annotations

MIN_INTERVAL = 0.04
"""Least time from one frame to the next, seconds: at most 25 frames a second."""
MAX_INTERVAL = 1.0
REST = 0.005
"""Time after each frame in which other events of the window are handled, seconds."""
_SMOOTHING = 0.25  # share of the newest frame in the mean cost


class FramePacer:
    """Computes when the next frame may be drawn.

    The pace depends on frames in which curves grew. A frame that draws axes again, of which there are few, does not
    delay the next one.

    Attributes
    ----------
    interval
        Time from one frame to the next, seconds.
    """

    def __init__(self) -> None:
        self.interval = MIN_INTERVAL
        self._cost: float | None = None
        self._due = 0.0

    def compute_delay(self, now: float) -> float:
        """Return the time until the next frame may begin, seconds."""
        return max(0.0, self._due - now)

    def add_frame(self, began: float, ended: float, *, is_usual: bool) -> None:
        """Take account of a frame.

        Parameters
        ----------
        began, ended
            On the clock of `compute_delay`, seconds.
        is_usual
            Whether only curves changed.
        """
        if is_usual:
            cost = ended - began
            self._cost = cost if self._cost is None else self._cost + _SMOOTHING * (cost - self._cost)
            self.interval = min(MAX_INTERVAL, max(MIN_INTERVAL, 2.0 * self._cost))
        self._due = max(began + self.interval, ended + REST)
