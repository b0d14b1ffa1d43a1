"""Forwarding of librdkafka's log lines to our logs, for all Kafka clients."""

from __future__ import annotations

import logging
from typing import Any

from xafs_workers.logs import get_logger


class ClientLog:
    """Logger object for librdkafka, which calls `log` as on a standard logger.

    The lines are details, since callers receive problems as errors. So they are logged as ``debug``, critical ones
    as errors.
    """

    def __init__(self, package: str):
        self._log = get_logger(package)

    def log(self, level: int, pattern: str, *args: Any) -> None:
        """Log one line."""
        line = pattern % args if args else pattern
        if level >= logging.CRITICAL:
            self._log.error("librdkafka", line=line)
        else:
            self._log.debug("librdkafka", line=line)
