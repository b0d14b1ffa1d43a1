"""What every Kafka client of ours shares: librdkafka's own log lines, sent to our logs."""

from __future__ import annotations

import logging
from typing import Any

from xafs_workers.logs import get_logger


class ClientLog:
    """Takes librdkafka's log lines (it calls `log` as of a standard logger).

    They are details: what matters reaches the callers as errors. So each goes to our logs as ``debug``, but for
    librdkafka's critical ones.
    """

    def __init__(self, room: str):
        self._log = get_logger(room)

    def log(self, level: int, pattern: str, *args: Any) -> None:
        """Log one line."""
        line = pattern % args if args else pattern
        if level >= logging.CRITICAL:
            self._log.error("librdkafka", line=line)
        else:
            self._log.debug("librdkafka", line=line)
