"""A demo's show: a recording replayed as fast as possible."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from xafs_workers.demo.environment import DemoError
from xafs_workers.recording import service
from xafs_workers.recording.record import Record
from xafs_workers.recording.session import Session
from xafs_workers.storage.proposals import find_proposal

if TYPE_CHECKING:
    from xafs_workers.demo.stage import DemoStage


class ReplayedSession:
    """Replays a file."""

    def __init__(self, path: Path):
        self._path = path

    def __call__(self, stage: DemoStage, console: Console) -> None:
        """Check the recording, make the sessions' folders, and send it."""
        session, stop = Session(self._path), threading.Event()
        options = service.ReplayOptions(speed=None)
        found = service.check(session, options, stop, terminal=console.is_terminal)
        if options.should_refuse(found):
            first = found.problems[0]
            raise DemoError(f"{self._path}:{first.line}: {first.text} ({len(found.problems)} problems)")
        for record in session.read_records(on_error=lambda _error: None):
            self._prepare(stage, record)
        summary = service.replay(
            session, found, stage.environment.settings, options, stop, terminal=console.is_terminal
        )
        if summary.failed:
            raise DemoError(f"{summary.failed} records were not delivered: {summary.reasons}")
        console.print(f"{self._path.name}: {summary.delivered.total()} records in {summary.seconds:.1f} s")

    def _prepare(self, stage: DemoStage, record: Record) -> None:
        body = record.body
        if body is None:
            return
        if record.topic == "control":
            stage.count_message(body)
        elif record.name == "start":
            stage.environment.create_session_folder(*find_proposal(body, stage.environment.settings.storage))
