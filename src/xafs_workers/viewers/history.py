"""Scans of the last day, which a viewer reads again in the background after it has begun to show the present ones."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from xafs_workers.consumer.ordered_reader import OrderedReader
from xafs_workers.consumer.record_parser import RecordParser, RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.region_file import load_regions
from xafs_workers.consumer.source_interface import Source
from xafs_workers.logs import get_logger
from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.process import Reducer
from xafs_workers.reduction.router import AnalysisRouter
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.reduction_requests import build_pending_requests
from xafs_workers.settings import Settings
from xafs_workers.threads import SupervisedThread

log = get_logger("workers")

READ_PAUSE = 0.005
"""Pause between two portions of records, seconds: live figures come first."""
NO_FIGURE = ""
"""Wakes the thread without asking for a figure: results are ready, or the history is closed."""


class History:
    """Board of the past, in a thread of its own. It is read once, and its scans are reduced when they are looked at.

    Parameters
    ----------
    open_source
        Opens a source whose past records can be read; None where nothing keeps them.

    Attributes
    ----------
    board
        Everything since the beginning; empty before it is read. Any thread may read it.
    is_reading
        Whether the past is still being read.
    """

    def __init__(self, settings: Settings, config: BoardConfig, open_source: Callable[[], Source | None]):
        self._settings, self._open_source = settings, open_source
        self.board = Board(config)
        self.is_reading = settings.recovery.history_hours > 0
        self._stop = threading.Event()
        self._requested: queue.SimpleQueue[str] = queue.SimpleQueue()
        rules = settings.reduction
        reducers = (
            Reducer(self._wake, timeout=rules.task_seconds, idle_seconds=rules.idle_seconds, starts_warm=False)
            for _ in range(2)
        )
        self._router = AnalysisRouter(next(reducers), Fitter(self._wake), next(reducers))
        self._thread = SupervisedThread(self._run, "history", self._stop.is_set)

    def start(self) -> None:
        """Start to read the past."""
        if self.is_reading:
            self._thread.start()

    def request_results(self, figure: str) -> None:
        """Have the scan of a figure reduced, from any thread."""
        self._requested.put(figure)

    def _wake(self) -> None:
        self._requested.put(NO_FIGURE)

    def close(self) -> None:
        """Stop reading and reducing."""
        self._stop.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        try:
            self._read()
        except Exception:
            log.exception("history_not_read")
        self.is_reading = False
        self._router.start()
        try:
            while not self._stop.is_set():
                self._reduce_requested()
        finally:
            self._router.close()

    def _read(self) -> None:
        since = time.time() - self._settings.recovery.history_hours * 3600.0
        source = self._open_source()
        if source is None:
            log.info("history_not_read", reason="no source keeps past documents (expected Kafka, Tiled or a catalog)")
            return
        try:
            marks = source.metadata.fetch_watermarks()
            ends = {partition: high for partition, (_, high) in marks.items()}
            starts = dict(ends)
            for topic in {topic for topic, _ in marks}:
                starts.update(source.metadata.find_offsets(topic, since))
            source.assign(starts)
            board = self._fold(source, starts, ends)
        finally:
            source.close()
        log.info("history_read", scans=len(board.scans), runs=len(board.runs))
        self.board = board

    def _fold(self, source: Source, starts: dict[Any, int], ends: dict[Any, int]) -> Board:
        """Apply all records up to the ends; one that cannot be applied is left out, as the loop has reported it."""
        board, parser, reader = self.board, RecordParser(self._settings), OrderedReader(source)
        regions = load_regions(self._settings.detectors.regions_file, board.config.regions)
        board = replace(board, config=replace(board.config, regions=regions))
        reader.begin(starts, ends)
        while not reader.caught_up and not self._stop.is_set():
            for record in reader.take(0.2):
                board = _apply(board, parser, record)
            self._stop.wait(READ_PAUSE)
        return board

    def _reduce_requested(self) -> None:
        """Wait for a figure or for results; have the figure's scan reduced, and apply the results."""
        figure = self._requested.get()
        scan = next((scan for scan in self.board.scans if scan.figure_id == figure), None)
        if scan is not None:
            for request in build_pending_requests(self.board, scan):
                self._router.ask(request)
        for result in self._router.take():
            self.board = self.board.apply(result)


def _apply(board: Board, parser: RecordParser, record: RawRecord) -> Board:
    try:
        item = parser.parse_record(record)
        return board if isinstance(item, RejectedRecord) else board.apply(item)
    except Exception as error:  # noqa: BLE001 - the loop that met it first has reported it
        log.debug("history_record_left_out", record=str(record.position), reason=repr(error))
        return board
