"""Peers of the benchmarks: Bluesky's own live plots, fed with the same documents."""

from __future__ import annotations

import warnings
from typing import Any

from benchmarks.canvases import QUARTER, WINDOW, Backend
from benchmarks.feeds import SIDE, Document_, Run


class Peers:
    """Bluesky's plot callbacks, which draw at each event.

    Parameters
    ----------
    plots
        Callbacks, called with (name, document).
    fast
        Names (x, y) for each LivePlot, whose caches can be filled without drawing; empty for a LiveGrid.
    """

    def __init__(self, backend: Backend, plots: list[Any], fast: tuple[tuple[str, str], ...] = ()):
        self._backend, self._plots, self._fast = backend, plots, fast

    def take(self, documents: list[Document_], /) -> None:
        """Draw each document, as the callbacks do in a RunEngine."""
        for name, body in documents:
            for plot in self._plots:
                plot(name, body)
        self._backend.paint()

    def load(self, run: Run, count: int) -> None:
        """Load the first events of a run without drawing each."""
        for plot, (x, y) in zip(self._plots, self._fast, strict=True):
            for _, event in run.events[:count]:
                plot.update_caches(event["data"][x], event["data"][y])

    def whole(self, run: Run) -> None:
        """Load a finished run and draw it once."""
        self.take(run.head)
        self.load(run, len(run.events))
        self.take(run.tail)


def live_plots(backend: Backend, x: str, ys: tuple[str, ...]) -> Peers:
    """Create LivePlots, each in its own figure; four figures have the area of one window."""
    from bluesky.callbacks.mpl_plotting import LivePlot

    size = WINDOW if len(ys) == 1 else QUARTER
    axes = [backend.canvas(size).figure.add_subplot() for _ in ys]
    plots = [LivePlot(y, x, ax=ax, use_teleporter=False) for y, ax in zip(ys, axes, strict=True)]
    return Peers(backend, plots, tuple((x, y) for y in ys))


def live_grid(backend: Backend, side: int = SIDE) -> Peers:
    """Create a LiveGrid for the map."""
    from bluesky.callbacks.mpl_plotting import LiveGrid

    axes = backend.canvas(WINDOW).figure.add_subplot()
    return Peers(backend, [LiveGrid((side, side), "ratio", ax=axes, use_teleporter=False)])


def fill_grid(peers: Peers, run: Run, count: int) -> None:
    """Load the first events into a LiveGrid without drawing each; this is only possible through its array."""
    (grid,) = peers._plots  # noqa: SLF001 - a class of this module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        peers.take(run.head)
    for n, (_, event) in enumerate(run.events[:count]):
        grid._Idata[divmod(n, SIDE)] = event["data"]["ratio"]  # noqa: SLF001 - LiveGrid has no public way
