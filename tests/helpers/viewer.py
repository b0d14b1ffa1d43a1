"""A viewer in this process, on whichever sources its settings name."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from helpers.processes import wait_until
from helpers.streams import Entry
from xafs_workers.consumer.roles import SCREEN
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure
from xafs_workers.frontends.history import HistoryEntry, find_board_scan, list_history
from xafs_workers.frontends.status import Feed
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.settings import Settings
from xafs_workers.sources.connections import Connections
from xafs_workers.viewers.follower import Follower


class Viewer:
    """A follower without a window."""

    def __init__(self, folder: Path, kafka: KafkaConfig | None = None, **settings: Any):
        more = {"profile": "plain", "beamline": f"b{uuid.uuid4().hex[:8]}", "state_directory": folder, **settings}
        self.settings = Settings(**more)
        self._follower = Follower(self.settings, Connections(self.settings, kafka), SCREEN)

    def __enter__(self) -> Self:
        self._follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._follower.stop()

    def list_history(self) -> list[HistoryEntry]:
        """Wait until the past is read, and list it."""
        wait_until(lambda: not self.feed.is_reading_history, "the past")
        return list_history((self.feed.board, self.feed.history))

    @property
    def feed(self) -> Feed:
        assert self._follower.failure is None, self._follower.failure
        return self._follower.build_feed()

    @property
    def board(self) -> Board:
        return self.feed.board

    def wait(self, condition: Callable[[Board], bool], what: str) -> Board:
        wait_until(lambda: condition(self.board), what)
        return self.board

    def wait_until_live(self) -> None:
        wait_until(lambda: not self.feed.waits_for, "the viewer")

    def wait_for_stop(self, uid: str) -> Run:
        def has_stopped(board: Board) -> bool:
            run = board.runs.get(uid)
            return run is not None and run.stop is not None

        return self.wait(has_stopped, "the end of the run").runs[uid]

    def join(self, publish: Callable[[str, dict[str, Any]], object]) -> None:
        """Publish until the viewer counts a document: nothing is kept for late readers."""

        def has_come() -> bool:
            publish("stop", {"uid": uuid.uuid4().hex, "run_start": f"probe {uuid.uuid4()}", "time": 1.0})
            loop = self._follower._loop
            return loop is not None and loop.counters.incomplete_runs > 0

        wait_until(has_come, "the first document")

    def draw(self) -> Figure:
        """Build the figure of the only scan."""
        (scan,) = self.board.scans
        return self.draw_scan(scan)

    def draw_past(self, figure_id: str) -> Figure:
        """Build a figure of the past by its address."""
        found = find_board_scan((self.feed.board, self.feed.history), figure_id)
        assert found is not None
        return build_figure(*found)

    def draw_scan(self, scan: Scan) -> Figure:
        return build_figure(self.board, scan)


def publish_all(publish: Callable[[str, dict[str, Any]], object], entries: Iterable[Entry]) -> None:
    for name, document in entries:
        publish(name, document)
