"""A demo's show: a recording replayed as fast as possible."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from xafs_workers.demo.environment import DemoFailed
from xafs_workers.recording import service
from xafs_workers.recording.record import Record
from xafs_workers.recording.session import Session
from xafs_workers.storage.proposals import proposal_of

if TYPE_CHECKING:
    from xafs_workers.demo.supervisor import Stage


class Replayed:
    """Replays a file."""

    def __init__(self, path: Path):
        self._path = path

    def __call__(self, stage: Stage, console: Console) -> None:
        """Check the recording, make the sessions' folders, and send it."""
        session, stop = Session(self._path), threading.Event()
        options = service.ReplayOptions(speed=None)
        found = service.check(session, options, stop, terminal=console.is_terminal)
        if options.refuses(found):
            first = found.problems[0]
            raise DemoFailed(f"{self._path}:{first.line}: {first.text} ({len(found.problems)} problems)")
        for record in session.records(on_error=lambda _error: None):
            self._prepare(stage, record)
        summary = service.replay(session, found, stage.place.settings, options, stop, terminal=console.is_terminal)
        if summary.failed:
            raise DemoFailed(f"{summary.failed} records were not delivered: {summary.reasons}")
        console.print(f"{self._path.name}: {summary.delivered.total()} records in {summary.seconds:.1f} s")

    def _prepare(self, stage: Stage, record: Record) -> None:
        body = record.body
        if body is None:
            return
        if record.topic == "control":
            stage.note(body)
        elif record.name == "start":
            stage.place.session_folder(*proposal_of(body, stage.place.settings.storage))
