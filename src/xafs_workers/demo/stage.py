"""Running parts of a demo, and what must be answered and written at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.demo.environment import DemoEnvironment
from xafs_workers.demo.listener import MessageCounts, WorkerListener, find_answered_action, find_file_action
from xafs_workers.simulation.tiled_server import TiledServer


@dataclass
class DemoStage:
    """Everything that runs during a demo, and the answers and files it expects."""

    environment: DemoEnvironment
    listener: WorkerListener
    is_alive: Callable[[], bool]
    workers: tuple[str, ...]
    catalog: TiledServer | None = None
    expected_answers: MessageCounts = field(default_factory=Counter)
    expected_files: MessageCounts = field(default_factory=Counter)

    def count_message(self, body: Mapping[str, Any]) -> None:
        """Count a message that a worker of this demo has to answer."""
        asked = find_answered_action(self.workers, body)
        if asked is not None:
            self.expected_answers[asked] += 1
        due = find_file_action(self.workers, body)
        if due is not None:
            self.expected_files[due] += 1
