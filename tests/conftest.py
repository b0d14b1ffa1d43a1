"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

pytest_plugins = [
    "plugins.brokers",
    "plugins.browsers",
    "plugins.key_stores",
    "plugins.process_marks",
    "plugins.reducers",
    "plugins.screens",
    "plugins.tiled",
]

# A busy machine takes its time for an example, and in CI a failure must not depend on chance.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("fast", deadline=None, max_examples=3)  # make test-fast
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def measured() -> Path:
    """Return the folder of measured spectra."""
    folder = os.environ.get("XAFS_WORKERS_TEST_DATA")
    if not folder:
        pytest.skip("XAFS_WORKERS_TEST_DATA is not set: no measured spectra")
    return Path(folder)


@pytest.fixture(autouse=True)
def _hide_machine_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no environment variable of the developer's change what is tested."""
    for name in list(os.environ):
        if name.startswith("XAFS_WORKERS_") and name != "XAFS_WORKERS_TEST_DATA":
            monkeypatch.delenv(name)
    monkeypatch.delenv("BLUESKY_KAFKA_CONFIG_PATH", raising=False)


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Let no test leave its logs to the next one: they would go to a standard error that is closed."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
