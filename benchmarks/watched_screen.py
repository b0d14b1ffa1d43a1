"""Run the screen worker and log its frames: `python -m benchmarks.watched_screen FRAMES plot-manager ...`.

A line of the file FRAMES is a JSON object: ``figure``, ``title``, ``points`` (of the newest curve that is measured),
``traces``, ``redraw``, ``drawn_seconds`` and ``drawn_cpu`` (of the window's thread), and ``shown_at``, the time after
Qt painted the frame, POSIX seconds. A line with ``live_at`` alone has the time at which the worker had caught up.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from xafs_workers.cli.main import run
from xafs_workers.figures.model import Figure
from xafs_workers.frontends.screen import figure_tab, window


class FrameLog:
    """Log of the frames; a frame ends in the first turn of Qt's loop after the canvas has been painted."""

    def __init__(self, path: Path):
        self._stream = path.open("a", buffering=1)
        self._frames: list[dict[str, Any]] = []
        self._is_live = False

    def write(self, **entry: Any) -> None:
        """Write a line."""
        self._stream.write(json.dumps(entry) + "\n")

    def add_frame(self, figure: Figure, redraw: str, seconds: tuple[float, float], *, is_painted: bool) -> None:
        """Take note of a frame that is drawn; `is_painted` where Qt painted it already."""
        traces = [trace for panel in figure.panels if panel.x_name != "k" for trace in panel.traces]
        newest = max((trace.series for trace in traces), default=0)
        points = max((len(trace.x) for trace in traces if trace.series == newest), default=0)
        entry = {"figure": figure.id, "title": figure.title, "points": points, "traces": len(traces)}
        self._frames.append({**entry, "redraw": redraw, "drawn_seconds": seconds[0], "drawn_cpu": seconds[1]})
        if is_painted:
            self.on_painted()

    def on_painted(self) -> None:
        """Finish the frames when Qt has shown what it painted."""
        frames, self._frames = self._frames, []
        if frames:
            QTimer.singleShot(0, lambda: [self.write(**one, shown_at=time.time()) for one in frames])

    def on_refresh(self, waits_for: str) -> None:
        """Take note of the moment at which the window has nothing to wait for."""
        if not waits_for and not self._is_live:
            self._is_live = True
            self.write(live_at=time.time())


def watch(log: FrameLog) -> None:
    """Have the tabs and the window report to a log."""
    show, paint = figure_tab.FigureTab.show_figure, figure_tab.FigureCanvas.paintEvent
    status = window.Window._update_status  # noqa: SLF001 - a benchmark looks inside
    painted = [0]

    def show_figure(tab: figure_tab.FigureTab, figure: Figure, version: int) -> Any:
        before, cpu = painted[0], time.thread_time()
        change = show(tab, figure, version)
        if change != "none":
            seconds = tab.update_seconds, time.thread_time() - cpu
            log.add_frame(figure, str(change), seconds, is_painted=painted[0] != before)
        return change

    def paint_event(canvas: Any, event: Any) -> None:
        paint(canvas, event)
        painted[0] += 1
        log.on_painted()

    def update_status(self: Any, feed: Any) -> None:
        status(self, feed)
        log.on_refresh(feed.waits_for)

    figure_tab.FigureTab.show_figure = show_figure
    figure_tab.FigureCanvas.paintEvent = paint_event
    window.Window._update_status = update_status  # noqa: SLF001


def main() -> None:
    """Run the worker whose command line follows the name of the file."""
    path = Path(sys.argv.pop(1))
    watch(FrameLog(path))
    assert QApplication.instance() is None
    run()


if __name__ == "__main__":
    main()
