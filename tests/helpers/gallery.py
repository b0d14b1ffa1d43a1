"""The gallery's figures for tests: one of each layout, with made-up reductions in place of Larch's."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from xafs_workers.figures.model import Figure, Line, Panel, Trace

GALLERY = Path(__file__).parents[2] / "tools" / "gallery.py"
K = np.linspace(0.0, 12.0, 240)
REDUCED: dict[str, tuple[Any, Any]] = {
    "k": (K, 2.0 * np.sin(4.2 * K) * np.exp(-0.02 * K**2)),
    "r": (0.5 * K, 3.0 * np.exp(-((0.5 * K - 2.0) ** 2) / 0.05)),
    "energy": (7000.0 + 50.0 * K, 0.05 + np.tanh(K)),
}
"""Curves by name of the abscissa."""
ADVICE = "noise 1.4e-3 (2 repetitions): about 2 more"


@cache
def load_gallery() -> Any:
    """Load `tools/gallery.py`."""
    spec = importlib.util.spec_from_file_location("gallery", GALLERY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


@cache
def list_distinct_figures() -> dict[str, Figure]:
    """List the figures of the gallery that differ in more than their numbers, by name."""
    found: dict[object, tuple[str, Figure]] = {}
    for name, figure in load_gallery().figures():
        found.setdefault(_describe_layout(figure), (name, figure))
        reduced = _add_reductions(figure)
        found.setdefault(_describe_layout(reduced), (f"{name}, reduced", reduced))
    return dict(found.values())


def _describe_layout(figure: Figure) -> object:
    return figure.rows, figure.columns, figure.is_finished, tuple(map(_describe_panel, figure.panels))


def _describe_panel(panel: Panel) -> object:
    has_parts = map(bool, (panel.title, panel.meshes, panel.lines, panel.marks, panel.texts))
    return panel.x_name, len(panel.y_label) // 10, panel.legend, panel.y_scale, min(len(panel.traces), 4), *has_parts


def _add_reductions(figure: Figure) -> Figure:
    return replace(figure, panels=tuple(map(_add_reduction, figure.panels)))


def _add_reduction(panel: Panel) -> Panel:
    if panel.traces or panel.x_name not in REDUCED:
        return panel
    labels = [f"scan {n}" for n in (1, 2, 3)] if panel.legend != "none" else [""]
    traces = tuple(Trace(f"t{n}", *REDUCED[panel.x_name], label, n) for n, label in enumerate(labels))
    lines = (Line("e0", 7112.0, "E0 = 7112.0 eV"),) if panel.key == "mu" else ()
    title = ADVICE if panel.key == "chir" else panel.title
    return replace(panel, traces=traces, lines=lines, title=title, texts=())
