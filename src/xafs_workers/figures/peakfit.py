"""Figure of a fit of a peak."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import FigureExample, figure_builders, figure_examples
from xafs_workers.figures.fits import build_example_columns, build_fit_figure
from xafs_workers.messages.peakfit import Peakfit

figure_builders.register("peakfit")(build_fit_figure)


@figure_examples.register("peakfit")
def build_example() -> FigureExample:
    """Return a line scan and the message that asks for its fit."""
    message = Peakfit.example
    columns = {message["motor_name"]: [0.25 * i for i in range(41)], **build_example_columns("peak")}
    return FigureExample((message,), columns, {"uid": message["uid"], "motors": [message["motor_name"]]})
