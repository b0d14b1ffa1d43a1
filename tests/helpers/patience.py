"""How long tests wait before they fail, on a quiet machine and on a busy one.

A wait ends as soon as its condition holds, so a generous limit costs a passing test nothing. On a machine that is
slower still, set the environment variable ``TEST_PATIENCE`` to a factor: ``TEST_PATIENCE=3 make test``.
"""

from __future__ import annotations

import os

FACTOR = float(os.environ.get("TEST_PATIENCE", "1"))
"""Factor of all limits."""

SECONDS = 180.0 * FACTOR
"""Limit of one wait: for a condition, for a server to start, for a process to end."""

TEST_SECONDS = 600.0 * FACTOR
"""Limit of one test that has none of its own."""
