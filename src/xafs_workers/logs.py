"""Structured logs: an event name and its fields, for a terminal or, as JSON, for a journal."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def get_logger(room: str) -> Any:
    """Return the logger of a room; use it with an event name and fields: ``log.info("file_written", path=path)``."""
    return structlog.get_logger(room=room)


def set_up(level: str = "info", style: str = "text", **fields: Any) -> None:
    """Send logs to standard error.

    Parameters
    ----------
    level
        ``debug``, ``info``, ``warning`` or ``error``.
    style
        ``text`` for people, ``json`` for machines.
    fields
        Carried by each line, e.g. ``worker="headless"``.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    last: Any = structlog.processors.JSONRenderer(default=str)
    if style == "text":
        last = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=26
        )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            *([structlog.processors.format_exc_info] if style == "json" else []),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**fields)
