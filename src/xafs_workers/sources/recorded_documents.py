"""Documents and control messages of a recording, read once, in the order of the file."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from xafs_workers.consumer.records import RECORDING_TOPIC, EndOfPartition, Partition, RawRecord
from xafs_workers.logs import get_logger
from xafs_workers.recording.session import Session, SessionError
from xafs_workers.scans.items import RecordPosition
from xafs_workers.sources.queued import QueuedSource

log = get_logger("sources")

MAX_QUEUED = 2000
"""Records that are read ahead."""
PAUSE_SECONDS = 0.05
END_OFFSET = 2**62
"""Offset of the end; a record's is its line."""


class RecordingSource(QueuedSource):
    """Reads a recording from its beginning, at each start of the worker.

    The position of a record is its line, so what a worker has done for a line is not done again.
    """

    def __init__(self, path: Path, wake: threading.Event):
        super().__init__(RECORDING_TOPIC, "once", wake)
        self._path = path
        self._marks = 0

    def fetch_watermarks(self) -> dict[Partition, tuple[int, int]]:
        """Return marks that always rise, so that the file is the past until it has been read."""
        self._marks += 1
        return {self.partition: (0, self._marks)}

    def _run(self) -> None:
        try:
            for record in Session(self._path).read_records(self._log_error):
                position = RecordPosition(self.topic, 0, record.line)
                stamp = record.time or time.time()
                self._queue.append(RawRecord(position, stamp, record.key, record.encode_value(), is_replayed=True))
                self._wake.set()
                while len(self._queue) >= MAX_QUEUED and not self._stop.wait(PAUSE_SECONDS):
                    pass
                if self._stop.is_set():
                    return
        except SessionError as error:
            self._log_error(error)
            self._problem = f"recording: {error}"
        self._queue.append(EndOfPartition(self.partition, END_OFFSET))
        self._wake.set()
        self._stop.wait()

    def _log_error(self, error: SessionError) -> None:
        log.error("recording_unreadable", reason=str(error))
