"""Legend of many repetitions: one entry for those that are thin and grey, one for the newest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bokeh.models import Legend

from xafs_workers.figures.model import Panel, Trace
from xafs_workers.figures.trace_builder import MAX_DISTINCT, fade_earlier
from xafs_workers.render.bokeh.panel import PanelView
from xafs_workers.render.bokeh.style import Style as PageStyle
from xafs_workers.render.matplotlib.legend import build_strip
from xafs_workers.render.matplotlib.style import Style

X = np.arange(3.0)


def make_traces(*labels: str) -> list[Trace]:
    return [Trace(f"scan-{n}", X, X + n, label, n) for n, label in enumerate(labels)]


def list_entries(*labels: str, most: int = 1) -> list[str]:
    return [trace.entry for trace in fade_earlier(make_traces(*labels), most) if trace.entry]


@pytest.mark.parametrize(
    ("labels", "entries"),
    [
        (["scan 1", "scan 2"], ["scan 1", "scan 2"]),
        (["scan 1", "scan 2", "scan 3"], ["scan 1 … 2", "scan 3"]),
        (["scan 1, pass 1", "scan 1, pass 2", "scan 1, pass 3"], ["scan 1, pass 1 … 2", "scan 1, pass 3"]),
        (["scan 1", "scan 2 (aborted)", "scan 3"], ["scan 1 … scan 2 (aborted)", "scan 3"]),
        (["scan 1"], ["scan 1"]),
    ],
)
def test_grey_repetitions_have_one_entry(labels: list[str], entries: list[str]) -> None:
    assert list_entries(*labels) == entries


def test_few_repetitions_have_an_entry_each() -> None:
    labels = [f"scan {n}" for n in range(1, MAX_DISTINCT + 1)]
    assert list_entries(*labels, most=MAX_DISTINCT) == labels


def test_window_and_page_show_the_same_entries() -> None:
    traces = fade_earlier(make_traces(*(f"scan {n}" for n in range(1, 13))))
    panel = Panel("mu", traces=traces, legend="full")
    strip = build_strip(panel, 500.0, Style().compute_sizes(8.0, 6.0))
    assert [entry.label for entry in strip.entries] == ["scan 1 … 11", "scan 12"]
    (legend,) = (part for part in PanelView(panel, PageStyle()).plot.above if isinstance(part, Legend) and part.visible)
    shown: list[Any] = list(legend.items)
    items = [(item.label.value, len(item.renderers)) for item in shown]
    assert items == [("scan 1 … 11", 11), ("scan 12", 1)]
    assert traces[3].label == "scan 4", "a table names each"
