"""One signal of one run against a motor or time: the panels that line and time scans share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xafs_workers.figures.model import Array, Figure, Panel
from xafs_workers.figures.tracing import Curve, traced
from xafs_workers.scans import spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.detectors import Wish, fluorescence
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.rules import Rules
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan


@dataclass(frozen=True, slots=True)
class Asked:
    """What a start message asks to see.

    Attributes
    ----------
    motor
        '' for a scan against time.
    detector
        Canonical name, or a data key to be shown as it is.
    """

    motor: str
    detector: str
    fluo_detector: str | None = None
    stack: bool = False


FLUORESCENCE = frozenset({"fluorescence", "xs1", "dante"})


def line_figure(board: Board, scan: Scan, asked: Asked, title: str) -> Figure:
    """Return the figure of a line or time scan: one panel, or fluorescence over transmission."""
    run = board.runs.get(scan.runs[0]) if scan.runs else None
    panels = tuple(replace(panel, row=row) for row, panel in enumerate(_panels(asked, run, board.rules)))
    if len(panels) == 2:
        return Figure(scan.id, scan.kind, title, panels, rows=2, width=6.5, height=9.5)
    return Figure(scan.id, scan.kind, title, panels)


def _panels(asked: Asked, run: Run | None, rules: Rules) -> Iterator[Panel]:
    if asked.detector in FLUORESCENCE and asked.stack:
        name = asked.fluo_detector or ("dante" if asked.detector == "dante" else "SDD")
        yield _panel("fluorescence", f"fluorescence ({name})", (_fluorescence(asked, rules),), asked, run)
        yield _panel("transmission", "transmission", (_ratio("It/I0", rules.columns.it, rules),), asked, run)
        return
    label, curves = _signal(asked, run, rules)
    yield _panel("signal", label, curves, asked, run)


def _signal(asked: Asked, run: Run | None, rules: Rules) -> tuple[str, tuple[Curve, ...]]:
    """Return the label and curves of a detector."""
    columns = rules.columns
    if asked.detector in FLUORESCENCE:
        return "fluorescence / I0", (_fluorescence(asked, rules),)
    if asked.detector in ("pilatus", "eiger"):
        return "intensity (counts)", (_raw("specular", "specular"), _raw("diffuse", "diffuse"))
    if asked.detector == "ic1":
        return "Ita/I0 and Itb/I0", (_ratio("Ita/I0", "Ita", rules), _ratio("Itb/I0", "Itb", rules))
    if asked.detector == "ic0":
        return "I0a and I0b (nA·s)", (_raw("I0a", "I0a"), _raw("I0b", "I0b"))
    ratios = {"transmission": ("It/I0", columns.it), "yield": ("Iy/I0", columns.iy)}
    if asked.detector in ratios:
        label, key = ratios[asked.detector]
        return label, (_ratio(label, key, rules),)
    charges = {"i0": columns.i0, "test": columns.i0, "reference": columns.ir}
    if asked.detector in charges:
        key = charges[asked.detector]
        return f"{key} (nA·s)", (_raw(key),)
    return _with_unit(asked.detector, run), (_raw(asked.detector),)


def _raw(key: str, label: str = "") -> Curve:
    return Curve(key, y=lambda run: spectra.column(run.points, key), label=label)


def _ratio(label: str, key: str, rules: Rules) -> Curve:
    legend = label if key in ("Ita", "Itb") else ""
    return Curve(label, y=lambda run: spectra.ratio(run.points, key, rules.columns.i0), label=legend)


def _fluorescence(asked: Asked, rules: Rules) -> Curve:
    wish = Wish(asked.detector, asked.fluo_detector)
    return Curve("fluorescence", y=lambda run: fluorescence(run, rules, wish))


def _panel(key: str, y_label: str, curves: tuple[Curve, ...], asked: Asked, run: Run | None) -> Panel:
    x_label = _with_unit(asked.motor, run) if asked.motor else "time (seconds)"
    panel = Panel(key, "", x_label, y_label, x_name=asked.motor or "time", y_name=key)
    if run is None or not len(run.points):
        return panel
    placed = (replace(curve, x=_abscissa(asked), series=series) for series, curve in enumerate(curves))
    traces, notes = traced(((run, curve) for curve in placed), "both")
    legend = "full" if any(trace.label for trace in traces) else "none"
    return replace(panel, traces=traces, texts=notes, legend=legend)


def _abscissa(asked: Asked) -> Callable[[Run], Array]:
    if asked.motor:
        return lambda run: spectra.column(run.points, asked.motor)
    return lambda run: spectra.elapsed(run.points)


def _with_unit(key: str, run: Run | None) -> str:
    unit = text(mapping(run.data_keys.get(key)).get("units")) if run else ""
    return f"{key} ({unit})" if unit else key
