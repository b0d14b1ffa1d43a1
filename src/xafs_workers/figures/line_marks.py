"""Statistics of line scans in their figures and answers: crosses, a line at the centre of mass, and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure, Line, Mark, Panel
from xafs_workers.figures.position_digits import count_digits
from xafs_workers.scans.board import Board
from xafs_workers.scans.line_statistics import LineStatistics, compute_line_statistics
from xafs_workers.scans.motor_places import find_motor_place
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan, scan_kinds

SEPARATOR = "   "
NO_PEAK = "no peak above the noise"
LEAST_LOBE = 0.5
"""Smallest height of the lower of two lobes of a derivative, in units of the higher one, at which both are marked."""


def add_line_marks(
    board: Board, scan: Scan, figure: Figure, *, has_place: bool = True, is_derivative: bool = False
) -> Figure:
    """Mark and write the statistics of the first curve in each panel of a line scan; other figures stay as they are.

    Parameters
    ----------
    has_place
        Whether the motor's present place is shown; a picture in a file must not depend on when it is drawn.
    is_derivative
        Whether the curves are derivatives. That of a peak has a maximum and a minimum, and no width.
    """
    if not _is_line_scan(scan):
        return figure
    runs = tuple(board.runs.values()) if has_place else ()
    mark = _mark_lobes if is_derivative else _mark_panel
    return replace(figure, panels=tuple(mark(runs, panel) for panel in figure.panels))


def build_line_answer(board: Board, scan: Scan) -> Mapping[str, Any]:
    """Build the value of the answer to a line scan's stop: the statistics of each signal, and where it left the motor.

    {} where nothing was measured.
    """
    panels = build_figure(board, scan).panels
    found = [(panel.y_label, _compute_statistics(panel)) for panel in panels]
    signals = [{"signal": label, **statistics.to_values()} for label, statistics in found if statistics is not None]
    if not signals:
        return {}
    motor = panels[0].x_name
    position = find_motor_place((board.runs[uid] for uid in scan.run_uids if uid in board.runs), motor)
    return {"uid": scan.run_uids[0], "motor": motor, "position": position, "statistics": signals}


def _is_line_scan(scan: Scan) -> bool:
    return scan_kinds[scan.kind].form == "line"


def _compute_statistics(panel: Panel) -> LineStatistics | None:
    if not panel.traces or panel.x_name in ("", "time"):
        return None
    return compute_line_statistics(panel.traces[0].x, panel.traces[0].y)


def _mark_lobes(runs: Sequence[Run], panel: Panel) -> Panel:
    """Mark the maximum and the minimum of a derivative that has both, about zero; another one is marked as a signal."""
    found = _compute_statistics(panel)
    lower, higher = (0.0, 0.0) if found is None else sorted((found.max_value, -found.min_value))
    if found is None or not found.form or lower < LEAST_LOBE * higher:
        return _mark_panel(runs, panel)
    digits = count_digits(found.spacing, found.span)
    texts = (f"maximum {found.max_position:.{digits}f}", f"minimum {found.min_position:.{digits}f}")
    marks = (
        Mark("maximum", found.max_position, found.max_value),
        Mark("minimum", found.min_position, found.min_value),
    )
    title = SEPARATOR.join(filter(None, (panel.title, _name_curve(panel), *texts)))
    return replace(panel, title=title, marks=(*panel.marks, *marks))


def _mark_panel(runs: Sequence[Run], panel: Panel) -> Panel:
    statistics = _compute_statistics(panel)
    if statistics is None:
        return panel
    place = find_motor_place(runs, panel.x_name)
    lines = (*panel.lines, *_build_lines(statistics, place))
    texts = tuple(_list_texts(statistics, place))
    title = SEPARATOR.join(filter(None, (panel.title, _name_curve(panel), *texts)))
    return replace(panel, title=title, lines=lines, marks=(*panel.marks, *_build_marks(statistics)))


def _name_curve(panel: Panel) -> str:
    """Return the curve whose statistics are shown, where the panel has several."""
    return f"{panel.traces[0].label}:" if len(panel.traces) > 1 else ""


def _build_marks(found: LineStatistics) -> Iterator[Mark]:
    if found.form == "step" and found.center is not None:
        yield Mark("middle", found.center, found.level)
    if found.form in ("peak", "dip"):
        is_peak = found.form == "peak"
        yield Mark(
            "extremum",
            found.max_position if is_peak else found.min_position,
            found.max_value if is_peak else found.min_value,
        )
        if found.fwhm is not None:
            yield Mark("half height, first", found.crossings[0], found.level)
            yield Mark("half height, last", found.crossings[-1], found.level)


def _build_lines(found: LineStatistics, place: float | None) -> Iterator[Line]:
    if found.form == "peak" and found.com is not None:
        position = round(found.com, count_digits(found.spacing, found.span))
        yield Line("com", position, "COM", is_moving=True)
    if place is not None:
        yield Line("place", place, "now", is_moving=True)


def _list_texts(found: LineStatistics, place: float | None) -> Iterator[str]:
    """Yield the numbers."""
    digits = count_digits(found.spacing, found.span)

    def write(name: str, value: float | None) -> str:
        return "" if value is None else f"{name} {value:.{digits}f}"

    if found.form == "step":
        yield write("middle", found.center)
    elif found.form:
        yield write("peak" if found.form == "peak" else "minimum", _get_extremum(found))
        yield write("COM", found.com) if found.form == "peak" else ""
        yield write("FWHM", found.fwhm)
    else:
        yield NO_PEAK
    yield write("now", place)


def _get_extremum(found: LineStatistics) -> float:
    return found.max_position if found.form == "peak" else found.min_position
