"""Structured logs: an event name and its fields, as text for a terminal or as JSON for a journal."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

import structlog

_USER_PASSWORD = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#:@'\"]*:)(?!\d+[/?#])[^\s'\"<>]*@")
"""User and password before the host of a URL. A password may contain slashes; a port is followed by one."""

_QUERY_PASSWORD = re.compile(r"(?i)([?&;](?:api_?key|passw(?:or)?d|(?:access_)?token|secret)=)[^&\s'\"#<>]+")

_configured_level = logging.INFO
_last_problem: dict[str, Any] = {}


def mask_passwords(text: str) -> str:
    """Replace the passwords and keys inside URLs by `***`."""
    if "://" not in text and "=" not in text:
        return text
    return _QUERY_PASSWORD.sub(r"\1***", _USER_PASSWORD.sub(r"\1***@", text))


def get_logger(package: str) -> Any:
    """Return the logger of a package; use it with an event name and fields: ``log.info("file_written", path=path)``."""
    return structlog.get_logger(package=package)


def configure_logging(level: str = "info", style: str = "text", **fields: Any) -> None:
    """Send logs to standard error.

    Parameters
    ----------
    level
        ``debug``, ``info``, ``warning`` or ``error``.
    style
        ``text`` for terminals, ``json`` for programs.
    fields
        Fields of each line, e.g. ``worker="headless"``.
    """
    global _configured_level
    _configured_level = number = logging.getLevelNamesMapping()[level.upper()]
    last: Any = structlog.processors.JSONRenderer(default=str)
    if style == "text":
        last = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=26
        )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _record_problem,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.processors.format_exc_info if style == "json" else _escape_unprintable,
            lambda logger, method, entry: mask_passwords(last(logger, method, entry)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**fields)


def configure_logging_once(level: str = "error") -> None:
    """Send logs to standard error unless the program configured structlog, whose own default is standard output."""
    if not structlog.is_configured():
        configure_logging(level)


def set_detail(on: bool) -> None:
    """Switch between detailed logs (``debug``) and the configured level."""
    level = logging.DEBUG if on else _configured_level
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))


def is_detailed() -> bool:
    """Check whether ``debug`` is logged."""
    return get_logger("logs").is_enabled_for(logging.DEBUG)


def get_last_problem() -> dict[str, Any]:
    """Return event, reason, time and level of the newest warning or error; empty if there was none."""
    return dict(_last_problem)


def _record_problem(logger: Any, method: str, entry: Any) -> Any:
    if entry.get("level") in ("warning", "error", "critical"):
        problem = {"level": entry["level"], "event": entry["event"], "time": time.time()}
        reason = mask_passwords(str(entry.get("reason") or entry.get("missing") or ""))[:300]
        _last_problem.clear()
        _last_problem.update(problem, **({"reason": reason} if reason else {}))
    return entry


def _escape_unprintable(logger: Any, method: str, entry: Any) -> Any:
    """Escape what a record could send to the terminal; a traceback has line breaks and is formatted later."""
    for name, value in entry.items():
        if isinstance(value, str) and not value.isprintable():
            entry[name] = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in value)
    return entry


class _ForwardingHandler(logging.Handler):
    """Handler that forwards the records of a library to our logs."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = get_logger(record.name.partition(".")[0])
        logger.log(record.levelno, "library", reason=record.getMessage(), exc_info=record.exc_info)


def configure_library_logs(levels: Mapping[str, str]) -> None:
    """Forward the logs of libraries to ours, from the given level of each logger on."""
    for name, level in levels.items():
        logger = logging.getLogger(name)  # noqa: TID251 - that of a library
        logger.setLevel(level.upper())
        if "." not in name:
            logger.handlers, logger.propagate = [_ForwardingHandler()], False
