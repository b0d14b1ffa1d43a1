"""A second try, in CI, for tests that have other programs at work; each is told in the summary (RERUN)."""

from __future__ import annotations

import os

import pytest

PROGRAMS = frozenset(
    {
        "apache_kafka",
        "broker",
        "browser",
        "open_tab",
        "embedded_broker",
        "qt",
        "redis_server",
        "reducer",
        "run_program",
        "server",
        "start_program",
        "station",
        "stations",
        "tiled_server",
    }
)
"""Fixtures that start another program, or a thread of librdkafka's that acts as one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that may be tried twice."""
    if not os.environ.get("CI"):
        return
    for item in items:
        if PROGRAMS.intersection(getattr(item, "fixturenames", ())) or item.get_closest_marker("kafka"):
            item.add_marker(pytest.mark.flaky(reruns=1))
