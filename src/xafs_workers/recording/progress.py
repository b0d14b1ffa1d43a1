"""Progress of a long read or a replay: a bar on a terminal, log lines everywhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from xafs_workers.logs import get_logger
from xafs_workers.recording.record import Record
from xafs_workers.scans.scan import scan_kinds

log = get_logger("recording")

LOG_SECONDS = 10.0


class StreamPosition:
    """Run and repetition that a stream of records has reached."""

    def __init__(self) -> None:
        self.run = ""
        self.repetition = ""
        self._kinds = [kind for kind in scan_kinds if scan_kinds[kind].has_repetitions]

    def follow(self, record: Record) -> None:
        """Update run and repetition from one record."""
        body = record.body
        if body is None:
            return
        if record.topic == "control":
            self._follow_control(body)
        elif record.name == "start":
            self.run = f"{body.get('scan_id', '')} {str(body.get('uid', ''))[:8]}".strip()

    def _follow_control(self, body: Mapping[str, Any]) -> None:
        action = next((body[kind] for kind in self._kinds if kind in body), None)
        if action == "start":
            self.repetition = f"0/{body.get('repetitions', '?')}"
        elif action == "next":
            self.repetition = f"{body.get('count', '?')}/{self.repetition.partition('/')[2] or '?'}"
        elif action in ("stop", "end"):
            self.repetition = ""


class ProgressDisplay(Protocol):
    """Shows a state of progress to the user."""

    def __call__(self, done: float, position: StreamPosition, rate: float) -> None:
        """Show the amount done, the position in the stream, and the rate, records per second."""
        ...


class Progress:
    """Counts records and shows the progress, at most once every `interval` seconds.

    Parameters
    ----------
    show
        Display of the progress.
    by_time
        Whether the amount done is measured in recorded seconds instead of records.
    longest_gap
        Longest time that a recorded gap counts, seconds.
    interval
        Shortest time between two displays, seconds.
    """

    def __init__(
        self, show: ProgressDisplay, *, by_time: bool = False, longest_gap: float = 30.0, interval: float = 0.1
    ):
        self._show, self._by_time, self._longest_gap, self._interval = show, by_time, longest_gap, interval
        self._position = StreamPosition()
        self._started_at = self._shown_at = time.monotonic()
        self._records = 0
        self._seconds = 0.0
        self._last_time: float | None = None

    def __call__(self, record: Record) -> None:
        """Count one record, and show the progress when the interval is over."""
        self._records += 1
        if self._last_time is not None:
            self._seconds += min(max(record.time - self._last_time, 0.0), self._longest_gap)
        self._last_time = record.time
        self._position.follow(record)
        now = time.monotonic()
        if now - self._shown_at >= self._interval:
            self._shown_at = now
            self.show()

    def show(self) -> None:
        """Show the progress now."""
        elapsed = max(time.monotonic() - self._started_at, 1e-6)
        self._show(self._seconds if self._by_time else self._records, self._position, self._records / elapsed)


@contextmanager
def show_progress(
    title: str, total: float | None, *, by_time: bool = False, longest_gap: float = 30.0, terminal: bool = False
) -> Iterator[Progress]:
    """Show the progress of the code inside the context; call the yielded object with each record.

    Parameters
    ----------
    title
        Name of the work: label of the bar, or log event.
    total
        Number of records, or of recorded seconds with `by_time`; None if unknown.
    by_time
        Whether the amount done is measured in recorded seconds instead of records.
    longest_gap
        Longest time that a recorded gap counts, seconds.
    terminal
        Whether to draw a bar on standard error instead of logging a line every 10 s.
    """
    if not terminal:
        yield Progress(_build_log_display(title, total), by_time=by_time, longest_gap=longest_gap, interval=LOG_SECONDS)
        return
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TextColumn("{task.fields[where]}"),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, where="", rate="")

        def show(done: float, position: StreamPosition, rate: float) -> None:
            bar.update(task, completed=done, where=_format_position(position), rate=f"{rate:.0f}/s")

        progress = Progress(show, by_time=by_time, longest_gap=longest_gap)
        yield progress
        progress.show()


def _format_position(position: StreamPosition) -> str:
    run = f"run {position.run}" if position.run else ""
    repetition = f"repetition {position.repetition}" if position.repetition else ""
    return ", ".join(part for part in (run, repetition) if part)


def _build_log_display(title: str, total: float | None) -> ProgressDisplay:
    began = time.monotonic()

    def show(done: float, position: StreamPosition, rate: float) -> None:
        fields: dict[str, Any] = {"rate": round(rate, 1), "run": position.run, "repetition": position.repetition}
        if total and done > 0:
            left = (time.monotonic() - began) * (total / done - 1)
            fields |= {"done": f"{100 * done / total:.0f}%", "seconds_left": round(max(left, 0.0))}
        log.info(title, **fields)

    return show
